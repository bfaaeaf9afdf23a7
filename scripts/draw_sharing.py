"""Draws `docs/sharing-decisions.md` by asking the decision itself for each of its cells; nothing in it is by hand.

`./scripts/draw_sharing` writes it, `--check` says whether it is what the code decides now.
"""

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from hub.decisions.authorisation import Decision, limit
from schemas.exchange import Basis
from schemas.fields import SharingClass
from scripts.sharing_cases import CIRCUMSTANCES, FIELD, HOLDER, OTHER, catalogue, decide_field, decide_on, of_classes

PAGE = Path(__file__).parent.parent / "docs" / "sharing-decisions.md"
BASES = (Basis.STATUTORY, Basis.GRANT, Basis.PRESENTATION, Basis.WINDOW)
LINES = (SharingClass.UNCONDITIONAL, SharingClass.CONDITIONAL, None)
LIMITS = ((True, None), (True, HOLDER), (False, None), (True, OTHER), (False, OTHER))
_NONE = "—"


def draw() -> str:
    """Return the whole page."""
    parts = (_head(), _circumstances(), _limits(), _classes(), _fields())
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def cell(decision: Decision) -> str:
    """Return how a decision is written in the page: allowed, or the code of its refusal."""
    return "allowed" if decision.allowed else f"`{decision.reason}`"


def _head() -> Iterator[str]:
    yield "# What is decided on a pull"
    yield ""
    yield "Drawn by `./scripts/draw_sharing`: each cell is what `hub/decisions/authorisation.py` decided when asked;"
    yield "a test asks it again. Of several things wrong the one that stands first in the code is told."


def _circumstances() -> Iterator[str]:
    yield "## One thing wrong at a time 逐项判断"
    yield ""
    yield from _table(("", "", *map(str, BASES)), (
        (each.zh, each.en, *(cell(decide_on(basis, each)) if basis in each.changes else _NONE for basis in BASES))
        for each in CIRCUMSTANCES
    ))  # fmt: skip


def _limits() -> Iterator[str]:
    yield "## What the day and the case refuse on a line 日限额与办件绑定"
    yield ""
    yield from _table(("within the day's caps 限额内", "the case is bound to 办件所属", "decision"), (
        ("yes" if is_within else "no", bound_to or "nobody", cell(limited(is_within, bound_to)))
        for is_within, bound_to in LIMITS
    ))  # fmt: skip


def limited(is_within_caps: bool, bound_to: str | None) -> Decision:
    """Return what becomes of a pull that is allowed, by the day's caps and the holder its case is bound to."""
    allowed = decide_on(Basis.STATUTORY, CIRCUMSTANCES[0])
    return limit(allowed, is_within_caps=is_within_caps, bound_to=bound_to, holder=HOLDER)


def _classes() -> Iterator[str]:
    yield "## Class of the line, of the type, of the field: the strictest wins 共享属性从严"
    yield ""
    yield from _table(("line 规则", "type 证照", "field 字段", "the field is listed"), (
        (line or "grant 授权", of_type, of_field, _of_classes(line, of_type, of_field))
        for line, of_type, of_field in product(LINES, SharingClass, SharingClass)
    ))  # fmt: skip


def _of_classes(line: SharingClass | None, of_type: SharingClass, of_field: SharingClass) -> str:
    return cell(decide_field(of_classes(of_type, of_field), FIELD, line, True))


def _fields() -> Iterator[str]:
    yield "## Every field of every type 逐证照、逐字段"
    for kind in catalogue().current():
        yield ""
        yield f"### {kind.name_zh} {kind.code}.{kind.version}: {kind.sharing_class}"
        yield ""
        titles = [f"{line or 'grant'}, {'listed' if listed else 'not listed'}" for line, listed in _COLUMNS]
        yield from _table(("field", "", *titles), (
            (each.name, each.label_zh, *(cell(decide_field(kind, each.name, *column)) for column in _COLUMNS))
            for each in kind.fields
        ))  # fmt: skip


_COLUMNS = tuple(product(LINES, (True, False)))


def _table(titles: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is up to date."""
    drawn = draw()
    if arguments == ["--check"]:
        return 0 if PAGE.read_text(encoding="utf-8") == drawn else 1
    PAGE.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
