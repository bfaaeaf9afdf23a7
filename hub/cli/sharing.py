"""`yizhao sharing`: which requester may pull what, for which item, by which law: put, asked for, answered, listed."""

from typing import Annotated, Any

import typer

from hub.cli.approval import Approvals, Draft, order_change
from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, show, show_rows

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


def parse_types(texts: list[str]) -> dict[str, list[str]]:
    """Read `CODE:field,field` texts: certificate type → field names, none when no field is named."""
    parts = (text.partition(":") for text in texts)
    return {code: [name for name in names.split(",") if name] for code, _, names in parts}
