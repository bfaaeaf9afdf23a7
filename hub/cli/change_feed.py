"""`yizhao changes`: a requester's system reads what was done, since a cursor, to what it has a basis for."""

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, show, show_rows

_TITLES = (
    "位置 place", "时间 at", "持证主体 holder", "类型 type", "变更 what", "状态 status", "证照标识 identifier",
    "换发为 replaced by",
)  # fmt: skip


def changes(
    system: SystemCode,
    since: Annotated[
        str | None,
        typer.Option("--since", help="上次得到的游标；now 为自此刻起；不写为从头。 A cursor, now, or the beginning."),
    ] = None,
    cursor_file: Annotated[
        Path | None,
        typer.Option("--cursor-file", help="从此文件读出游标，读完写回。 Where the cursor is kept from call to call."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="每页至多几条。 How many a page.")] = 100,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """自游标以来证照的变更，读到最新为止。 What changed since a cursor, up to now."""
    if since is not None and cursor_file is not None:
        raise typer.BadParameter("--since 与 --cursor-file 选其一 either --since or --cursor-file")
    if cursor_file is not None and cursor_file.exists():
        since = cursor_file.read_text().strip()
    found, more = [], True
    with open_client(url, system, keys, passphrase_file) as client:
        while more:
            page = client.changes(since, limit=limit)
            found += page["changes"]
            since, more = page["cursor"], page["more"]
    if as_json:
        show({"changes": found, "cursor": since}, as_json=True)
    else:
        rows = [
            (
                str(each["place"]),
                each["at"],
                each["licence_number"],
                each["certificate_type"],
                each["happened"],
                each["status"] or "",
                each["identifier"],
                each["replaced_by"] or "",
            )
            for each in found
        ]
        show_rows(_TITLES, rows)
        show({"cursor": since}, as_json=False)
    # Last: whoever does not see the lines has not read them.
    if cursor_file is not None:
        cursor_file.write_text(f"{since}\n")
