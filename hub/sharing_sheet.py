"""A sheet of sharing lines (CSV or XLSX) as the members of an order: a row per line and certificate type.

Columns have Chinese or English names. The rows of one line repeat what they share; rows that contradict one another
are refused (`differs`). Fields are written with semicolons between them.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.contract import OpenTable, Row, RowProblem, TabularError, TabularLimits
from hub.errors import OrderError
from schemas.catalogue import FieldProblem, FieldsError, folded
from schemas.publicity import ColumnUnknownError, match_columns
from schemas.written import written_date

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
_OF_LINE = ("code", "requester", "item_code", "item_name", "legal_basis", "case_pattern", "reviewer")
_CLASSES = {"无条件共享": "unconditional", "有条件共享": "conditional", "不予共享": "not_shared"}
_YES_NO = {"是": True, "yes": True, "否": False, "no": False, "": False}
MOST_LINES = 2_000


def read_sheet(raw: bytes, *, open_table: OpenTable) -> dict[str, dict[str, Any]]:
    """Return the lines of a sheet as members of an order, by the place of their first row, `row 7`.

    Raises OrderError sheet_unreadable for a file that is no table, FieldsError for its columns and rows.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, "lines")
        path.write_bytes(raw)
        try:
            table = open_table(path, limits=TabularLimits(max_columns=len(_COLUMNS)))
            rows = list(table.rows)
        except TabularError as error:
            raise OrderError("sheet_unreadable", rule=error.rule, row=error.row) from error
    meanings = _meanings(table.header)
    problems = [FieldProblem(f"row {each.number}", each.rule) for each in rows if isinstance(each, RowProblem)]
    lines: dict[str, tuple[int, dict[str, Any]]] = {}
    for row in rows:
        if isinstance(row, Row):
            cells = dict.fromkeys(_COLUMNS, "") | {meanings[name]: value.strip() for name, value in row.values.items()}
            _take(row.number, cells, lines, problems)
    if problems:
        raise FieldsError(tuple(problems))
    return {f"row {number}": line for number, line in lines.values()}


def _meanings(header: tuple[str, ...]) -> dict[str, str]:
    known = {folded(name).upper(): meaning for meaning, zh in _COLUMNS.items() for name in (meaning, zh)}
    try:
        meanings = match_columns(header, known)
    except ColumnUnknownError as error:
        raise FieldsError((FieldProblem(f"column {error.position}", "unknown"),)) from None
    if missing := _COLUMNS.keys() - _OPTIONAL - {*meanings.values()}:
        raise FieldsError(tuple(FieldProblem(each, "missing") for each in sorted(missing)))
    return meanings


def _take(
    number: int, cells: Mapping[str, str], lines: dict[str, tuple[int, dict[str, Any]]], problems: list[FieldProblem]
) -> None:
    """Put a row's type into its line; what a later row says of the line must be what the first one said."""
    line: dict[str, Any] = {name: cells[name] or None for name in _OF_LINE}
    line["sharing_class"] = _CLASSES.get(cells["sharing_class"], cells["sharing_class"])
    line |= {name: written_date(cells[name]) or None for name in ("from_on", "until_on")}
    line["many_holders"] = _YES_NO.get(cells["many_holders"].lower(), cells["many_holders"])
    line["daily_cap"] = _whole(cells["daily_cap"])
    _, found = lines.setdefault(cells["code"], (number, line | {"fields": {}, "providers": {}}))
    problems += [FieldProblem(f"row {number}.{name}", "differs") for name in line if found[name] != line[name]]
    code = cells["certificate_type"]
    if code in found["fields"]:
        problems.append(FieldProblem(f"row {number}.certificate_type", "twice"))
    names = cells["fields"].replace("；", ";").split(";")
    found["fields"][code] = [name.strip() for name in names if name.strip()]
    if cells["provider"]:
        found["providers"][code] = cells["provider"]


def _whole(text: str) -> int | str | None:
    """Return a whole number, nothing, or the text for its reader to refuse."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text or None
