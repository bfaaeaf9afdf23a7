"""`yizhao reviews`: pulls by law that another department is to say are justified, or not."""

from typing import Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, show, show_rows

app = typer.Typer(no_args_is_help=True, help="依职能调用的复核。 Reviews of pulls by law.")


@app.command("list")
def list_reviews(
    system: SystemCode,
    all_: Annotated[
        bool,
        typer.Option("--all", help="含已答复的，及本部门调用受复核的。 Answered ones, and those of own pulls too."),
    ] = False,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """列出等待本部门复核的调用。 The pulls that wait for this department."""
    with open_client(url, system, keys, passphrase_file) as client:
        found = client.get("/api/v1/pull-reviews", **({} if all_ else {"waiting": "true"})).json()
    if as_json:
        show(found, as_json=True)
        return
    titles = ("决定 decision", "用证方 requester", "事项 item", "办件 case", "主体 holder", "结论 answer")
    show_rows(titles, [_row(each) for each in found["reviews"]])


@app.command("answer")
def answer(
    decision: Annotated[str, typer.Argument(help="决定编号。 The decision's name.")],
    system: SystemCode,
    officer: Officer,
    words: Annotated[str, typer.Option("--words", help="复核意见。 What was found, in words.")],
    reason: Annotated[
        str | None,
        typer.Option("--not-justified", help="认为不当的理由代码，如 no_such_case。 Why not, by its code."),
    ] = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """答复复核；不写 --not-justified 即认为正当。 Answer a review: justified, unless a reason says why not."""
    from schemas.statement import Ordered

    content: dict[str, Any] = {"decision": decision, "justified": reason is None, "words": words}
    content |= {"reason": reason} if reason is not None else {}
    with open_client(url, system, keys, passphrase_file) as client:
        answered = client.order("/api/v1/review-answers", Ordered.ANSWER_REVIEW, content, officer=officer)
        show(answered, as_json=as_json)


def _row(review: dict[str, Any]) -> tuple[str, ...]:
    said = {None: "", True: "正当 justified", False: f"不当 not justified: {review['reason']}"}[review["justified"]]
    about = [str(review.get(name, "")) for name in ("item_code", "case_number", "licence_number")]
    return (review["decision"], review["requester"], *about, said)
