"""`yizhao pull` and `yizhao compare`: a requester's system asks for a case, on a grant or a sharing rule."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, save_json, show, show_rows
from hub.cli.sharing import parse_types

if TYPE_CHECKING:
    from hub.client import Client

Holder = Annotated[str, typer.Argument(help="持证主体的统一社会信用代码。 The holder's licence number.")]
Item = Annotated[str, typer.Option("--item", help="事项编码。 The item's code.")]
Case = Annotated[str, typer.Option("--case", help="办件编号。 The case's number.")]
Grant = Annotated[str | None, typer.Option("--grant", help="依据：授权书摘要。 Basis: a grant, by its digest.")]
Rule = Annotated[str | None, typer.Option("--rule", help="依据：共享规则。 Basis: a line of the sharing table.")]


def pull(
    licence_number: Holder,
    system: SystemCode,
    item: Item,
    case: Case,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="证照类型 CODE[:field,field]，可多次。 What is wanted; may be repeated."),
    ] = None,
    by_item: Annotated[
        bool, typer.Option("--by-item", help="按事项所需材料调用，不写 --type。 All that the item needs.")
    ] = False,
    tell: Annotated[
        bool, typer.Option("--tell", help="容缺材料发证时告知本部门。 Be told when a missing material is issued.")
    ] = False,
    grant: Grant = None,
    rule: Rule = None,
    officer: Officer = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="证照文件写到此目录。 A folder for the delivered files.")
    ] = None,
    copies: Annotated[
        Path | None, typer.Option("--copies", help="加注件（PDF）写到此目录。 A folder for the copies as PDF.")
    ] = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """为一个办件调用证照。 Pull certificates for a case."""
    from schemas.statement import Ordered

    if by_item == bool(types) or (tell and not by_item):
        raise typer.BadParameter("--type 与 --by-item 选其一，--tell 只与后者同用 either, and --tell with the latter")
    request: dict[str, Any] = {
        "licence_number": licence_number,
        "basis": basis_of(grant, rule),
        "item_code": item,
        "case_number": case,
    }
    if by_item:
        request |= {"by_item": True, "tell_when_issued": tell}
    else:
        request["wanted"] = [_wanted(code, names) for code, names in parse_types(types or []).items()]
    with open_client(url, system, keys, passphrase_file) as client:
        answer = client.request("/api/v1/pulls", Ordered.PULL, request, officer=officer)
        _save(answer, out)
        _fetch_copies(answer, copies, client)
        if as_json:
            show(answer, as_json=True)
            return
        titles = ("类型 type", "证照编号 number", "结论 verdict", "证照标识 identifier")
        show_rows(titles, [_row(each) for each in answer["items"]])
        if by_item:
            _show_materials(answer)
        show({"delivery": answer["delivery"], "ends_at": answer["ends_at"]}, as_json=False)


def compare(
    licence_number: Holder,
    system: SystemCode,
    certificate_type: Annotated[str, typer.Option("--type", help="证照类型。 The certificate type.")],
    values: Annotated[list[str], typer.Option("--value", help="要比对的值 FIELD=VALUE，可多次。 May be repeated.")],
    item: Item,
    case: Case,
    grant: Grant = None,
    rule: Rule = None,
    officer: Officer = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """比对一组值，只答是否一致。 Compare a set of values; the answer is one yes or no."""
    from schemas.statement import Ordered

    if any("=" not in each for each in values):
        raise typer.BadParameter("--value FIELD=VALUE")
    request = {
        "licence_number": licence_number,
        "certificate_type": certificate_type,
        "values": dict(each.split("=", 1) for each in values),
        "basis": basis_of(grant, rule),
        "item_code": item,
        "case_number": case,
    }
    with open_client(url, system, keys, passphrase_file) as client:
        show(client.request("/api/v1/comparisons", Ordered.COMPARE, request, officer=officer), as_json=as_json)


def _wanted(code: str, names: list[str]) -> dict[str, Any]:
    return {"certificate_type": code, "fields": names} if names else {"certificate_type": code}


def basis_of(grant: str | None, rule: str | None) -> dict[str, str]:
    """Return the basis that was named; a wrong call names none, or both."""
    if (grant is None) == (rule is None):
        raise typer.BadParameter("--grant 与 --rule 选其一 exactly one of --grant and --rule")
    return {"kind": "grant", "reference": grant} if grant else {"kind": "statutory", "reference": rule or ""}


def _row(item: dict[str, Any]) -> tuple[str, str, str, str]:
    if not item["found"]:
        return item["certificate_type"], "", "未找到 not found", ""
    verdict = item["verdict"]
    said = f"{verdict['outcome']} {verdict.get('reason') or ''}".strip()
    return item["certificate_type"], item["certificate_number"], said, item["identifier"]


def _show_materials(answer: dict[str, Any]) -> None:
    rows = [
        (each["name_zh"], each["state"], "；".join(why["zh"] for why in each["why"]), each["deferrable_until"] or "")
        for each in answer["materials"]
    ]
    show_rows(("材料 material", "情况 state", "原因 why", "可补至 may follow until"), rows)
    fills = [(form_field, each["value"], each["certificate_type"]) for form_field, each in answer["prefill"].items()]
    show_rows(("表单项 form field", "预填 value", "来源 from"), fills)


def _fetch_copies(answer: dict[str, Any], folder: Path | None, client: "Client") -> None:
    if folder is None or not answer["delivery"]:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for item in answer["items"]:
        if item.get("file"):
            path = f"/api/v1/deliveries/{answer['delivery']}/copies/{item['identifier']}"
            (folder / f"{item['identifier']}.pdf").write_bytes(client.fetch(path))


def _save(answer: dict[str, Any], out: Path | None) -> None:
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    for item in answer["items"]:
        if item.get("file"):
            save_json(out / f"{item['identifier']}.json", item["file"])
