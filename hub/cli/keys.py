"""`yizhao keys`: the keys of this site, made and certified by the TEST authority, and the next trust list."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase, open_keys
from hub.cli.init import make_settings, open_database
from hub.cli.output import AsJson, show, show_rows

if TYPE_CHECKING:
    from hub.keyfolder import KeyFolder
    from hub.store.database import Database
    from signing.trust import TrustList

app = typer.Typer(no_args_is_help=True, help="本地密钥与信任列表。 Keys of this site, and the trust list.")

Name = Annotated[str | None, typer.Option("--name", help="证书上的名称。 The name in the cert.")]
Department = Annotated[str, typer.Option("--department", help="部门的统一社会信用代码。 Its licence number.")]


@app.command("list")
def list_keys(keys: Keys = None, passphrase_file: Passphrase = None, as_json: AsJson = False) -> None:
    """列出密钥与证书期限。 List keys and when their certs end."""
    from signing.x509 import read_cert_unverified

    folder = open_keys(keys, passphrase_file)
    rows = []
    for use in folder.uses():
        cert = folder.signer(use).cert_der
        facts = read_cert_unverified(cert) if cert else None
        ends = facts.not_after.date().isoformat() if facts else ""
        rows.append({"use": use, "key_id": folder.signer(use).key_id, "ends": ends})
    if as_json:
        show(rows, as_json=True)
        return
    titles = ("用途 use", "密钥 key id", "证书至 cert ends")
    show_rows(titles, [(row["use"], row["key_id"], row["ends"]) for row in rows])


@app.command()
def seal(
    issuing_body: Annotated[str, typer.Argument(help="颁发机构的统一社会信用代码。 Its licence number.")],
    name: Name = None,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """为颁发机构生成签章密钥；列入下一版信任列表后生效。 Make a seal key; it counts from the next trust list."""
    from signing.x509 import Purpose

    folder = open_keys(keys, passphrase_file)
    make_key(folder, f"seal:{issuing_body}", name or issuing_body, issuing_body, Purpose.SEAL, datetime.now(UTC))


@app.command()
def system(
    code: Annotated[str, typer.Argument(help="业务系统代号。 The system's code.")],
    department: Department,
    name: Name = None,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """为业务系统生成密钥与证书。 Make a system's key and cert."""
    from signing.x509 import Purpose

    folder = open_keys(keys, passphrase_file)
    make_key(folder, f"system:{code}", name or code, department, Purpose.SYSTEM, datetime.now(UTC))


@app.command()
def officer(
    number: Annotated[str, typer.Argument(help="经办人编号。 The officer's number.")],
    department: Department,
    duty: Annotated[
        Literal["system", "security", "audit", "approve"] | None,
        typer.Option("--duty", help="职责。 The duty, if any."),
    ] = None,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """为经办人生成密钥与证书。 Make an officer's key and cert."""
    from hub.persons import Person
    from schemas.parties import Duty
    from signing.x509 import Purpose

    folder, person = open_keys(keys, passphrase_file), Person(number, Duty(duty or Duty.CASE))
    make_key(folder, person.use, number, department, Purpose.OFFICER, datetime.now(UTC))


@app.command("trust-list")
def trust_list(
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """签发下一版信任列表（测试）。 Sign the next trust list (TEST): every enrolled body that has a seal key."""
    from hub.keyfolder import KeyFolder

    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    folder = KeyFolder(settings.key_folder, settings.passphrase_file)
    with open_database(settings) as opened:
        made = sign_next_trust_list(opened, folder, datetime.now(UTC))
    show({"version": made.version, "expires_at": made.expires_at, "seals": len(made.seals)}, as_json=as_json)


@app.command()
def renew(
    purpose: Annotated[str, typer.Argument(help="用途：answers、status 或 tokens。 One of these three.")],
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """更换平台自己的密钥（测试）；新旧并行一天，须在此期间重启各进程。 Renew a key of the hub: restart within a day."""
    from hub.cli.simulator import open_simulator
    from hub.installation import load_installation, renew_hub_key
    from hub.keyfolder import KeyFolder

    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    folder, now = KeyFolder(settings.key_folder, settings.passphrase_file), datetime.now(UTC)
    with open_database(settings) as opened:
        made = renew_hub_key(
            purpose, database=opened, keys=folder, installation=load_installation(opened),
            e_licence_cert=open_simulator(folder, now).anchor_der, now=now,
        )  # fmt: skip
    show({"version": made.version, "key_id": folder.signer(f"hub:{purpose}").key_id}, as_json=as_json)


def make_key(folder: "KeyFolder", use: str, name: str, licence_number: str, purpose: str, now: datetime) -> bytes:
    """Make the key for `use` and its cert, whichever is not there yet; return the cert (DER).

    A command that was killed between the two is finished by running it again.
    """
    from hub.installation import CERT_TERM
    from signing.x509 import Purpose

    if use not in folder.uses():
        folder.make(use)
    if folder.signer(use).cert_der is None:
        folder.certify(
            use, by="authority", common_name=f"TEST {name}", licence_number=licence_number,
            purpose=Purpose(purpose), now=now, until=now + CERT_TERM,
        )  # fmt: skip
    return folder.cert(use)


def sign_next_trust_list(database: "Database", keys: "KeyFolder", now: datetime) -> "TrustList":
    """Sign and keep the next TEST trust list."""
    from hub.cli.simulator import open_simulator
    from hub.installation import load_installation, make_trust_list

    return make_trust_list(
        database=database,
        keys=keys,
        installation=load_installation(database),
        e_licence_cert=open_simulator(keys, now).anchor_der,
        now=now,
    )
