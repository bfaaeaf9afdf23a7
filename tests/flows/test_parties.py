"""Stories of enrolment: who may exist in a hub, and what a new key or a new name changes."""

from datetime import timedelta
from typing import Any

import pytest

from hub.custody.installation import make_party_key
from hub.department.body_desk import types_in_charge
from hub.store.parties import PartyReader
from schemas.certificate import civil_date
from schemas.identifiers import make_licence_number
from schemas.statement import Ordered
from signing.base64url import encode
from signing.x509 import Purpose
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, MARKET, SHOP, World, food_order, statutory_request

NOBODY = make_licence_number("11442000", "00000042")
WRONGLY_ISSUED = SHOP[:17] + ("0" if SHOP[17] != "0" else "1")
BODY: dict[str, Any] = {
    "licence_number": NOBODY,
    "department": MARKET,
    "name_zh": "示例局",
    "name_en": "Example bureau",
    "area": "442000",
    "from_on": "2020-01-01",
    "competences": [{"certificate_type": "food_operation_permit", "from_on": "2020-01-01"}],
}
NAMED: dict[str, Any] = {"licence_number": NOBODY, "name_zh": "示例局", "name_en": "Example bureau"}
SYSTEM: dict[str, Any] = {"code": "new", "department": HEALTH, "name": "示例系统", "roles": ["pull"], "cert": ""}
OFFICER: dict[str, Any] = {"number": "i-001", "department": HEALTH}
WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("departments", NAMED | {"licence_number": "1"}, "licence_number", "form"),
    ("departments", NAMED | {"name_zh": ""}, "name_zh", "missing"),
    ("departments", NAMED | {"name_zh": "示\u202e例"}, "name_zh", "control_character"),
    ("issuing-bodies", BODY | {"competences": []}, "competences", "missing"),
    ("issuing-bodies", BODY | {"competences": [{"certificate_type": "x"}]}, "competences", "type_unknown"),
    ("issuing-bodies", BODY | {"successor": "x"}, "successor", "form"),
    ("issuing-bodies", BODY | {"until_on": "soon"}, "until_on", "form"),
    ("issuing-bodies", BODY | {"area": "4420000000000"}, "area", "form"),
    ("officers", {"number": "a b", "department": HEALTH}, "number", "form"),
    ("officers", OFFICER | {"identity": "sub"}, "identity", "missing"),
    ("officers", OFFICER | {"identity": {"issuer": "https://id.example.test"}}, "identity", "missing"),
    ("officers", OFFICER | {"identity": {"issuer": "id.example.test", "account": "7"}}, "identity", "form"),
    ("officers", OFFICER | {"identity": {"issuer": "https://id.example.test", "account": 7}}, "identity", "missing"),
    ("enterprises", {"licence_number": WRONGLY_ISSUED, "name": "示例"}, "licence_number", "check_digit"),
    ("sources", {"code": "x", "name_zh": "示例", "fresh_for_seconds": 1}, "fresh_for_seconds", "form"),
    ("systems", SYSTEM | {"roles": ["rule"]}, "roles", "choice"),
    ("systems", SYSTEM | {"cert": "AAAA"}, "cert", "not_trusted"),
]


@pytest.mark.parametrize(("noun", "content", "member", "rule"), WRONG)
def test_wrong_enrolment_is_refused_by_member_and_rule(
    lasting_world: World, noun: str, content: dict[str, Any], member: str, rule: str
) -> None:
    with refused("fields_wrong", (member, rule)):
        lasting_world.enrol(noun, **content)


def test_body_of_a_department_nobody_enrolled_is_refused(hub_world: World) -> None:
    with refused("department_unknown"):
        hub_world.enrol("issuing-bodies", **(BODY | {"department": NOBODY}))


def test_system_with_another_departments_cert_is_refused(hub_world: World) -> None:
    cert = encode(hub_world.system("market").cert_der)
    with refused("fields_wrong", ("cert", "other_department")):
        hub_world.enrol("systems", code="new", department=HEALTH, name="示例系统", roles=["pull"], cert=cert)


def test_key_of_one_system_is_not_enrolled_for_another(hub_world: World) -> None:
    cert = encode(hub_world.system("market").cert_der)
    with refused("key_enrolled"):
        hub_world.enrol("systems", code="new", department=MARKET, name="示例系统", roles=["pull"], cert=cert)


def test_system_with_a_cert_for_another_purpose_is_refused(hub_world: World) -> None:
    cert = encode(hub_world.keys.cert(f"seal:{HEALTH}"))
    with refused("fields_wrong", ("cert", "not_trusted")):
        hub_world.enrol("systems", code="new", department=HEALTH, name="示例系统", roles=["pull"], cert=cert)


def test_system_gets_a_new_key_and_its_earlier_statements_still_verify(hub_world: World) -> None:
    hub_world.issue(food_order())
    hub_world.now += timedelta(days=1)
    earlier = hub_world.sign(Ordered.PULL, system="market", request=statutory_request())
    cert = make_party_key(
        hub_world.keys,
        "system:market-2",
        name="示例市场监管局",
        department=MARKET,
        purpose=Purpose.SYSTEM,
        now=hub_world.now,
    )
    roles = ["issue", "pull", "collect"]
    hub_world.enrol("systems", code="market", department=MARKET, name="示例", roles=roles, cert=encode(cert))
    with refused("statement_key"):
        hub_world.verified(earlier, act=Ordered.PULL, system="market")


def test_enterprise_keeps_its_reference_when_it_is_enrolled_again(hub_world: World) -> None:
    first = hub_world.enrol("enterprises", licence_number=SHOP, name="中山示例餐饮有限公司")
    again = hub_world.enrol("enterprises", licence_number=SHOP, name="中山示例新名餐饮有限公司", address="示例路2号")
    assert again["reference"] == first["reference"]
    assert hub_world.scan_enterprise(first["reference"])["holder"]["name"] == "中山示例新名餐饮有限公司"


def test_enterprise_without_certificates_is_found_and_holds_none(hub_world: World) -> None:
    reference = hub_world.enrol("enterprises", licence_number=SHOP, name="中山示例餐饮有限公司")["reference"]
    answer = hub_world.scan_enterprise(reference)
    assert (answer["total"], answer["certificates"]) == (0, [])
    assert answer["holder"]["licence_state"] == "not_recorded"


def test_body_is_in_charge_of_nothing_before_its_first_day(hub_world: World) -> None:
    hub_world.enrol("issuing-bodies", **(BODY | {"from_on": "2999-01-01"}))
    now = hub_world.now
    assert MARKET in types_in_charge(MARKET, registry=hub_world.registry, now=now)["food_operation_permit"]
    with hub_world.registry.database.read() as connection:
        assert NOBODY not in PartyReader(connection).in_charge(civil_date(now))["food_operation_permit"]
