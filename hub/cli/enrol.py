"""`yizhao enrol`: the operator enrols who takes part. Enrolling what is there already replaces it."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.approval import Approvals, Draft, order_change
from hub.cli.connection import DEFAULT_URL, Keys, Passphrase, SystemCode, Url, open_client, open_keys
from hub.cli.output import AsJson, show

if TYPE_CHECKING:
    from hub.steps.keyfolder import KeyFolder

app = typer.Typer(no_args_is_help=True, help="运营方登记参与各方。 The operator enrols who takes part.")

LicenceNumber = Annotated[str, typer.Argument(help="统一社会信用代码。 The licence number.")]
NameZh = Annotated[str, typer.Option("--name-zh", help="中文名称。 The Chinese name.")]
NameEn = Annotated[str, typer.Option("--name-en", help="英文名称。 The English name.")]
Department = Annotated[str, typer.Option("--department", help="所属部门。 Its department's licence number.")]
Name = Annotated[str, typer.Option("--name", help="名称。 The name.")]
Operator = SystemCode


@app.command()
def department(
    licence_number: LicenceNumber,
    name_zh: NameZh,
    name_en: NameEn,
    url: Url = DEFAULT_URL,
    system: Operator = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记部门。 Enrol a department."""
    content = {"licence_number": licence_number, "name_zh": name_zh, "name_en": name_en}
    _enrol("departments", content, url, system, keys, passphrase_file, as_json)


@app.command()
def body(
    licence_number: LicenceNumber,
    department: Department,
    name_zh: NameZh,
    name_en: NameEn,
    area: Annotated[str, typer.Option("--area", help="行政区划代码。 The area's code.")],
    from_on: Annotated[str, typer.Option("--from", help="成立日期。 First day, ISO 8601.")],
    types: Annotated[
        list[str],
        typer.Option("--type", help="主管的证照类型 CODE[:FROM[:UNTIL]]，可多次。 A type it is in charge of."),
    ],
    until_on: Annotated[str | None, typer.Option("--until", help="终止日期。 Last day.")] = None,
    successor: Annotated[str | None, typer.Option("--successor", help="承继机构。 Who succeeds it.")] = None,
    superior: Annotated[str | None, typer.Option("--superior", help="上级机构。 To whom it answers.")] = None,
    draft: Draft = None,
    approvals: Approvals = None,
    url: Url = DEFAULT_URL,
    system: Operator = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记颁发机构。 Enrol an issuing body."""
    content = {
        "licence_number": licence_number,
        "department": department,
        "name_zh": name_zh,
        "name_en": name_en,
        "area": area,
        "from_on": from_on,
        "until_on": until_on,
        "successor": successor,
        "superior": superior,
        "competences": [_competence(each, from_on) for each in types],
    }
    given = {name: value for name, value in content.items() if value is not None}
    _enrol("issuing-bodies", given, url, system, keys, passphrase_file, as_json, draft, approvals)


@app.command("system")
def enrol_system(
    code: Annotated[str, typer.Argument(help="业务系统代号。 The system's code.")],
    department: Department,
    name: Name,
    roles: Annotated[
        list[str], typer.Option("--role", help="issue、collect、pull、operate、terminal，可多次。 May be repeated.")
    ],
    inactive: Annotated[bool, typer.Option("--inactive", help="停用。 Switch it off.")] = False,
    terminal: Annotated[
        str | None,
        typer.Option(
            "--terminal", help="窗口终端页面上的登记申请（测试：就地发证）。 The request its page shows (TEST)."
        ),
    ] = None,
    draft: Draft = None,
    approvals: Approvals = None,
    url: Url = DEFAULT_URL,
    system: Operator = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记业务系统；证书取自密钥目录（yizhao keys system）。 Enrol a system; its cert is in the key folder."""
    from signing.base64url import encode

    folder = open_keys(keys, passphrase_file)
    if terminal is not None:
        cert = encode(_certified(terminal, code, department, url, folder, of_person=False))
        roles = sorted({*roles, "terminal"})
    else:
        cert = encode(folder.cert(f"system:{code}"))
    content: dict[str, Any] = {"code": code, "department": department, "name": name, "roles": roles, "cert": cert}
    if inactive:
        content["active"] = False
    _enrol("systems", content, url, system, keys, passphrase_file, as_json, draft, approvals)


@app.command()
def officer(
    number: Annotated[str, typer.Argument(help="经办人编号。 The officer's number.")],
    department: Department,
    duty: Annotated[
        Literal["case", "issue", "pull", "system", "security", "audit", "approve"] | None,
        typer.Option("--duty", help="职责；后四种的证书取自密钥目录。 Duty; the last four need a key."),
    ] = None,
    issuer: Annotated[
        str | None, typer.Option("--issuer", help="统一身份认证的 issuer。 The provider he signs in at.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="他在那里的帐号（sub）。 His account there, as its claim says it.")
    ] = None,
    inactive: Annotated[bool, typer.Option("--inactive", help="停用。 Switch him off.")] = False,
    browser: Annotated[
        str | None,
        typer.Option(
            "--browser", help="“我的签名”页面上的登记申请（测试：就地发证）。 The request his page shows (TEST)."
        ),
    ] = None,
    draft: Draft = None,
    approvals: Approvals = None,
    url: Url = DEFAULT_URL,
    system: Operator = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记经办人。 Enrol an officer; what is left out of a new enrolment, he has no more."""
    from hub.steps.orders.persons import Person
    from schemas.parties import DESK_DUTIES, Duty
    from signing.base64url import encode

    content: dict[str, Any] = {"number": number, "department": department}
    if duty is not None:
        content["duty"] = duty
    if browser is not None:
        folder = open_keys(keys, passphrase_file)
        content["cert"] = encode(_certified(browser, number, department, url, folder, of_person=True))
    elif duty is not None and duty not in DESK_DUTIES:
        use = Person(number, Duty(duty)).use
        content["cert"] = encode(open_keys(keys, passphrase_file).cert(use))
    if issuer is not None or account is not None:
        content["identity"] = {"issuer": issuer, "account": account}
    if inactive:
        content["active"] = False
    _enrol("officers", content, url, system, keys, passphrase_file, as_json, draft, approvals)


@app.command("officer-code")
def officer_code(
    number: Annotated[str, typer.Argument(help="经办人编号。 The officer's number.")],
    code: Annotated[
        str | None, typer.Option("--code", help="开户码；不给则新生成。 The code; a new one if none.")
    ] = None,
    draft: Draft = None,
    approvals: Approvals = None,
    url: Url = DEFAULT_URL,
    system: Operator = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """发放开户码，经办人凭它开户或重置。 Give an officer a one-time code to open his account, or to reset it."""
    import secrets
    from hashlib import sha256

    from signing.base64url import encode

    given = code or encode(secrets.token_bytes(16))
    content = {"number": number, "code_sha256": sha256(given.encode()).hexdigest()}
    _enrol("officer-codes", content, url, system, keys, passphrase_file, as_json, draft, approvals)
    # The hub has the digest alone: whoever is to have the code reads it here, once.
    print(f"开户码 opening code: {given}", file=sys.stderr)


@app.command()
def enterprise(
    licence_number: LicenceNumber,
    name: Name,
    address: Annotated[str, typer.Option("--address", help="住所。 Its address.")] = "",
    url: Url = DEFAULT_URL,
    system: Operator = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记市场主体。 Enrol an enterprise."""
    content = {"licence_number": licence_number, "name": name, "address": address}
    _enrol("enterprises", content, url, system, keys, passphrase_file, as_json)


@app.command()
def source(
    code: Annotated[str, typer.Argument(help="来源代号。 The source's code.")],
    name_zh: NameZh,
    fresh_for: Annotated[int, typer.Option("--fresh-for", help="多少秒内视为新鲜。 Seconds for which it is fresh.")],
    url: Url = DEFAULT_URL,
    system: Operator = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记公示归集来源。 Enrol a source of collected data."""
    content = {"code": code, "name_zh": name_zh, "fresh_for_seconds": fresh_for}
    _enrol("sources", content, url, system, keys, passphrase_file, as_json)


@app.command("licence-number")
def licence_number(
    number: Annotated[
        str, typer.Argument(help="校验位错误但确已发出的代码。 A number issued with a wrong check character.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="理由。 The reason.")],
    draft: Draft = None,
    approvals: Approvals = None,
    url: Url = DEFAULT_URL,
    system: Operator = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """确认一个存量错码。 Admit a licence number that was wrongly issued."""
    content = {"licence_number": number, "reason": reason}
    _enrol("licence-number-overrides", content, url, system, keys, passphrase_file, as_json, draft, approvals)


def _enrol(
    noun: str,
    content: dict[str, Any],
    url: str,
    system: str,
    keys: Keys,
    passphrase_file: Passphrase,
    as_json: bool,
    draft: Draft = None,
    approvals: Approvals = None,
) -> None:
    from schemas.statement import ENROLMENT_ACTS, Ordered

    if ENROLMENT_ACTS[noun] is Ordered.ENTITLE:
        order_change(
            f"/api/v1/{noun}", Ordered.ENTITLE, content, url=url, system=system, keys=keys,
            passphrase_file=passphrase_file, draft=draft, approvals=approvals, as_json=as_json,
        )  # fmt: skip
        return
    with open_client(url, system, keys, passphrase_file) as client:
        show(client.order(f"/api/v1/{noun}", Ordered.ENROL, content), as_json=as_json)


def _certified(request: str, code: str, department: str, url: str, folder: "KeyFolder", *, of_person: bool) -> bytes:
    """Return the cert (DER) that the TEST authority gives the key of a browser: of a person, or of a workplace."""
    from datetime import UTC, datetime

    from hub.cli.connection import open_http, public_json
    from hub.custody.installation import CERT_TERM
    from hub.department.terminals import read_person_request, read_request
    from signing.x509 import Purpose

    with open_http(url) as http:
        origin = str(public_json(http, "/.well-known/oauth-authorization-server")["issuer"])
    now = datetime.now(UTC)
    if of_person:
        key, purpose = read_person_request(request.strip(), audience=origin), Purpose.OFFICER
    else:
        key, purpose = read_request(request.strip(), audience=origin).public_key, Purpose.SYSTEM
    return folder.certify_key(
        key, by="authority", common_name=f"TEST {code}", licence_number=department, purpose=purpose, now=now,
        until=now + CERT_TERM,
    )  # fmt: skip


def _competence(text: str, from_on: str) -> dict[str, str]:
    code, _, days = text.partition(":")
    first, _, last = days.partition(":")
    competence = {"certificate_type": code, "from_on": first or from_on}
    return competence | ({"until_on": last} if last else {})
