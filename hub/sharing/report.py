"""The yearly report of the sharing table: of each line how much it was used, in numbers alone, and which were not.

1 the year has begun; a finished year's report that is kept is told as it was made
2 decisions are counted by line, and the lines that stood or were asked on are told with their figures
3 the report of a finished year is kept, the first one for good            <- COMMIT POINT

That of last year is kept as soon as it is finished (`keep_finished`): as the lines stood then, whenever it is read.
A provider sees the lines it answers for, a requester its own, the operator all; no holder, case or field is in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from hub.steps.files.spreadsheet import BYTE_ORDER_MARK, csv_row
from hub.steps.registry import Registry
from hub.store.parties import PartyReader
from hub.store.sharing import SharingReader
from hub.store.sharing_report import SharingReportReader, SharingReportWriter
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import civil_date
from schemas.parties import Role, System
from schemas.sharing import RuleState, SharingRule
from schemas.sharing_report import DecisionCount, bounds_of_year, by_item, figures, is_final

_TITLES = (
    "规则 line", "用证方 requester", "用证方代码 requester number", "事项编码 item", "事项名称 item name",
    "数源部门 providers", "证照类型 types", "共享属性 class", "情况 state", "准予 allowed", "未准予 refused",
    "最近使用 last use", "同事项凭授权书 on grants", "凭出示码 on presentations", "凭窗口授权 on paper grants",
    "全年未使用 unused",
)  # fmt: skip


def report_year(year: int, *, system: System, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the report of a year as far as it concerns the system's department. FieldsError for a year to come.

    `final` says that its figures change no more; `unused` names the lines that stood and were not used.
    """
    if year > civil_date(now).year:
        raise FieldsError((FieldProblem("year", "in_future"),))
    registry.refuse_doubtful(now)
    content = _final(year, registry, now) if is_final(year, now) else _made(year, registry)
    lines = [each for each in content["lines"] if _concerns(each, system)]
    unused = [each["code"] for each in lines if each["unused"]]
    return {"year": year, "final": is_final(year, now), "lines": lines, "unused": unused}


def keep_finished(*, registry: Registry, now: datetime) -> bool:
    """Keep last year's report, once that year is finished; say whether that was done now."""
    year = civil_date(now).year - 1
    with registry.database.read() as connection:
        if not is_final(year, now) or SharingReportReader(connection).is_kept(year):
            return False
    registry.refuse_doubtful(now)
    _final(year, registry, now)
    return True


def report_csv(report: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield a report as CSV, a row per line."""
    yield BYTE_ORDER_MARK + csv_row(_TITLES)
    for each in report["lines"]:
        yield csv_row(_cells(each))


# --- steps 2 and 3 ----------------------------------------------------------------------------------------------


def _final(year: int, registry: Registry, now: datetime) -> Mapping[str, Any]:
    with registry.database.read() as connection:
        kept = SharingReportReader(connection).kept(year)
    if kept is not None:
        return kept
    made = _made(year, registry)

    def keep(connection: Connection) -> Mapping[str, Any]:
        SharingReportWriter(connection).keep(year, made, now=now)
        # Of two that make it at once the first one's is the report.
        return SharingReportReader(connection).kept(year) or made

    return registry.database.write(keep)


def _made(year: int, registry: Registry) -> dict[str, Any]:
    since, before = bounds_of_year(year)
    with registry.database.snapshot() as connection:
        reader = SharingReportReader(connection)
        counts, put = by_item(reader.counts(since, before)), reader.first_put()
        versions = SharingReader(connection).by_code()
        known = {code: found for code, found in versions.items() if put[code] < before}
        days = civil_date(since), date(year, 12, 31)
        names = PartyReader(connection).department_names()
        lines = [_line(found, counts, days, names) for found in known.values()]
    return {"lines": [each for each in lines if each is not None]}


def _line(
    versions: Sequence[SharingRule],
    counts: Mapping[tuple[str, str], Sequence[DecisionCount]],
    days: tuple[date, date],
    names: Mapping[str, str],
) -> dict[str, Any] | None:
    """Return a line with its figures; None where it neither stood in that time nor was asked on."""
    standing = [each for each in versions if each.state is RuleState.APPROVED and _overlaps(each, days)]
    newest = (standing or versions)[-1]
    used = figures(newest.code, counts.get((newest.requester, newest.item_code), ()))
    if not standing and not used["allowed"] + used["refused"]:
        return None
    return {
        "code": newest.code,
        "versions": [each.version for each in versions],
        "requester": newest.requester,
        "requester_name": names.get(newest.requester, ""),
        "item_code": newest.item_code,
        "item_name": newest.item_name,
        "providers": sorted({provider for each in versions for provider in each.providers.values()}),
        "types": sorted(newest.fields),
        "sharing_class": str(newest.sharing_class),
        "state": str(newest.state),
        "unused": bool(standing) and not used["allowed"],
    } | used


def _overlaps(rule: SharingRule, days: tuple[date, date]) -> bool:
    return rule.from_on <= days[1] and (rule.until_on or date.max) >= days[0]


def _concerns(line: Mapping[str, Any], system: System) -> bool:
    return Role.OPERATE in system.roles or system.department in (line["requester"], *line["providers"])


def _cells(line: Mapping[str, Any]) -> list[str]:
    names = ("code", "requester_name", "requester", "item_code", "item_name")
    cells = [*(line[name] for name in names), "；".join(line["providers"]), "；".join(line["types"])]
    cells += [line["sharing_class"], line["state"], line["allowed"], line["refused"], line["last_on"] or ""]
    cells += [line["by_basis"][basis] for basis in ("grant", "presentation", "window")]
    return [str(each) for each in cells] + ["是 yes" if line["unused"] else ""]
