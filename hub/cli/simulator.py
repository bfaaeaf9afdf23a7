"""`yizhao simulator`: TEST ONLY, plays the phones: e-licences that sign sentences, persons who sign in, outages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hub.cli.connection import Keys, Passphrase, open_keys
from hub.cli.output import AsJson, read_bytes, save_json, show

if TYPE_CHECKING:
    from connectors.contract import SignedText
    from connectors.e_licence_simulator import ELicenceSimulator
    from hub.steps.keyfolder import KeyFolder

app = typer.Typer(no_args_is_help=True, help="仅供测试：手机模拟器。 TEST only: plays the phones.")

Role = Literal["legal_representative", "manager", "agent"]
LicenceNumber = Annotated[str, typer.Argument(help="统一社会信用代码。 The licence number.")]
AsRole = Annotated[Role, typer.Option("--role", help="签署人身份。 Who signs.")]
Out = Annotated[Path | None, typer.Option("--out", help="写入文件。 Write it to a file.")]


@app.command()
def make(
    licence_number: LicenceNumber,
    name: Annotated[str, typer.Option("--name", help="名称。 The enterprise's name.")],
    role: AsRole = "legal_representative",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """发一张测试电子营业执照。 Make a TEST e-licence."""
    now = datetime.now(UTC)
    made = open_simulator(open_keys(keys, passphrase_file), now).make_licence(licence_number, name, role, now)
    show(
        {"licence_number": made.signer.licence_number, "serial": made.signer.cert_serial, "role": role}, as_json=as_json
    )


@app.command()
def sign(
    licence_number: LicenceNumber,
    draft: Annotated[Path, typer.Argument(help="起草的文本（JSON 或原文），- 为标准输入。 The drafted sentence.")],
    role: AsRole = "legal_representative",
    out: Out = None,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """用电子营业执照签授权书、撤回书或下载申请。 Sign a drafted sentence as the holder's phone would."""
    simulator = open_simulator(open_keys(keys, passphrase_file), datetime.now(UTC))
    body = signed_body(simulator.sign(licence_number, _text(draft), role))
    save_json(out, body)
    if out is None:
        show(body, as_json=True)


@app.command()
def confirm(
    draft: Annotated[Path, typer.Argument(help="起草的文本（JSON 或原文），- 为标准输入。 The drafted sentence.")],
    name: Annotated[str, typer.Option("--name", help="姓名。 The person's name.")],
    number: Annotated[str, typer.Option("--number", help="登录服务给的编号。 The service's number of the person.")],
    out: Out = None,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """以个人身份登录并确认链接查阅申请书。 Sign in as a person, and confirm the opening of a link."""
    from connectors.person_simulator import PersonSimulator
    from hub.steps.keyfolder import PERSON_FOLDER

    folder, text = open_keys(keys, passphrase_file), _text(draft)
    service = PersonSimulator(folder.folder / PERSON_FOLDER, passphrase=folder.secret("persons"), mode="test")
    body = {"text": text, "proof": service.confirm(text, number=number, name=name, now=datetime.now(UTC))}
    save_json(out, body)
    if out is None:
        show(body, as_json=True)


@app.command()
def status(
    licence_number: LicenceNumber,
    state: Annotated[Literal["good", "revoked"], typer.Argument(help="状态。 What the register says.")],
    role: AsRole = "legal_representative",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """设定证书状态。 Say in the register whether an e-licence stands."""
    open_simulator(open_keys(keys, passphrase_file), datetime.now(UTC)).set_status(licence_number, role, state)


@app.command()
def outage(
    state: Annotated[Literal["on", "off"], typer.Argument(help="开始或结束。 Begin or end it.")],
    keys: Keys = None,
    passphrase_file: Passphrase = None,
) -> None:
    """状态查询中断或恢复。 Begin or end an outage: while it lasts, every status is unknown."""
    open_simulator(open_keys(keys, passphrase_file), datetime.now(UTC)).set_reachable(reachable=state == "off")


def open_simulator(keys: "KeyFolder", now: datetime) -> "ELicenceSimulator":
    """Return the simulator beside a TEST key folder, made when it is not there."""
    from connectors.e_licence_simulator import ELicenceSimulator
    from hub.steps.keyfolder import SIMULATOR_FOLDER

    return ELicenceSimulator(keys.folder / SIMULATOR_FOLDER, passphrase=keys.secret("simulator"), mode="test", now=now)


def signed_body(signed: "SignedText") -> dict[str, str]:
    """Return a signed sentence as the grant doors take it."""
    from signing.base64url import encode

    return {
        "text": signed.text,
        "algorithm": signed.algorithm,
        "signature": encode(signed.signature),
        "cert": encode(signed.cert_der),
        "role": signed.signer_role,
    }


def _text(draft: Path) -> str:
    import json

    content = read_bytes(draft).decode()
    if not content.lstrip().startswith("{"):
        return content
    text: str = json.loads(content)["text"]
    return text
