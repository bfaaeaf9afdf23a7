"""Made-up orders: each enterprise has a business licence and two food permits; a few holders have many."""

from collections.abc import Iterator
from typing import Any

from schemas.identifiers import make_licence_number, mod11_10
from scripts.benchmarks.installation import MARKET

PER_HOLDER = 3
LARGE, SMALL = "LA000000", "TE000000"


def filling(count: int) -> Iterator[dict[str, Any]]:
    """Yield the content of `count` orders: licence, permit, permit of one enterprise after another."""
    for serial in range(count):
        holder, which = divmod(serial, PER_HOLDER)
        number = holder_number(f"{holder:08d}")
        yield licence_order(number) if which == 0 else food_order(number, serial)


def of_one_holder(entity: str, count: int, first_serial: int) -> Iterator[dict[str, Any]]:
    """Yield the orders of one holder with `count` certificates, its licence among them."""
    number = holder_number(entity)
    yield licence_order(number)
    for serial in range(first_serial, first_serial + count - 1):
        yield food_order(number, serial)


def holder_number(entity: str) -> str:
    """Return the licence number of a made-up company; `entity` is 8 digits or capitals."""
    return make_licence_number("91442000", entity)


def food_order(licence_number: str, serial: int) -> dict[str, Any]:
    """Return the content of an order for a food operation permit; `serial` makes its number."""
    digits = f"2{442000 + serial // 1_000_000}{serial % 1_000_000:06d}"
    return _order(
        licence_number,
        "food_operation_permit",
        f"JY{digits}{mod11_10(digits)}",
        "2031-11-19",
        {
            "legal_representative": "示例甲",
            "business_premises": f"中山市示例路{serial}号首层",
            "business_form": "餐饮服务经营者（小型餐馆）",
            "business_items": "热食类食品制售",
            "supervision_body": "示例监管所",
            "floor_area": "120",
            "food_safety_manager": "示例乙",
        },
    )


def licence_order(licence_number: str) -> dict[str, Any]:
    """Return the content of an order for a business licence."""
    return _order(
        licence_number,
        "business_licence",
        licence_number,
        None,
        {
            "legal_representative": "示例甲",
            "entity_type": "有限责任公司",
            "established_on": "2020-05-06",
            "business_scope": "餐饮服务",
        },
    )


def _order(licence_number: str, code: str, number: str, valid_to: str | None, fields: dict[str, str]) -> dict[str, Any]:
    return {
        "certificate_type": code,
        "issuing_body": MARKET,
        "licence_number": licence_number,
        "holder_name": f"中山示例餐饮{licence_number[9:17]}有限公司",
        "holder_address": "中山市示例路1号",
        "certificate_number": number,
        "decision_document": "准予行政许可决定书",
        "decision_number": f"示许〔2026〕{number[-8:]}号",
        "decided_on": "2026-11-20",
        "valid_from": "2026-11-20",
        "valid_to": valid_to,
        "fields": fields,
    }
