"""The files a department would send: one order file per issuing body and type, and one publicity file (双公示).

Everything is made from a seed and the day of the first start, so the same start makes the same files again. Dates lie
around that day: some certificates have ended, some end soon, some never end.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from openpyxl import Workbook

from schemas.catalogue import Catalogue, CertificateType, SubjectKind
from scripts.example_city import (
    DEPARTMENTS,
    ExampleBody,
    ExampleDepartment,
    ExampleEnterprise,
    body_for,
    make_enterprises,
)
from scripts.example_fields import field_values, make_number

SEED = 20260716
_ENDED_DAYS_AGO, _ENDS_IN_DAYS = 40, 20
COLUMNS = {
    "licence_number": "统一社会信用代码",
    "holder_name": "持证主体名称",
    "holder_address": "住所",
    "certificate_number": "证照编号",
    "decision_document": "决定文书名称",
    "decision_number": "决定文书号",
    "decided_on": "决定日期",
    "valid_from": "有效期自",
    "valid_to": "有效期至",
    "subject_id": "场所或设备编号",
}


@dataclass(frozen=True, slots=True)
class ExampleOrder:
    """One certificate as its issuing body orders it: the order's content, and who orders."""

    body: ExampleBody
    certificate_type: CertificateType
    holder: ExampleEnterprise
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OrderFile:
    """All orders of one issuing body and type."""

    body: ExampleBody
    certificate_type: CertificateType
    orders: tuple[ExampleOrder, ...]


def make_order_files(catalogue: Catalogue, first_day: date) -> tuple[OrderFile, ...]:
    """Return the order files, business licences first."""
    files: dict[tuple[str, str], list[ExampleOrder]] = {}
    for order in _orders(catalogue, first_day):
        files.setdefault((order.certificate_type.code, order.body.licence_number), []).append(order)
    made = [OrderFile(orders[0].body, orders[0].certificate_type, tuple(orders)) for orders in files.values()]
    return tuple(sorted(made, key=lambda each: each.certificate_type.code != "business_licence"))


def _orders(catalogue: Catalogue, first_day: date) -> Iterator[ExampleOrder]:
    chance = Random(SEED)
    serials: dict[str, int] = {}
    for holder in make_enterprises():
        wanted = {"business_licence": 1} if holder.has_business_licence else {}
        for code, count in (wanted | holder.permits).items():
            for place in range(1, count + 1):
                serials[code] = serials.get(code, 0) + 1
                yield _order(catalogue.get(code), holder, serials[code], place, first_day, chance)


def _order(
    kind: CertificateType, holder: ExampleEnterprise, serial: int, place: int, first_day: date, chance: Random
) -> ExampleOrder:
    is_licence = kind.code == "business_licence"
    decided_on, valid_to = _dates(kind, serial, first_day, chance)
    if is_licence:
        decided_on, valid_to = first_day - timedelta(days=1800 + serial * 11), None
    address = holder.address if place == 1 else f"{holder.address}之{place}"
    fields = field_values(kind, holder, address, serial, chance)
    if is_licence:
        fields["established_on"] = decided_on.isoformat()
    content = {
        "certificate_type": kind.code,
        "licence_number": holder.licence_number,
        "holder_name": holder.name,
        "holder_address": holder.address,
        "certificate_number": holder.licence_number if is_licence else make_number(kind, decided_on.year, serial),
        "decision_document": "核准登记通知书" if is_licence else "准予行政许可决定书",
        "decision_number": f"示{'登' if is_licence else '许'}〔{decided_on.year}〕{serial}号",
        "decided_on": decided_on.isoformat(),
        "valid_from": decided_on.isoformat(),
        "valid_to": valid_to.isoformat() if valid_to else "",
        "subject_id": _subject(kind, fields, place),
        "fields": fields,
    }
    body = body_for(kind.code, kind.competent_department, holder.town)
    return ExampleOrder(body, kind, holder, content | {"issuing_body": body.licence_number})


def _dates(kind: CertificateType, serial: int, first_day: date, chance: Random) -> tuple[date, date | None]:
    """Return decision day and last day; of every type the fourth has ended, and the fifth ends soon."""
    decided_on = first_day - timedelta(days=chance.randint(20, 600))
    if kind.validity.end != "required":
        return decided_on, None
    term = timedelta(days=365 * (kind.validity.max_years or 2) - 1)
    if serial % 7 == 4:
        decided_on = first_day - timedelta(days=_ENDED_DAYS_AGO) - term
    elif serial % 7 == 5:
        decided_on = first_day + timedelta(days=_ENDS_IN_DAYS) - term
    return decided_on, decided_on + term


def _subject(kind: CertificateType, fields: Mapping[str, str], place: int) -> str:
    if kind.subject is SubjectKind.DEVICE:
        return fields["device_code"]
    return f"{place:03d}" if kind.subject is SubjectKind.SITE else ""


def write_order_file(file: OrderFile, folder: Path, number: int) -> Path:
    """Write one order file as a department would have it: CSV in UTF-8 or GB 18030, or XLSX, in turn."""
    header = [*COLUMNS.values(), *(each.label_zh for each in file.certificate_type.fields)]
    rows = [_row(each) for each in file.orders]
    stem = f"{number:02d}-{file.certificate_type.code}-{file.body.licence_number}"
    if number % 4 == 0:
        return _write_workbook(folder / f"{stem}.xlsx", header, rows)
    encoding = "gb18030" if number % 4 == 2 else "utf-8-sig"
    return _write_csv(folder / f"{stem}.csv", header, rows, encoding)


def _row(order: ExampleOrder) -> list[str]:
    fields = order.content["fields"]
    own = [fields.get(each.name, "") for each in order.certificate_type.fields]
    return [*(str(order.content[name]) for name in COLUMNS), *own]


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], encoding: str) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def _write_workbook(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Path:
    """Write a workbook whose dates are cells of dates, as a person's would be."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet()
    dates = {index for index, title in enumerate(header) if title in ("决定日期", "有效期自", "有效期至")}
    sheet.append(list(header))
    for row in rows:
        sheet.append([date.fromisoformat(cell) if index in dates and cell else cell for index, cell in enumerate(row)])
    workbook.save(path)
    return path


# --- the publicity file -----------------------------------------------------------------------------------------

_PUBLICITY = (
    *("XK_XDR_MC", "XK_XDR_LB", "XK_XDR_SHXYM", "XK_XDR_GSZC", "XK_XDR_ZZJG", "XK_XDR_SWDJ", "XK_XDR_SYDW"),
    *("XK_XDR_SHZZ", "XK_FRDB", "XK_FR_ZJLX", "XK_FR_ZJHM", "XK_XDR_ZJLX", "XK_XDR_ZJHM", "XK_XKWS", "XK_WSH"),
    *("XK_XKLB", "XK_XKZS", "XK_XKBH", "XK_NR", "XK_JDRQ", "XK_YXQZ", "XK_YXQZI", "XK_XKJG", "XK_XKJGDM", "XK_ZT"),
    *("XK_LYDW", "XK_LYDWDM", "BZ"),
)
PUBLICITY_ROWS = 100
# Certificate name, its department's system, what was permitted, and for how many years (0: no end).
_PUBLISHED = (
    ("食品经营许可证", "market", "热食类食品制售", 5),
    ("公共场所卫生许可证", "health", "宾馆", 4),
    ("出版物经营许可证", "press", "图书零售", 0),
    ("道路运输经营许可证", "transport", "道路普通货物运输", 4),
    ("人力资源服务许可证", "labour", "职业中介活动", 0),
    ("动物诊疗许可证", "agriculture", "动物疫病预防、诊断、治疗", 0),
    ("烟草专卖零售许可证", "tobacco", "卷烟零售", 5),
    ("农药经营许可证", "agriculture", "农药（限制使用农药除外）", 5),
)
# Names that two types share, and words that do not tell them apart; and a name nobody knows.
_UNCLEAR = (("特种行业许可证", "police", "准予许可"), ("特种设备使用登记证", "market", "准予登记"))
_UNKNOWN = ("示例纪念证书", "culture", "示例")


def write_publicity_file(folder: Path, first_day: date) -> Path:
    """Write a publicity file of 100 rows, as it would be collected: most clear, some not, none signed."""
    chance = Random(SEED + 1)
    holders = [each for each in make_enterprises() if each.has_business_licence]
    rows = [_published(serial, chance.choice(holders), first_day, chance) for serial in range(1, PUBLICITY_ROWS + 1)]
    cells = [[row.get(column, "") for column in _PUBLICITY] for row in rows]
    return _write_csv(folder / "publicity.csv", _PUBLICITY, cells, "utf-8-sig")


def _published(serial: int, holder: ExampleEnterprise, first_day: date, chance: Random) -> dict[str, str]:
    name, system, permitted, years = _PUBLISHED[serial % len(_PUBLISHED)]
    if serial % 20 == 7:
        (name, system, permitted), years = _UNCLEAR[serial // 20 % 2], 0
    elif serial % 50 == 33:
        (name, system, permitted), years = _UNKNOWN, 0
    department = next(each for each in DEPARTMENTS if each.system == system)
    decided_on = first_day - timedelta(days=chance.randint(5, 300))
    valid_to = decided_on + timedelta(days=365 * years - 1) if years else date(2099, 12, 31)
    row = _published_party(serial, holder) | _published_authority(department)
    return row | {
        "XK_XKWS": "准予行政许可决定书",
        "XK_WSH": f"示公许〔{decided_on.year}〕{serial:04d}号",
        "XK_XKLB": "普通",
        "XK_XKZS": name,
        # Every tenth row was published without a permit number: its decision's number stands in.
        "XK_XKBH": "" if serial % 10 == 3 else f"示公{serial:06d}",
        "XK_NR": permitted,
        "XK_JDRQ": f"{decided_on:%Y/%m/%d}",
        "XK_YXQZ": f"{decided_on:%Y/%m/%d}",
        "XK_YXQZI": f"{valid_to:%Y/%m/%d}",
        "XK_ZT": "2" if serial % 50 == 21 else "1",
        "BZ": "示例数据",
    }


def _published_party(serial: int, holder: ExampleEnterprise) -> dict[str, str]:
    if serial % 50 == 41:
        # A person: no licence number, so no holder here. The number is none, and its column is dropped at the door.
        return {
            "XK_XDR_MC": "示例某人", "XK_XDR_LB": "自然人", "XK_XDR_ZJLX": "身份证", "XK_XDR_ZJHM": "示例号码不是真号",
        }  # fmt: skip
    is_self_employed = holder.licence_number.startswith("92")
    return {
        "XK_XDR_MC": holder.name,
        "XK_XDR_LB": "个体工商户" if is_self_employed else "法人及非法人组织",
        "XK_XDR_SHXYM": holder.licence_number,
        "XK_FRDB": holder.representative,
        "XK_FR_ZJLX": "身份证" if serial % 5 == 0 else "",
        "XK_FR_ZJHM": "示例号码不是真号" if serial % 5 == 0 else "",
    }


def _published_authority(department: ExampleDepartment) -> dict[str, str]:
    return {
        "XK_XKJG": f"{department.competent}（示例）",
        "XK_XKJGDM": department.licence_number,
        "XK_LYDW": "示例信用平台",
        "XK_LYDWDM": DEPARTMENTS[0].licence_number,
    }
