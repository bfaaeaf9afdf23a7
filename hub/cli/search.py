"""`yizhao search`: a department's system looks for certificates by holder, number, place, type and state."""

from typing import Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, show, show_rows

_PATH = "/api/v1/certificates"
_TITLES = (
    "持证主体 holder", "名称 name", "类型 type", "证照编号 number", "有效期至 until", "颁发机构 body", "结论 verdict",
)  # fmt: skip
Filter = str | None


def search(
    system: SystemCode,
    name: Annotated[
        Filter,
        typer.Option("--name", help="名称的一部分（现用或曾用，至少两个字）。 Parts of a name, past or present."),
    ] = None,
    number: Annotated[Filter, typer.Option("--number", help="证照编号。 The certificate number, exactly.")] = None,
    licence_number: Annotated[
        Filter, typer.Option("--licence-number", help="统一社会信用代码。 The holder's licence number.")
    ] = None,
    site: Annotated[Filter, typer.Option("--site", help="场所编码。 A site's id.")] = None,
    device: Annotated[Filter, typer.Option("--device", help="设备编码。 A device's id.")] = None,
    certificate_type: Annotated[Filter, typer.Option("--type", help="证照类型。 A certificate type's code.")] = None,
    state: Annotated[
        Filter,
        typer.Option("--state", help="状态。 in_force, expired, valid, suspended, withdrawn, annulled, stripped, …"),
    ] = None,
    body: Annotated[Filter, typer.Option("--body", help="颁发机构。 An issuing body's licence number.")] = None,
    after: Annotated[Filter, typer.Option("--after", help="从上一页之后继续。 Go on after the page before.")] = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """查询证照。 Search for certificates; one filter at least, 100 at a time."""
    given = {
        "name": name, "number": number, "licence_number": licence_number, "site": site, "device": device,
        "type": certificate_type, "state": state, "issuing_body": body, "after": after,
    }  # fmt: skip
    with open_client(url, system, keys, passphrase_file) as client:
        found = client.get(_PATH, **{key: value for key, value in given.items() if value is not None}).json()
    if as_json:
        show(found, as_json=True)
        return
    show_rows(_TITLES, [_row(each) for each in found["certificates"]])
    show({"after": found["after"]}, as_json=False)


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    until, verdict = found["valid_to"] or "长期 no end", found["verdict"]
    who = found["licence_number"], found["holder_name"]
    return (*who, found["name_zh"], found["number"], until, found["body_name"], f"{verdict['zh']} {verdict['en']}")
