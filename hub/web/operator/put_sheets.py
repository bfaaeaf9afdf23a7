"""The changes that come as a whole sheet: lines of the sharing table, service items; each shown by what it would do.

What is signed names the digest of that difference: where it is another by the time of the act, nothing is done.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.contract import OpenTable
from hub.errors import OrderError
from hub.sharing.items.putting import items_difference, put_items
from hub.sharing.sheet import put_sheet, sheet_difference
from hub.steps.registry import Registry
from hub.store.figure import FigureReader
from hub.web.callers import Called
from hub.web.operator.kinds import NOTHING, Content, Kind, Told, Typed, Words
from hub.web.sessions import Visit
from schemas.parties import Role, System
from schemas.statement import Ordered
from schemas.wording import Wording

_LINE_HEADS = (
    Wording("规则代号", "Line"), Wording("变动", "Change"), Wording("用证方", "Requester"),
    Wording("增加的字段", "Fields added"), Wording("减去的字段", "Fields ended"), Wording("失效日期", "Until"),
)  # fmt: skip
_ITEM_HEADS = (
    Wording("事项", "Item"), Wording("名称", "Name"), Wording("版本", "Version"), Wording("变动", "Change"),
)  # fmt: skip
_ADDED, _CHANGED, _ENDED = Wording("新增", "added"), Wording("改变", "changed"), Wording("终止", "ended")
_LEFT_OUT = Wording("表中未列，保持不变", "not in the sheet, stays as it is")


@dataclass(frozen=True, slots=True)
class _Sheet:
    """How a sheet of one sort is compared: the content as typed → what it would do, with its digest."""

    registry: Registry
    compare: Callable[[Content, datetime], Mapping[str, Any]]

    def read(self, visit: Visit, registry: Registry, now: datetime) -> Content:
        content: dict[str, Any] = {"sheet": visit.get("sheet")}
        if visit.get("whole") == "yes":
            content["whole"] = True
        return content | {"difference": self.compare(content, now)["difference"]}

    def check(self, content: Content, registry: Registry, now: datetime) -> None:
        """Refuse a sheet that is wrong, or does by now something else than was signed."""
        if self.told(content, now)["difference"] != content.get("difference"):
            raise OrderError("difference_changed")

    def told(self, content: Content, now: datetime) -> Mapping[str, Any]:
        return self.compare({name: value for name, value in content.items() if name != "difference"}, now)


def kinds(registry: Registry, open_table: OpenTable, *, operator: str) -> list[Kind]:
    """Return the two kinds; `operator` is the operator's licence number."""
    # Whose item it is is asked of a system: at this page it is the operator's.
    seat = System("", operator, "", b"", frozenset({Role.OPERATE}), active=True)
    lines = _Sheet(
        registry,
        lambda content, now: sheet_difference(content, registry=registry, open_table=open_table, now=now),
    )
    items = _Sheet(
        registry,
        lambda content, now: items_difference(content, system=seat, registry=registry, open_table=open_table),
    )

    def run_lines(called: Called, content: Content) -> Mapping[str, Any]:
        return put_sheet(
            content, verified=called.verified, approvals=called.approvals, system=called.caller.system, key=called.key,
            registry=registry, open_table=open_table, now=called.now,
        )  # fmt: skip

    def run_items(called: Called, content: Content) -> Mapping[str, Any]:
        return put_items(
            content, verified=called.verified, system=called.caller.system, key=called.key, registry=registry,
            open_table=open_table, now=called.now,
        )  # fmt: skip

    def tell_lines(content: Content, registry: Registry, now: datetime) -> Told:
        return Told("", _LINE_HEADS, list(_line_rows(lines.told(content, now), registry)))

    def tell_items(content: Content, registry: Registry, now: datetime) -> Told:
        return Told("", _ITEM_HEADS, list(_item_rows(items.told(content, now))))

    return [
        Kind(
            "sharing-sheets", Ordered.SHARE_SHEET, Wording("登记共享规则表", "Put a sheet of sharing rules"),
            Wording("先看逐条差异；放宽与新增仍待数源部门同意", "See each difference first; providers still approve"),
            lines.read, _present, lines.check, tell_lines, run_lines,
        ),
        Kind(
            "items", Ordered.PUT_ITEMS, Wording("登记事项与材料", "Put service items and their materials"),
            Wording("先看差异；事项不带权限，一人签署即可", "See the difference first; one person signs"),
            items.read, _present, items.check, tell_items, run_items,
        ),
    ]  # fmt: skip


def _present(named: str, registry: Registry) -> Typed:
    return {"whole": ""}


def _line_rows(told: Mapping[str, Any], registry: Registry) -> Iterator[Sequence[Words]]:
    with registry.database.read() as connection:
        names = FigureReader(connection).names()
    for each in told["lines"]:
        yield (
            each["code"], Wording(each["zh"], each["en"]), names.get(each["requester"], (each["requester"], ""))[0],
            _listed(each["fields_added"]), _listed(each["fields_ended"]), each["until_on"] or NOTHING,
        )  # fmt: skip
    for code in told["left_out"]:
        yield code, _LEFT_OUT, NOTHING, NOTHING, NOTHING, NOTHING


def _item_rows(told: Mapping[str, Any]) -> Iterator[Sequence[Words]]:
    for part, words in (("added", _ADDED), ("changed", _CHANGED), ("ended", _ENDED)):
        for each in told[part]:
            yield each["code"], each["name_zh"], str(each["version"]), words


def _listed(names: Sequence[str]) -> Words:
    # A type without a field stands for itself: `code:`.
    return "、".join(each.rstrip(":") for each in names) or NOTHING
