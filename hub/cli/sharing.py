"""`yizhao sharing`: the operator records which requester may pull what, for which item, by which law."""

from typing import Annotated

import typer

from hub.cli.approval import Approvals, Draft, order_change
from hub.cli.connection import DEFAULT_URL, Keys, Passphrase, SystemCode, Url
from hub.cli.output import AsJson

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
    draft: Draft = None,
    approvals: Approvals = None,
    url: Url = DEFAULT_URL,
    system: SystemCode = "operator",
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记一条共享规则。 Record one line of the sharing table."""
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
    }
    if until_on:
        content["until_on"] = until_on
    order_change(
        "/api/v1/sharing-rules", Ordered.SHARE, content, url=url, system=system, keys=keys,
        passphrase_file=passphrase_file, draft=draft, approvals=approvals, as_json=as_json,
    )  # fmt: skip


def parse_types(texts: list[str]) -> dict[str, list[str]]:
    """Read `CODE:field,field` texts: certificate type → field names, none when no field is named."""
    parts = (text.partition(":") for text in texts)
    return {code: [name for name in names.split(",") if name] for code, _, names in parts}
