"""`yizhao sharing`: which requester may pull what, for which item, by which law: put, asked for, answered, listed."""

from base64 import standard_b64encode
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.approval import Approvals, Draft, order_change, send_change, write_draft
from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, read_bytes, read_json, show, show_rows
from hub.cli.refusals import LocalRefusal

Sheet = Annotated[Path, typer.Argument(help="规则表（CSV、XLSX）或 JSON。 A sheet of lines, or JSON with `rules`.")]
SheetName = Annotated[str, typer.Argument(help="登记这张表的存证编号。 The act that put the sheet.")]
Whole = Annotated[
    bool, typer.Option("--whole", help="表即全部，未列的当日终止。 The sheet is all there is: lines left out end.")
]
app = typer.Typer(no_args_is_help=True, help="共享规则。 The sharing table.")


@app.command("put")
def put(
    code: Annotated[str, typer.Argument(help="规则代号。 The line's code.")],
    requester: Annotated[
        str, typer.Option("--requester", help="用证部门。 The requesting department's licence number.")
    ],
    item: Annotated[str, typer.Option("--item", help="事项编码。 The item's code.")],
    item_name: Annotated[str, typer.Option("--item-name", help="事项名称。 The item's name.")],
    law: Annotated[str, typer.Option("--law", help="法律依据。 By which law.")],
    case_pattern: Annotated[str, typer.Option("--case-pattern", help="办件编号的格式。 The form of its case numbers.")],
    types: Annotated[
        list[str], typer.Option("--type", help="证照类型及字段 CODE:field,field，可多次。 A type and its fields.")
    ],
    from_on: Annotated[str, typer.Option("--from", help="生效日期。 First day, ISO 8601.")],
    until_on: Annotated[str | None, typer.Option("--until", help="失效日期。 Last day.")] = None,
    sharing_class: Annotated[
        str, typer.Option("--class", help="共享属性。 unconditional or conditional.")
    ] = "conditional",
    providers: Annotated[
        list[str] | None,
        typer.Option("--provider", help="数源部门 TYPE=NUMBER，可多次。 Who answers for a type, where several might."),
    ] = None,
    many_holders: Annotated[
        bool, typer.Option("--many-holders", help="一个办件可涉及多个主体。 One case may be about many holders.")
    ] = False,
    daily_cap: Annotated[
        int | None, typer.Option("--daily-cap", help="每系统每日调用上限。 Pulls a system may make on it in a day.")
    ] = None,
    reviewer: Annotated[
        str | None, typer.Option("--reviewer", help="复核部门。 The department that reviews a share of its pulls.")
    ] = None,
    draft: Draft = None,
    approvals: Approvals = None,
    url: Url = DEFAULT_URL,
    system: SystemCode = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记一条共享规则；用证部门以本系统申请。 Put a line; with a requester's --system, ask for it."""
    from schemas.statement import Ordered

    content = {
        "code": code,
        "requester": requester,
        "item_code": item,
        "item_name": item_name,
        "legal_basis": law,
        "case_pattern": case_pattern,
        "fields": parse_types(types),
        "from_on": from_on,
        "sharing_class": sharing_class,
        "many_holders": many_holders,
    }
    named = dict(each.split("=", 1) for each in providers or () if "=" in each)
    more = {"until_on": until_on, "providers": named, "daily_cap": daily_cap, "reviewer": reviewer}
    content |= {name: value for name, value in more.items() if value}
    order_change(
        "/api/v1/sharing-rules", Ordered.SHARE, content, url=url, system=system, keys=keys,
        passphrase_file=passphrase_file, draft=draft, approvals=approvals, as_json=as_json,
    )  # fmt: skip


@app.command("answer")
def answer(
    code: Annotated[str, typer.Argument(help="规则代号。 The line's code.")],
    version: Annotated[int, typer.Argument(help="版本。 Its version.")],
    said: Annotated[
        str, typer.Argument(help="approve 同意、refuse 不同意、confirm 年度复核确认、end 终止。 What is said.")
    ],
    officer: Officer,
    system: SystemCode,
    reason: Annotated[
        str | None, typer.Option("--reason", help="理由代码，如 no_legal_basis。 Why refused or ended, by its code.")
    ] = None,
    words: Annotated[str | None, typer.Option("--words", help="理由说明。 The reason in words.")] = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """数源部门答复。 Answer for the provider of a type."""
    from schemas.statement import Ordered

    content: dict[str, Any] = {"code": code, "version": version, "answer": said}
    content |= {name: value for name, value in (("reason", reason), ("words", words)) if value}
    with open_client(url, system, keys, passphrase_file) as client:
        answered = client.order("/api/v1/sharing-answers", Ordered.ANSWER_SHARE, content, officer=officer)
        show(answered, as_json=as_json)


@app.command("list")
def list_rules(
    system: SystemCode = "operator",
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """列出本部门申请或提供的共享规则。 The lines this department asks for or provides, in every version."""
    with open_client(url, system, keys, passphrase_file) as client:
        found = client.get("/api/v1/sharing-rules").json()
    if as_json:
        show(found, as_json=True)
        return
    rows = [
        (f"{each['code']} v{each['version']}", each["state"], each["requester"], each["item_name"],
         "、".join(each["fields"]), each["sharing_class"], each["confirmed_until"] or "")
        for each in found["rules"]
    ]  # fmt: skip
    titles = (
        "规则 line",
        "情况 state",
        "用证方 requester",
        "事项 item",
        "证照 types",
        "共享属性 class",
        "确认至 until",
    )
    show_rows(titles, rows)


@app.command("diff")
def diff(
    file: Sheet,
    is_whole: Whole = False,
    system: SystemCode = "operator",
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """试运行一张规则表：各条的差异。 What a sheet of lines would do; nothing is put."""
    from schemas.statement import Ordered

    content = _sheet(file, is_whole=is_whole) | {"dry_run": True}
    with open_client(url, system, keys, passphrase_file) as client:
        told = client.order("/api/v1/sharing-sheets", Ordered.SHARE_SHEET, content)
    _show_difference(told, as_json=as_json)


@app.command("import")
def import_sheet(
    file: Sheet,
    difference: Annotated[
        str, typer.Option("--difference", help="diff 给出的差异摘要。 The digest that `diff` showed.")
    ],
    is_whole: Whole = False,
    draft: Draft = None,
    approvals: Approvals = None,
    system: SystemCode = "operator",
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """两人审批后登记整张规则表。 Put a whole sheet of lines, approved by two persons over its difference."""
    from schemas.statement import Ordered

    path, act, sheet = "/api/v1/sharing-sheets", Ordered.SHARE_SHEET, _sheet(file, is_whole=is_whole)
    content = sheet | {"difference": difference}
    with open_client(url, system, keys, passphrase_file) as client:
        if draft is None:
            _show_difference(send_change(client, path, act, content, approvals), as_json=as_json)
            return
        told = client.order(path, act, sheet | {"dry_run": True})
        if told["difference"] != difference:
            raise LocalRefusal("difference_changed")
        shown = {name: told[name] for name in ("lines", "counts", "left_out")}
        show(write_draft(draft, act, content, client.origin, shown=shown), as_json=as_json)


@app.command("export")
def export(
    out: Annotated[Path, typer.Argument(help="写到此 CSV 文件。 The CSV file to write.")],
    system: SystemCode = "operator",
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """导出规则表，可再导入。 The lines as a sheet that can be imported again."""
    with open_client(url, system, keys, passphrase_file) as client:
        length = client.save("/api/v1/sharing-rules", out, form="csv")
    show({"sheet": str(out), "bytes": length}, as_json=as_json)


@app.command("waiting")
def waiting(
    sheet: SheetName,
    system: SystemCode,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """一张规则表中待本部门答复的各条，及其摘要。 What of a sheet waits for this department, and its digest."""
    with open_client(url, system, keys, passphrase_file) as client:
        found = client.get(f"/api/v1/sharing-sheets/{sheet}").json()
    if as_json:
        show(found, as_json=True)
        return
    rows = [
        (f"{each['code']} v{each['version']}", each["requester"], each["item_name"], each["legal_basis"],
         "；".join(f"{code}: {'、'.join(names)}" for code, names in each["fields"].items()))
        for each in found["rules"]
    ]  # fmt: skip
    show_rows(("规则 line", "用证方 requester", "事项 item", "法律依据 law", "证照与字段 types and fields"), rows)
    show({"lines": found["lines"]}, as_json=False)


@app.command("answer-sheet")
def answer_sheet(
    sheet: SheetName,
    said: Annotated[str, typer.Argument(help="approve 同意、refuse 不同意。 What is said.")],
    lines: Annotated[str, typer.Option("--lines", help="waiting 给出的摘要。 The digest that `waiting` showed.")],
    officer: Officer,
    system: SystemCode,
    reason: Annotated[str | None, typer.Option("--reason", help="理由代码。 Why refused, by its code.")] = None,
    words: Annotated[str | None, typer.Option("--words", help="理由说明。 The reason in words.")] = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """数源部门一次答复一张规则表中的各条。 Answer all that waits of a sheet by one signature."""
    from schemas.statement import Ordered

    content = {"sheet": sheet, "lines": lines, "answer": said}
    content |= {name: value for name, value in (("reason", reason), ("words", words)) if value}
    with open_client(url, system, keys, passphrase_file) as client:
        answered = client.order("/api/v1/sharing-answers", Ordered.ANSWER_SHARE, content, officer=officer)
        show(answered, as_json=as_json)


@app.command("report")
def report(
    year: Annotated[int, typer.Argument(help="年份。 The year.", min=2000, max=2999)],
    out: Annotated[Path | None, typer.Option("--out", help="存为 CSV 文件。 A CSV file to write.")] = None,
    system: SystemCode = "operator",
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """各条共享规则一年的使用情况，未使用的列明。 How the lines were used in a year; unused ones are named."""
    with open_client(url, system, keys, passphrase_file) as client:
        path = f"/api/v1/sharing-reports/{year}"
        if out is not None:
            show({"report": str(out), "bytes": client.save(path, out, form="csv")}, as_json=as_json)
            return
        found = client.get(path).json()
    if as_json:
        show(found, as_json=True)
        return
    titles = (
        "规则 line",
        "用证方 requester",
        "事项 item",
        "准予 allowed",
        "未准予 refused",
        "最近 last",
        "未用 unused",
    )
    rows = [
        (each["code"], each["requester_name"], each["item_name"], str(each["allowed"]), str(each["refused"]),
         each["last_on"] or "", "是 yes" if each["unused"] else "")
        for each in found["lines"]
    ]  # fmt: skip
    show_rows(titles, rows)


def _sheet(file: Path, *, is_whole: bool) -> dict[str, Any]:
    if file.suffix.lower() == ".json":
        content: dict[str, Any] = {"rules": read_json(file).get("rules")}
    else:
        content = {"sheet": standard_b64encode(read_bytes(file)).decode()}
    return content | ({"whole": True} if is_whole else {})


def _show_difference(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show(told, as_json=True)
        return
    rows = [
        (each["code"], f"{each['zh']} {each['en']}", "、".join(each["changed"]), "、".join(each["fields_added"]),
         "、".join(each["fields_ended"]), "、".join(each["providers"]))
        for each in told["lines"]
    ]  # fmt: skip
    titles = ("规则 line", "差异 change", "改动 changed", "增加 added", "减少 ended", "数源部门 providers")
    show_rows(titles, rows)
    show({name: value for name, value in told.items() if name not in ("lines", "receipt")}, as_json=False)


def parse_types(texts: list[str]) -> dict[str, list[str]]:
    """Read `CODE:field,field` texts: certificate type → field names, none when no field is named."""
    parts = (text.partition(":") for text in texts)
    return {code: [name for name in names.split(",") if name] for code, _, names in parts}
