"""Stories of grants: what the enterprise signs counts exactly as signed, from the moment it is posted to its end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import SignedText
from hub.enterprise.grants import draft_grant, grant_state
from hub.steps.sharing.delivery import permitted_names
from hub.store.certificate import CertificateReader
from hub.store.exchange import ExchangeReader
from schemas.catalogue import Catalogue
from schemas.certificate import Certificate
from schemas.grant import parse_grant
from schemas.grant_templates import load_grant_templates
from tests.flows.refusals import refused
from tests.flows.world import (
    CATALOGUE,
    HEALTH,
    MARKET,
    OTHER_SHOP,
    SHOP,
    World,
    food_number,
    food_order,
    grant_wish,
    granted_request,
    licence_order,
    lift_order,
)


@pytest.fixture
def granting_world(hub_world: World) -> World:
    """A shop with licence, permit and electronic business licence."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.make_licence()
    return hub_world


def test_grant_opens_exactly_what_it_names(granting_world: World) -> None:
    digest = granting_world.grant()
    wanted = [{"certificate_type": "food_operation_permit", "fields": ["floor_area"]}]
    assert granting_world.pull(granted_request(digest, wanted=wanted))["delivery"]
    wanted = [{"certificate_type": "food_operation_permit", "fields": ["food_safety_manager"]}]
    with refused("field_not_covered"):
        granting_world.pull(granted_request(digest, wanted=wanted))


def test_grant_of_single_certificates_delivers_those_alone(granting_world: World) -> None:
    other = granting_world.issue(food_order(certificate_number=food_number(2)))
    digest = granting_world.grant(types={}, certificates=[other["identifier"]])
    answer = granting_world.pull(granted_request(digest))
    assert [each["identifier"] for each in answer["items"]] == [other["identifier"]]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"case_number": "2026-0002"}, "case_not_covered"),
        ({"item_code": "999"}, "item_not_covered"),
        ({"licence_number": OTHER_SHOP}, "grant_other_holder"),
        ({"basis": {"kind": "grant", "reference": "0" * 64}}, "grant_unknown"),
        ({"wanted": [{"certificate_type": "business_licence"}]}, "type_not_covered"),
    ],
)
def test_pull_beyond_a_grant_is_refused(granting_world: World, changes: dict[str, Any], reason: str) -> None:
    digest = granting_world.grant()
    with refused(reason):
        granting_world.pull(granted_request(digest) | changes)


def test_grant_for_another_requester_is_refused(granting_world: World) -> None:
    digest = granting_world.grant(requester=MARKET)
    with refused("grant_other_requester"):
        granting_world.pull(granted_request(digest))


def test_grant_lasts_from_its_beginning_to_its_end(granting_world: World) -> None:
    begin, end = granting_world.now + timedelta(hours=1), granting_world.now + timedelta(hours=2)
    digest = granting_world.grant(valid_from=begin.isoformat(), valid_until=end.isoformat())
    request = granted_request(digest)
    with refused("grant_not_begun"):
        granting_world.pull(request)
    granting_world.now = begin.replace(microsecond=0)
    assert granting_world.pull(request)["delivery"]
    granting_world.now = end
    with refused("grant_ended"):
        granting_world.pull(request)


def test_used_up_grant_is_refused(granting_world: World) -> None:
    digest = granting_world.grant(uses=1)
    granting_world.pull(granted_request(digest))
    with refused("grant_used_up"):
        granting_world.pull(granted_request(digest))
    assert grant_state(digest, registry=granting_world.registry, now=granting_world.now)["state"] == "used_up"


def test_withdrawn_grant_is_refused_at_once(granting_world: World) -> None:
    digest = granting_world.grant()
    assert granting_world.withdraw(digest)["state"] == "withdrawn"
    with refused("grant_withdrawn"):
        granting_world.pull(granted_request(digest))
    with refused("grant_withdrawn"):
        granting_world.withdraw(digest)


def test_another_enterprise_cannot_withdraw_a_grant(granting_world: World) -> None:
    digest = granting_world.grant()
    granting_world.make_licence(OTHER_SHOP)
    with refused("e_licence_of_another"):
        granting_world.withdraw(digest, signer=OTHER_SHOP)


def test_grant_is_posted_once(granting_world: World) -> None:
    signed = granting_world.sign_grant()
    granting_world.post(signed)
    with refused("grant_posted"):
        granting_world.post(signed)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("最多〔2〕次", "最多〔9〕次", "grant_nonce"),
        ("最多〔2〕次", "最多〔02〕次", "grant_text"),
        ("授权书（第2版）", "授权书（第1版）", "grant_text"),
        ("（北京时间）", "（北京时间） ", "grant_text"),
        ("不得用于其他用途", "可以用于其他用途", "grant_text"),
    ],
)
def test_altered_grant_is_refused(granting_world: World, old: str, new: str, code: str) -> None:
    signed = granting_world.sign_grant()
    assert old in signed.text
    with refused(code):
        granting_world.post(replace(signed, text=signed.text.replace(old, new)))


def test_grant_with_a_nonce_this_hub_never_gave_is_refused(granting_world: World) -> None:
    text = draft_grant(grant_wish(granting_world.now), registry=granting_world.registry, now=granting_world.now)["text"]
    nonce = text.partition("授权书编号：〔")[2].partition("〕")[0]
    signed = granting_world.simulator.sign(SHOP, text.replace(nonce, "A" * 43), "legal_representative")
    with refused("grant_nonce"):
        granting_world.post(signed)


def test_grant_whose_words_say_something_other_than_its_codes_is_refused(granting_world: World) -> None:
    text = draft_grant(grant_wish(granting_world.now), registry=granting_world.registry, now=granting_world.now)["text"]
    changed = text.replace("「食品经营许可证」", "「户外广告设施设置许可」")
    assert changed != text
    with refused("grant_nonce"):
        granting_world.post(granting_world.simulator.sign(SHOP, changed, "legal_representative"))


def test_grant_signed_by_another_enterprises_licence_is_refused(granting_world: World) -> None:
    granting_world.make_licence(OTHER_SHOP)
    with refused("e_licence_of_another"):
        granting_world.post(granting_world.sign_grant(signer=OTHER_SHOP))


def test_grant_with_another_signature_is_refused(granting_world: World) -> None:
    signed, other = granting_world.sign_grant(), granting_world.sign_grant()
    with refused("e_licence_refused"):
        granting_world.post(replace(signed, signature=other.signature))


def test_grant_by_an_expired_e_licence_is_refused(granting_world: World) -> None:
    granting_world.now += timedelta(days=5 * 365 + 2)
    with refused("e_licence_refused"):
        granting_world.post(granting_world.sign_grant())


def test_grant_by_a_revoked_e_licence_is_refused(granting_world: World) -> None:
    signed = granting_world.sign_grant()
    granting_world.simulator.set_status(SHOP, "legal_representative", "revoked")
    with refused("e_licence_revoked"):
        granting_world.post(signed)


def test_pull_under_a_pending_grant_is_refused_until_its_signers_status_is_known(granting_world: World) -> None:
    granting_world.simulator.set_reachable(reachable=False)
    posted = granting_world.post(granting_world.sign_grant())
    assert posted["state"] == "pending"
    with refused("grant_pending"):
        granting_world.pull(granted_request(posted["digest"]))
    granting_world.simulator.set_reachable(reachable=True)
    assert granting_world.pull(granted_request(posted["digest"]))["delivery"]


def test_signer_revoked_after_posting_is_found_when_the_last_answer_is_too_old(granting_world: World) -> None:
    digest = granting_world.grant()
    granting_world.simulator.set_status(SHOP, "legal_representative", "revoked")
    granting_world.now += granting_world.registry.terms.cert_status_age + timedelta(seconds=1)
    with refused("grant_signer_revoked"):
        granting_world.pull(granted_request(digest))


def test_status_that_cannot_be_asked_again_in_time_makes_a_grant_pending(granting_world: World) -> None:
    digest = granting_world.grant()
    granting_world.simulator.set_reachable(reachable=False)
    assert granting_world.pull(granted_request(digest))["delivery"]
    granting_world.now += granting_world.registry.terms.cert_status_age + timedelta(seconds=1)
    with refused("grant_pending"):
        granting_world.pull(granted_request(digest))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"licence_number": OTHER_SHOP}, "grant_holder_unknown"),
        ({"requester": OTHER_SHOP}, "grant_requester_unknown"),
        ({"types": {"dog_licence": ["x"]}}, "type_unknown"),
        ({"types": {"food_operation_permit": ["colour"]}}, "grant_form"),
        ({"types": {}}, "grant_form"),
        ({"uses": 0}, "grant_form"),
        ({"item_name": "示例「事项」"}, "grant_form"),
        ({"case_number": "2026\u202e0001"}, "grant_form"),
        ({"valid_until": "2026-01-01T00:00:00+08:00"}, "grant_form"),
        ({"valid_until": "2026-12-01T00:00:00"}, "grant_form"),
    ],
)
def test_grant_that_could_not_count_is_not_drafted(granting_world: World, changes: dict[str, Any], code: str) -> None:
    wish = grant_wish(granting_world.now, **changes)
    with refused(code):
        draft_grant(wish, registry=granting_world.registry, now=granting_world.now)


def test_grant_for_longer_than_a_year_is_refused(granting_world: World) -> None:
    until = (granting_world.now + timedelta(days=400)).isoformat()
    with refused("grant_term"):
        granting_world.post(granting_world.sign_grant(valid_until=until))


def test_grant_of_a_certificate_of_another_is_refused(granting_world: World) -> None:
    other = granting_world.issue(food_order(licence_number=OTHER_SHOP, certificate_number=food_number(2)))
    with refused("grant_certificate_unknown"):
        granting_world.post(granting_world.sign_grant(types={}, certificates=[other["identifier"]]))


def test_withdrawal_is_no_grant_and_a_grant_no_withdrawal(granting_world: World) -> None:
    signed: SignedText = granting_world.sign_grant()
    with refused("grant_text"):
        granting_world.post(replace(signed, text="一照通行登录\n" + signed.text))


def test_state_of_a_grant_nobody_posted_is_not_found(granting_world: World) -> None:
    with refused("grant_not_found"):
        grant_state("0" * 64, registry=granting_world.registry, now=granting_world.now)


def test_manager_signs_as_himself(granting_world: World) -> None:
    granting_world.make_licence(role="manager")
    assert granting_world.pull(granted_request(granting_world.grant(role="manager")))["delivery"]


def test_certificate_issued_later_is_given_by_explicit_words_alone(granting_world: World) -> None:
    narrow, wide = granting_world.grant(), granting_world.grant(future=True)
    granting_world.now += timedelta(seconds=1)
    later = granting_world.issue(food_order(certificate_number=food_number(2)))["identifier"]
    identifiers = [[each["identifier"] for each in _pulled(granting_world, each)] for each in (narrow, wide)]
    assert later not in identifiers[0]
    assert identifiers[1] == [*identifiers[0], later]


def test_type_of_which_all_was_issued_later_is_told_apart_from_one_there_is_not(granting_world: World) -> None:
    digest = granting_world.grant(types={"lift_registration": ["place_of_use"]})
    wanted = [{"certificate_type": "lift_registration"}]
    assert granting_world.pull(granted_request(digest, wanted=wanted))["items"] == [
        {"certificate_type": "lift_registration", "found": False}
    ]
    granting_world.now += timedelta(seconds=1)
    granting_world.issue(lift_order())
    (item,) = granting_world.pull(granted_request(digest, wanted=wanted))["items"]
    assert item == {"certificate_type": "lift_registration", "found": False, "not_covered": 1}


def test_field_is_given_as_it_is_in_the_version_that_was_signed(granting_world: World) -> None:
    first = CATALOGUE.get("food_operation_permit")
    digest = granting_world.grant(future=True)
    granting_world.now += timedelta(seconds=1)
    # In the second version the field of that name is another, and one has come that nobody granted.
    area = next(each for each in first.fields if each.name == "floor_area")
    fields = [replace(each, label_zh="仓储面积") if each == area else each for each in first.fields]
    second = replace(first, version=2, fields=(*fields, replace(area, name="kitchen_area")))
    catalogue = Catalogue([*CATALOGUE.all_versions(), second])
    later = replace(granting_world, registry=replace(granting_world.registry, catalogue=catalogue))
    with refused("field_not_covered"):
        later.pull(granted_request(digest, wanted=[{"certificate_type": first.code, "fields": ["kitchen_area"]}]))
    certificate = replace(_permit(later), type_version=2)
    assert _permitted(later, digest, _permit(later)) == ("business_items", "floor_area")
    assert _permitted(later, digest, certificate) == ("business_items",)


@pytest.mark.parametrize("template", ["lease", "loan", "platform"])
def test_template_fills_in_what_a_wish_does_not_say(granting_world: World, template: str) -> None:
    wish = {"licence_number": SHOP, "requester": HEALTH, "case_number": "2026-0001", "template": template}
    text = draft_grant(wish, registry=granting_world.registry, now=granting_world.now)["text"]
    grant, known = parse_grant(text), load_grant_templates()[template]
    assert (grant.item_code, grant.uses, grant.future) == (known.item_code, known.uses, known.future)
    assert {each.code: tuple(field.name for field in each.fields) for each in grant.types} == dict(known.types)
    assert granting_world.post(granting_world.simulator.sign(SHOP, text, "legal_representative"))["digest"]


def test_wish_says_more_than_its_template(granting_world: World) -> None:
    wish = {"licence_number": SHOP, "requester": HEALTH, "case_number": "1", "template": "lease", "uses": 1}
    text = draft_grant(wish, registry=granting_world.registry, now=granting_world.now)["text"]
    assert parse_grant(text).uses == 1
    with refused("template_unknown"):
        draft_grant(wish | {"template": "x"}, registry=granting_world.registry, now=granting_world.now)


def _pulled(world: World, digest: str) -> list[dict[str, Any]]:
    return [dict(each) for each in world.pull(granted_request(digest))["items"]]


def _permit(world: World) -> Certificate:
    with world.registry.database.read() as connection:
        (found,) = CertificateReader(connection).current_of(SHOP, ["food_operation_permit"])
    return found


def _permitted(world: World, digest: str, certificate: Certificate) -> tuple[str, ...]:
    """Return which fields of a certificate a pull under a grant may disclose."""
    wanted = [{"certificate_type": "food_operation_permit", "fields": ["business_items", "floor_area"]}]
    pulled = world.pull(granted_request(digest, wanted=wanted))
    with world.registry.database.read() as connection:
        decision = ExchangeReader(connection).decision(pulled["decision"])
        assert decision is not None
        return permitted_names(certificate, decision, world.registry, connection)
