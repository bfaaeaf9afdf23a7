"""A sheet of sharing lines: read (CSV or XLSX) as the members of an order, and written (CSV) as it would be read.

A row per line and certificate type; columns have Chinese or English names. The rows of one line repeat what they
share; rows that contradict one another are refused (`differs`). Fields are written with semicolons between them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors.contract import OpenTable
from hub.steps.files.sheet_rows import Cells, read_rows, whole
from hub.steps.files.spreadsheet import BYTE_ORDER_MARK, csv_row
from schemas.catalogue import FieldProblem, FieldsError
from schemas.sharing import SharingRule
from schemas.written import written_date

MOST_LINES = 1_000
_COLUMNS: Mapping[str, str] = {
    "code": "规则代号",
    "requester": "用证部门统一社会信用代码",
    "item_code": "事项编码",
    "item_name": "事项名称",
    "legal_basis": "法律依据",
    "sharing_class": "共享属性",
    "case_pattern": "办件编号格式",
    "certificate_type": "证照类型",
    "fields": "字段",
    "provider": "数源部门统一社会信用代码",
    "from_on": "生效日期",
    "until_on": "失效日期",
    "many_holders": "一件多主体",
    "daily_cap": "每日上限",
    "reviewer": "复核部门统一社会信用代码",
}
_OPTIONAL = frozenset({"fields", "provider", "until_on", "many_holders", "daily_cap", "reviewer"})
_TEXTS = ("code", "requester", "item_code", "item_name", "legal_basis", "case_pattern", "reviewer")
_CLASSES = {"无条件共享": "unconditional", "有条件共享": "conditional", "不予共享": "not_shared"}
_CLASSES_ZH = {code: zh for zh, code in _CLASSES.items()}
_YES_NO: Mapping[str, bool] = {"是": True, "yes": True, "否": False, "no": False, "": False}


def read_sheet(raw: bytes, *, open_table: OpenTable) -> dict[str, dict[str, Any]]:
    """Return the lines of a sheet as members of an order, by the place of their first row, `row 7`.

    Raises OrderError sheet_unreadable for a file that is no table, FieldsError for its columns and rows.
    """
    rows, problems = read_rows(raw, columns=_COLUMNS, optional=_OPTIONAL, open_table=open_table)
    lines: dict[str, tuple[int, dict[str, Any]]] = {}
    for number, cells in rows:
        _take(number, cells, lines, problems)
    if problems:
        raise FieldsError(tuple(problems))
    return {f"row {number}": line for number, line in lines.values()}


def write_sheet(rules: Iterable[SharingRule]) -> Iterator[bytes]:
    """Yield a sheet (CSV) of these versions, which reads as what they were ordered by."""
    yield BYTE_ORDER_MARK + csv_row([*_COLUMNS.values()])
    for rule in rules:
        for code, names in rule.fields.items():
            yield csv_row([_cells(rule, code, names)[column] for column in _COLUMNS])


def _take(
    number: int, cells: Cells, lines: dict[str, tuple[int, dict[str, Any]]], problems: list[FieldProblem]
) -> None:
    """Put a row's type into its line; what a later row says of the line must be what the first one said."""
    line: dict[str, Any] = {name: cells[name] or None for name in _TEXTS}
    line["sharing_class"] = _CLASSES.get(cells["sharing_class"], cells["sharing_class"])
    line |= {name: written_date(cells[name]) or None for name in ("from_on", "until_on")}
    line["many_holders"] = _YES_NO.get(cells["many_holders"].lower(), cells["many_holders"])
    line["daily_cap"] = whole(cells["daily_cap"]) if cells["daily_cap"] else None
    _, found = lines.setdefault(cells["code"], (number, line | {"fields": {}, "providers": {}}))
    problems += [FieldProblem(f"row {number}.{name}", "differs") for name in line if found[name] != line[name]]
    code = cells["certificate_type"]
    if code in found["fields"]:
        problems.append(FieldProblem(f"row {number}.certificate_type", "twice"))
    names = cells["fields"].replace("；", ";").split(";")
    found["fields"][code] = [name.strip() for name in names if name.strip()]
    if cells["provider"]:
        found["providers"][code] = cells["provider"]


def _cells(rule: SharingRule, certificate_type: str, names: Iterable[str]) -> dict[str, str]:
    cells = {name: getattr(rule, name) or "" for name in _TEXTS}
    return cells | {
        "sharing_class": _CLASSES_ZH[rule.sharing_class],
        "certificate_type": certificate_type,
        "fields": "；".join(names),
        "provider": rule.providers.get(certificate_type, ""),
        "from_on": rule.from_on.isoformat(),
        "until_on": rule.until_on.isoformat() if rule.until_on else "",
        "many_holders": "是" if rule.many_holders else "否",
        "daily_cap": "" if rule.daily_cap is None else str(rule.daily_cap),
    }
