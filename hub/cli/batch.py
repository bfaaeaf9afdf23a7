"""`yizhao batch`: a requester's system sends a file of pulls, watches it, fetches its results, or cancels it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SystemCode, Url, open_client
from hub.cli.exchange import Item
from hub.cli.output import AsJson, show
from hub.cli.sharing import parse_types

app = typer.Typer(no_args_is_help=True, help="批量调用，夜间办理。 Files of pulls, worked through by night.")
Name = Annotated[str, typer.Argument(help="批次编号。 The file's name, as `send` told it.")]


@app.command("send")
def send(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV、XLSX 或 JSON 行：统一社会信用代码、办件编号，另可有授权书摘要、证照类型。"
            " Licence and case numbers, and where wanted grants and types.",
            exists=True,
            dir_okay=False,
        ),
    ],
    system: SystemCode,
    item: Item,
    types: Annotated[list[str], typer.Option("--type", help="证照类型 CODE[:field,field]，可多次。 What is wanted.")],
    rule: Annotated[str | None, typer.Option("--rule", help="依据：共享规则。 Basis: a sharing line.")] = None,
    by_grants: Annotated[
        bool, typer.Option("--by-grants", help="依据：每行所列的授权书。 Basis: the grant that each row names.")
    ] = False,
    officer: Officer = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """提交一批调用。 Order a file of pulls under its digest, and send it."""
    if (rule is None) != by_grants:
        raise typer.BadParameter("--rule 与 --by-grants 选其一 exactly one of --rule and --by-grants")
    basis = {"kind": "grant"} if by_grants else {"kind": "statutory", "reference": str(rule)}
    wanted: list[dict[str, Any]] = [
        {"certificate_type": code} | ({"fields": names} if names else {}) for code, names in parse_types(types).items()
    ]
    with open_client(url, system, keys, passphrase_file) as client:
        request = {"item_code": item, "basis": basis, "wanted": wanted}
        show(client.send_batch(file, request, officer=officer), as_json=as_json)


@app.command("watch")
def watch(
    name: Name,
    system: SystemCode,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """查看进度。 Show how far a file is."""
    with open_client(url, system, keys, passphrase_file) as client:
        show(client.get(f"/api/v1/pull-batches/{name}").json(), as_json=as_json)


@app.command("fetch")
def fetch(
    name: Name,
    system: SystemCode,
    out: Annotated[Path, typer.Option("--out", help="结果（JSON 行）写到此文件。 Where the results go.")],
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """取回逐行结果。 Fetch the results, row by row."""
    with open_client(url, system, keys, passphrase_file) as client:
        length = client.save(f"/api/v1/pull-batches/{name}/results", out)
    show({"batch": name, "results": str(out), "bytes": length}, as_json=as_json)


@app.command("cancel")
def cancel(
    name: Name,
    system: SystemCode,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """取消尚未办完的一批。 Cancel what is not done yet."""
    from schemas.statement import Ordered

    with open_client(url, system, keys, passphrase_file) as client:
        path, request = f"/api/v1/pull-batches/{name}/cancel", {"batch": name}
        show(client.request(path, Ordered.CANCEL_BATCH, request), as_json=as_json)
