"""Service items for the stories: the hygiene permit of a public place, as the health bureau decides it."""

import secrets
from collections.abc import Mapping
from typing import Any

from connectors.tabular import open_table
from hub.sharing.items.putting import put_items
from schemas.statement import Ordered
from signing.base64url import encode
from tests.flows.world import HEALTH, World

ITEM = "440112001"


def item(**changes: Any) -> dict[str, Any]:
    """Return an item: the licence required, and of food permit or workshop registration one, which may follow."""
    return {
        "code": ITEM,
        "version": 1,
        "name_zh": "公共场所卫生许可",
        "name_en": "Hygiene permit of a public place",
        "department": HEALTH,
        "from_on": "2020-01-01",
        "until_on": None,
        "materials": [
            material(
                "licence", "business_licence", {"applicant": "holder_name", "legal_person": "legal_representative"}
            ),
            material("food", "food_operation_permit", {"items": "business_items", "area": "floor_area"})
            | {"deferrable_days": 10},
        ],
        "predicates": [],
    } | changes


def material(code: str, certificate_type: str | None, prefill: Mapping[str, str] = {}) -> dict[str, Any]:
    """Return a material that one certificate type meets, or, without a type, only a paper."""
    types = [{"certificate_type": certificate_type, "prefill": dict(prefill)}] if certificate_type else []
    return {
        "code": code,
        "name_zh": "示例材料",
        "name_en": "Example material",
        "group": None,
        "types": types,
        "deferrable_days": None,
    }


def put(world: World, *items: Mapping[str, Any], system: str = "operator", **content: Any) -> dict[str, Any]:
    """Put items as a system; other members of the order by name."""
    given = ({"items": [dict(each) for each in items]} if items else {}) | content
    verified = world.order(Ordered.PUT_ITEMS, given, system=system)
    return put_items(
        given,
        verified=verified,
        system=world.system(system),
        key=encode(secrets.token_bytes(16)),
        registry=world.registry,
        open_table=open_table,
        now=world.now,
    )
