"""`yizhao keys`: the keys of this site, made and certified by the TEST authority, and the next trust list."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.approval import say_signed_here
from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase, open_keys
from hub.cli.init import make_settings, open_database
from hub.cli.output import AsJson, show, show_rows

if TYPE_CHECKING:
    from hub.custody.installation import Also, Revocation
    from hub.settings import Settings
    from hub.steps.keyfolder import KeyFolder
    from hub.store.database import Database
    from signing.trust import TrustList

# A process reads the trust list anew once a second.
_READ_SECONDS = 2.0

app = typer.Typer(no_args_is_help=True, help="本地密钥与信任列表。 Keys of this site, and the trust list.")

Name = Annotated[str | None, typer.Option("--name", help="证书上的名称。 The name in the cert.")]
Department = Annotated[str, typer.Option("--department", help="部门的统一社会信用代码。 Its licence number.")]


@app.command("list")
def list_keys(keys: Keys = None, passphrase_file: Passphrase = None, as_json: AsJson = False) -> None:
    """列出密钥与证书期限。 List keys and when their certs end."""
    folder, now = open_keys(keys, passphrase_file), datetime.now(UTC)
    rows = []
    for use in folder.uses():
        ends_at = folder.ends_at(use)
        row: dict[str, Any] = {"use": use, "key_id": folder.signer(use).key_id, "ends": "", "days_left": None}
        if ends_at is not None:
            row |= {"ends": ends_at.date().isoformat(), "days_left": (ends_at - now).days}
        rows.append(row)
    if as_json:
        show(rows, as_json=True)
        return
    titles = ("用途 use", "密钥 key id", "证书至 cert ends", "剩余天数 days left")
    shown = ("use", "key_id", "ends", "days_left")
    show_rows(titles, [[str(row[name] if row[name] is not None else "") for name in shown] for row in rows])


@app.command()
def cert(
    use: Annotated[str, typer.Argument(help="用途，如 system:代号。 Its use, such as system:CODE.")],
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """打印一把密钥的证书（PEM），用于在变更页面登记。 Print a key's cert (PEM), to be enrolled at a page."""
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_der_x509_certificate

    found = load_der_x509_certificate(open_keys(keys, passphrase_file).cert(use))
    print(found.public_bytes(Encoding.PEM).decode(), end="")


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
    from hub.steps.orders.persons import Person
    from schemas.parties import Duty
    from signing.x509 import Purpose

    folder, person = open_keys(keys, passphrase_file), Person(number, Duty(duty or Duty.CASE))
    make_key(folder, person.use, number, department, Purpose.OFFICER, datetime.now(UTC))


@app.command()
def oidc(
    use: Annotated[str, typer.Option("--use", help="密钥用途名。 The key's use: YIZHAO_OIDC_KEY.")] = "oidc",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """生成本平台在统一身份认证处出示的密钥，输出公钥（JWKS）供登记。 Make the client's key; say what to register."""
    from signing.jws import jwk_of

    folder = open_keys(keys, passphrase_file)
    if use not in folder.uses():
        folder.make(use)
    signer = folder.signer(use)
    jwk = jwk_of(folder.public_key(use)) | {"kid": signer.key_id, "alg": signer.algorithm, "use": "sig"}
    show({"keys": [jwk]}, as_json=True)


@app.command("trust-list")
def trust_list(
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """签发下一版信任列表（测试）。 Sign the next trust list (TEST): every enrolled body that has a seal key."""
    from hub.steps.keyfolder import KeyFolder

    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    folder = KeyFolder(settings.key_folder, settings.passphrase_file)
    with open_database(settings) as opened:
        made = sign_next_trust_list(opened, folder, datetime.now(UTC))
    say_signed_here()
    show({"version": made.version, "expires_at": made.expires_at, "seals": len(made.seals)}, as_json=as_json)


@app.command()
def rotate(
    use: Annotated[
        str,
        typer.Argument(
            help="用途：answers、collected、copies、log、notes、status、tokens，或 seal:机构代码。 Which key's use."
        ),
    ],
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """更换一把密钥（测试）；新旧均在列表上，各进程自下一次签名起用新的。 Rotate a key: no process is started again."""
    from hub.custody.installation import load_installation, rotate_key
    from hub.steps.keyfolder import KeyFolder

    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    folder, now = KeyFolder(settings.key_folder, settings.passphrase_file), datetime.now(UTC)
    full = use if use.startswith("seal:") else f"hub:{use.removeprefix('hub:')}"
    with open_database(settings) as opened:
        made = rotate_key(
            full, keys=folder, operator=load_installation(opened).operator,
            list_again=lambda: sign_next_trust_list(opened, folder, now), pause=wait_for_processes, now=now,
        )  # fmt: skip
        told: dict[str, object] = {"version": made.version, "key_id": folder.signer(full).key_id}
        if full == "hub:log":
            # Whoever watches the log is to be told: a witness signs nothing by a key that it was not given.
            told["log_key"] = log_key_text(settings, opened, folder, now)
    say_signed_here()
    show(told, as_json=as_json)


@app.command()
def compromise(
    key: Annotated[str, typer.Argument(help="用途，或 key id。 Its use, or the key id.")],
    since: Annotated[str, typer.Option("--since", help="自何时起不可信，带时区。 Since when, with the zone.")],
    file: Annotated[Path | None, typer.Option("--file", help="受影响证照清单写到此文件。 Where the list goes.")] = None,
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记密钥泄露（测试）：此后所签、无时间证明者一律存疑。 A key is compromised: only what is proven older counts."""
    from hub.cli.refusals import LocalRefusal

    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise LocalRefusal("since_form") from None
    if moment.tzinfo is None:
        raise LocalRefusal("since_form")
    told = compromise_key(settings, key, moment.astimezone(UTC), datetime.now(UTC))
    say_signed_here()
    if file is not None:
        file.write_text(json.dumps(told["fallen"], indent=1, ensure_ascii=False))
        told["fallen"] = {body: len(each) for body, each in told["fallen"].items()}
    show(told, as_json=as_json)


def compromise_key(settings: "Settings", key: str, since: datetime, now: datetime) -> dict[str, Any]:
    """Let a key count no more since a moment; return what came of it, with the identifiers by issuing body."""
    from hub.app.building import build
    from hub.custody.installation import COMPROMISED, Revocation, load_installation, make_next_key
    from hub.custody.key_life import KeySteps
    from hub.custody.key_life import compromise as compromise_since
    from hub.steps.keyfolder import KeyFolder
    from hub.steps.log.proven_time import SealTimes

    hub = build(settings)
    try:
        database, folder = hub.registry.database, KeyFolder(settings.key_folder, settings.passphrase_file)
        operator = load_installation(database).operator
        full = key if key.startswith("seal:") else f"hub:{key.removeprefix('hub:')}"
        steps = KeySteps(
            present=lambda use: folder.signer(use).key_id if use in folder.uses() else None,
            make_next=lambda use: make_next_key(use, keys=folder, operator=operator, now=now),
            list_again=lambda key_id, at, also: sign_next_trust_list(
                database, folder, now, revoked=Revocation(key_id, at, COMPROMISED), also=also
            ),
            pause=wait_for_processes,
            adopt=folder.adopt_next,
        )
        made = compromise_since(
            folder.signer(full).key_id if full in folder.uses() else key, since=since, operator=operator,
            registry=hub.registry, times=SealTimes(database, hub.audited.log), steps=steps, now=now,
        )  # fmt: skip
        # Whoever watches the log is to be told, as when its key is rotated.
        told = {"log_key": log_key_text(settings, database, folder, now)} if made.use == "hub:log" else {}
    finally:
        hub.close()
    return told | {
        "key_id": made.key_id,
        "use": made.use,
        "since": made.since.isoformat(),
        "trust_list": made.trust_list,
        "consequence": made.consequence[0],
        "consequence_en": made.consequence[1],
        "certificates": sum(map(len, made.fallen.values())),
        "fallen": made.fallen,
    }


def wait_for_processes() -> None:
    """Wait until every running process has read the newest trust list: each does so once a second."""
    time.sleep(_READ_SECONDS)


def log_key_text(settings: "Settings", database: "Database", folder: "KeyFolder", now: datetime) -> str:
    """Return the log's public key in the one-line form that witnesses are given."""
    from hub.app.opening import open_log
    from hub.custody.installation import load_installation

    store, key = open_log(settings, database, folder, load_installation(database), now)
    store.close()
    return key.text


def make_key(folder: "KeyFolder", use: str, name: str, licence_number: str, purpose: str, now: datetime) -> bytes:
    """Make the key for `use` and its cert, whichever is not there yet; return the cert (DER).

    A command that was killed between the two is finished by running it again.
    """
    from hub.custody.installation import CERT_TERM
    from signing.x509 import Purpose

    if use not in folder.uses():
        folder.make(use)
    if folder.signer(use).cert_der is None:
        folder.certify(
            use, by="authority", common_name=f"TEST {name}", licence_number=licence_number,
            purpose=Purpose(purpose), now=now, until=now + CERT_TERM,
        )  # fmt: skip
    return folder.cert(use)


def sign_next_trust_list(
    database: "Database",
    keys: "KeyFolder",
    now: datetime,
    *,
    revoked: "Revocation | None" = None,
    also: "Also | None" = None,
) -> "TrustList":
    """Sign and keep the next TEST trust list."""
    from hub.cli.simulator import open_simulator
    from hub.custody.installation import load_installation, make_trust_list

    return make_trust_list(
        database=database,
        keys=keys,
        installation=load_installation(database),
        e_licence_cert=open_simulator(keys, now).anchor_der,
        now=now,
        revoked=revoked,
        also=also,
    )
