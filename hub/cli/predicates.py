"""`yizhao predicates`: the yes-or-no questions that items list, and asking one of them for a case."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SystemCode, Url, open_client
from hub.cli.exchange import Case, Grant, Holder, Item, Rule, basis_of
from hub.cli.output import AsJson, show, show_rows

app = typer.Typer(no_args_is_help=True, help="核对判断：只答是、否或无法确认。 Yes-or-no questions.")


@app.command("list")
def list_predicates(
    item: Annotated[str | None, typer.Argument(help="只列此事项的。 Those of one item.")] = None,
    system: SystemCode = "operator",
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """列出各事项现行登记的判断。 The questions that items in force list."""
    with open_client(url, system, keys, passphrase_file) as client:
        items = client.get("/api/v1/items", **({"code": item} if item else {})).json()["items"]
    found = [
        {"item_code": each["code"], "item_version": each["version"]} | predicate
        for each in items
        if each["in_force"]
        for predicate in each["predicates"]
    ]
    if as_json:
        show({"predicates": found}, as_json=True)
        return
    rows = [
        (f"{each['item_code']} v{each['item_version']}", each["code"], each["kind"], each["certificate_type"],
         each["field"] or "", each["argument"] or "由提问方填写 asked with")
        for each in found
    ]  # fmt: skip
    show_rows(("事项 item", "判断 question", "种类 kind", "证照类型 type", "字段 field", "参数 argument"), rows)


@app.command("ask")
def ask(
    licence_number: Holder,
    predicate: Annotated[str, typer.Argument(help="判断代号。 The question's code.")],
    system: SystemCode,
    item: Item,
    case: Case,
    argument: Annotated[
        str | None, typer.Option("--argument", help="参数；事项已写明的不填。 What the item leaves open.")
    ] = None,
    grant: Grant = None,
    rule: Rule = None,
    officer: Officer = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="带签名的答复写到此文件。 A file for the signed answer.")
    ] = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """为一个办件核对一项判断。 Ask one question about a holder, for a case."""
    from schemas.statement import Ordered

    request: dict[str, Any] = {
        "licence_number": licence_number,
        "predicate": predicate,
        "basis": basis_of(grant, rule),
        "item_code": item,
        "case_number": case,
    }
    request |= {"argument": argument} if argument is not None else {}
    with open_client(url, system, keys, passphrase_file) as client:
        answer = client.request("/api/v1/predicates", Ordered.ASK_PREDICATE, request, officer=officer)
    if out is not None:
        out.write_text(answer["signed"] + "\n", encoding="ascii")
    shown = answer if as_json else {name: value for name, value in answer.items() if name != "signed"}
    show(shown, as_json=as_json)
