"""The example city's service items: three of the reform's list, with made-up materials, as the sheet of its operator.

Which certificates stand for which material is an example, not the departments' published guide (办事指南).
"""

import csv
from datetime import date
from io import StringIO

from scripts.example_city import DEPARTMENTS

_HEADER = (
    "事项编码", "版本", "事项名称", "事项英文名称", "实施部门统一社会信用代码", "生效日期", "材料编码",
    "材料名称", "材料英文名称", "容缺工作日", "证照类型", "预填",
)  # fmt: skip
_LICENCE = (
    "licence", "营业执照", "Business licence", "", "business_licence",
    "applicant=holder_name; address=holder_address; legal_person=legal_representative",
)  # fmt: skip
_FIRE = ("fire", "消防安全检查合格证明", "Fire safety inspection", "fire_safety_inspection", "floor_area=floor_area")
_HYGIENE = (
    "hygiene", "公共场所卫生许可证", "Hygiene permit of a public place", "10", "public_place_hygiene_permit", "",
)  # fmt: skip
_FOOD = ("food", "食品经营许可证", "Food operation permit", "10", "food_operation_permit", "floor_area=floor_area")
# Item (batch.number of the reform's list), its names, the department's system, its materials. What bears on the safety
# of many people at once does not come later.
_ITEMS = (
    ("1.4", "公共场所卫生许可", "Hygiene permit of a public place", "health", (_LICENCE, _FOOD)),
    (
        "1.10", "旅馆业特种行业许可证核发", "Hotel trade permit", "police",
        (_LICENCE, (*_FIRE[:3], "", *_FIRE[3:]), _HYGIENE),
    ),
    (
        "1.14", "设立娱乐场所审批", "Entertainment venue permit", "culture",
        (_LICENCE, (*_FIRE[:3], "20", *_FIRE[3:]), _HYGIENE),
    ),
)  # fmt: skip


def items_sheet(first_day: date) -> bytes:
    """Return the sheet (CSV, UTF-8) of the example's items, in force from its first day."""
    numbers = {each.system: each.licence_number for each in DEPARTMENTS}
    text = StringIO()
    sheet = csv.writer(text)
    sheet.writerow(_HEADER)
    for code, name_zh, name_en, system, materials in _ITEMS:
        for material in materials:
            sheet.writerow((code, 1, name_zh, name_en, numbers[system], first_day.isoformat(), *material))
    return text.getvalue().encode()
