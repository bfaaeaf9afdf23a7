"""`yizhao grant`: drafts the sentence an enterprise signs, posts what it signed, ends it, shows how it stands."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.connection import DEFAULT_URL, Url, open_http, post_public, public_json
from hub.cli.output import AsJson, read_json, save_json, show, show_text
from hub.cli.sharing import parse_types

app = typer.Typer(no_args_is_help=True, help="授权书：持证主体签署的话。 Grants: what an enterprise signs.")

Digest = Annotated[str, typer.Argument(help="授权书摘要。 The grant's digest.")]
Signed = Annotated[Path, typer.Argument(help="签好的文本（JSON），- 为标准输入。 What the e-licence signed.")]
Out = Annotated[Path | None, typer.Option("--out", help="写入文件。 Write it to a file.")]


@app.command()
def draft(
    licence_number: Annotated[str, typer.Argument(help="授权方的统一社会信用代码。 Who grants.")],
    requester: Annotated[str, typer.Option("--requester", help="被授权方的统一社会信用代码。 Who may pull.")],
    item: Annotated[str, typer.Option("--item", help="事项编码。 The item's code.")],
    item_name: Annotated[str, typer.Option("--item-name", help="事项名称。 The item's name.")],
    case: Annotated[str, typer.Option("--case", help="办件编号。 The case's number.")],
    until: Annotated[str, typer.Option("--until", help="止，ISO 8601 带时区。 When it ends, with an offset.")],
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="证照类型及字段 CODE:field,field，可多次。 A type and its fields."),
    ] = None,
    certificates: Annotated[
        list[str] | None, typer.Option("--certificate", help="单张证照的标识，可多次。 A single certificate.")
    ] = None,
    uses: Annotated[int, typer.Option("--uses", min=1, help="次数。 How many times.")] = 1,
    delegate: Annotated[str | None, typer.Option("--delegate", help="受托办理人。 The delegate.")] = None,
    out: Out = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """起草授权书。 Draft the sentence that the enterprise's e-licence signs; nothing is stored."""
    wish = {
        "licence_number": licence_number,
        "requester": requester,
        "types": parse_types(types or []),
        "certificates": certificates or [],
        "item_code": item,
        "item_name": item_name,
        "case_number": case,
        "valid_until": until,
        "uses": uses,
        "delegate": delegate,
    }
    answer = post_public(url, "/api/v1/grants/drafts", wish)
    save_json(out, answer)
    show_text(answer, as_json)


@app.command()
def post(signed: Signed, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """提交签好的授权书。 Post a signed grant."""
    show(post_public(url, "/api/v1/grants", read_json(signed)), as_json=as_json)


@app.command("show")
def show_grant(digest: Digest, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """授权书现在的状态。 How a grant stands."""
    with open_http(url) as http:
        show(public_json(http, f"/api/v1/grants/{digest}"), as_json=as_json)


@app.command("draft-withdrawal")
def draft_withdrawal(digest: Digest, out: Out = None, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """起草撤回书。 Draft the sentence that ends a grant."""
    with open_http(url) as http:
        answer = public_json(http, f"/api/v1/grants/{digest}/withdrawal-draft")
    save_json(out, answer)
    show_text(answer, as_json)


@app.command()
def withdraw(digest: Digest, signed: Signed, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """提交签好的撤回书，立即失效。 Post a signed withdrawal: the grant ends at once."""
    show(post_public(url, f"/api/v1/grants/{digest}/withdrawals", read_json(signed)), as_json=as_json)
