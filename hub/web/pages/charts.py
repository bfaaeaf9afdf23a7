"""Charts drawn on the server: bars as plain numbers for an SVG, which needs no script and no style of its own.

A chart shows no more than its table does, which stands beside it for whoever does not see it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_BARS = 12
WIDTH, ROW = 320, 40
_LONGEST_LABEL = 26
_FULL = 268


def bars(lines: Sequence[Mapping[str, Any]], column: str, language: str) -> dict[str, Any]:
    """Return the bars of the first lines, in their own order: label, value, place and length of each.

    Where there are more lines than bars, `left_out` says how many.
    """
    shown = lines[:MOST_BARS]
    values = [each["values"].get(column) or 0 for each in shown]
    longest = max([*values, 1])
    rows = [
        {
            "label": _shortened(each[f"name_{language}"] or each["of"]),
            "value": value,
            "y": place * ROW,
            "length": max(round(_FULL * max(value, 0) / longest), 1 if value else 0),
        }
        for place, (each, value) in enumerate(zip(shown, values, strict=True))
    ]
    return {"rows": rows, "width": WIDTH, "height": max(len(rows), 1) * ROW, "left_out": len(lines) - len(shown)}


def _shortened(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
