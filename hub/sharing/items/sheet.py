"""A sheet of items (CSV or XLSX) as the members of an order: a row per item, material and certificate type.

Columns have Chinese or English names. The rows of one item, and of one material in it, repeat what they share; rows
that contradict one another are refused (`differs`). Prefill is written `form_field=field`, several with semicolons.
A row with a predicate (判断) in place of a material is a question the item lists; its kind may be said in Chinese.
"""

from collections.abc import Mapping
from typing import Any

from connectors.contract import OpenTable
from hub.steps.files.sheet_rows import Cells, read_rows, whole
from schemas.catalogue import FieldProblem, FieldsError, folded
from schemas.wording import PREDICATE_KINDS
from schemas.written import written_date

_COLUMNS: Mapping[str, str] = {
    "item_code": "事项编码",
    "version": "版本",
    "item_zh": "事项名称",
    "item_en": "事项英文名称",
    "department": "实施部门统一社会信用代码",
    "from_on": "生效日期",
    "until_on": "失效日期",
    "material_code": "材料编码",
    "material_zh": "材料名称",
    "material_en": "材料英文名称",
    "group": "多选一组",
    "deferrable_days": "容缺工作日",
    "certificate_type": "证照类型",
    "prefill": "预填",
    "predicate_code": "判断编码",
    "predicate_kind": "判断种类",
    "predicate_field": "判断字段",
    "predicate_argument": "判断参数",
}
_OF_PREDICATE = {"kind": "predicate_kind", "field": "predicate_field", "argument": "predicate_argument"}
_OPTIONAL = frozenset(
    {"until_on", "group", "deferrable_days", "certificate_type", "prefill", "predicate_code", *_OF_PREDICATE.values()}
)
_OF_ITEM = {"name_zh": "item_zh", "name_en": "item_en", "department": "department"}
_OF_MATERIAL = {"name_zh": "material_zh", "name_en": "material_en"}
_NOT_OF_PREDICATES = ("material_code", *_OF_MATERIAL.values(), "group", "deferrable_days", "prefill")
_KINDS: Mapping[str, str] = {folded(words.zh): code for code, words in PREDICATE_KINDS.items()}
_DATES = ("from_on", "until_on")


def read_sheet(raw: bytes, *, open_table: OpenTable) -> list[dict[str, Any]]:
    """Return the items of a sheet as an order's members, each with its row.

    Raises OrderError sheet_unreadable for a file that is no table, FieldsError for its columns and rows.
    """
    rows, problems = read_rows(raw, columns=_COLUMNS, optional=_OPTIONAL, open_table=open_table)
    gathered = _Gathered(problems)
    for number, cells in rows:
        gathered.take(number, cells)
    if problems:
        raise FieldsError(tuple(problems))
    return list(gathered.items.values())


class _Gathered:
    """Items put together from rows; what a later row says of the same thing must be what the first one said."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self._problems = problems

    def take(self, number: int, cells: Cells) -> None:
        item: dict[str, Any] = {"code": cells["item_code"], "row": number}
        item |= {name: cells[column] for name, column in _OF_ITEM.items()}
        item |= {name: written_date(cells.get(name, "")) or None for name in _DATES}
        item |= {"version": whole(cells["version"]), "materials": [], "predicates": []}
        found = self.items.setdefault((cells["item_code"], cells["version"]), item)
        self._agree(found, item, number)
        if any(cells.get(column) for column in ("predicate_code", *_OF_PREDICATE.values())):
            found["predicates"].append(self._predicate(cells, number))
            return
        material: dict[str, Any] = {"code": cells["material_code"], "row": number}
        material |= {name: cells[column] for name, column in _OF_MATERIAL.items()}
        material |= {"group": cells.get("group") or None, "types": []}
        material["deferrable_days"] = whole(cells.get("deferrable_days", "")) or None
        same = next((each for each in found["materials"] if each["code"] == material["code"]), None)
        if same is None:
            found["materials"].append(same := material)
        elif not cells.get("certificate_type"):
            self._problems.append(FieldProblem(f"row {number}.material_code", "twice"))
        self._agree(same, material, number)
        if cells.get("certificate_type"):
            prefill = self._prefill(cells.get("prefill", ""), number)
            one = {"certificate_type": cells["certificate_type"], "prefill": prefill, "row": number}
            same["types"].append(one)
        elif cells.get("prefill"):
            self._problems.append(FieldProblem(f"row {number}.prefill", "not_here"))

    def _agree(self, first: Mapping[str, Any], later: Mapping[str, Any], number: int) -> None:
        names = later.keys() - {"row", "materials", "types", "predicates"}
        for name in sorted(names):
            if first[name] != later[name]:
                self._problems.append(FieldProblem(f"row {number}.{name}", "differs"))

    def _predicate(self, cells: Cells, number: int) -> dict[str, Any]:
        for column in _NOT_OF_PREDICATES:
            if cells.get(column):
                self._problems.append(FieldProblem(f"row {number}.{column}", "not_here"))
        asked: dict[str, Any] = {"code": cells.get("predicate_code", ""), "row": number}
        asked |= {name: cells.get(column) or None for name, column in _OF_PREDICATE.items()}
        asked["kind"] = _KINDS.get(folded(asked["kind"] or ""), asked["kind"])
        return asked | {"certificate_type": cells.get("certificate_type") or None}

    def _prefill(self, text: str, number: int) -> dict[str, str]:
        pairs = [each.partition("=") for each in text.replace("；", ";").replace("＝", "=").split(";") if each.strip()]
        prefill = {form_field.strip(): field.strip() for form_field, _, field in pairs}
        if len(prefill) != len(pairs):
            self._problems.append(FieldProblem(f"row {number}.prefill", "twice"))
        return prefill
