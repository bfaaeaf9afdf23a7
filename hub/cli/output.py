"""What a command answers: JSON for programs, a table for people; and files in and out."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.refusals import LocalRefusal

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON。 Answer in JSON.")]
_LONGEST_FILE = 8 * 1024 * 1024


def show(answer: Any, *, as_json: bool) -> None:
    """Write one answer: JSON, or its members as a table of two columns."""
    if as_json:
        json.dump(answer, sys.stdout, ensure_ascii=False, indent=1, default=str)
        print()
        return
    # A signed receipt is for programs, which ask for JSON; people are told the act's name.
    rows = [(name, _plain(value)) for name, value in answer.items() if name != "receipt"]
    show_rows(("", ""), rows)


def show_text(drafted: dict[str, Any], as_json: bool) -> None:
    """Write a drafted sentence as it is to be signed, or the draft as JSON."""
    if as_json:
        show(drafted, as_json=True)
    else:
        print(drafted["text"])


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows as a table under its columns' titles; blank titles write none."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_header=any(columns), pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=index == 0)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    # Into a pipe the width is nobody's: lines are not to be cut there.
    width = None if sys.stdout.isatty() else 200
    Console(file=sys.stdout, width=width).print(table)


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, or on standard input for `-`."""
    raw = read_bytes(path)
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise LocalRefusal("json_form", file=path.name) from None
    if not isinstance(found, dict):
        raise LocalRefusal("json_form", file=path.name)
    return found


def read_bytes(path: Path) -> bytes:
    """Return a file's content, or standard input for `-`."""
    if str(path) == "-":
        return sys.stdin.buffer.read(_LONGEST_FILE)
    try:
        return path.read_bytes()
    except OSError:
        raise LocalRefusal("file_unreadable", file=path.name) from None


def save_json(path: Path | None, content: Mapping[str, Any]) -> None:
    """Write an object as JSON when a path is given."""
    if path is not None:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _plain(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)
