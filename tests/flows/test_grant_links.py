"""Stories of one-time links: a person without a licence number signs in and has, once, what an enterprise granted."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import Person
from connectors.errors import PersonSignInError, SimulatorError
from connectors.person_simulator import PersonSimulator
from hub.enterprise.grant_links import draft_opening, open_link
from hub.enterprise.grants import draft_grant
from hub.enterprise.ledger import read_lines, reading_of
from hub.sharing.exchange import pull
from hub.steps.consent.applications import request_under_grant
from hub.store import tables
from schemas.grant import Grant, parse_grant
from schemas.sentence import SentenceTextError
from tests.flows.conftest import copied_world
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry, persons_of
from tests.flows.test_bundles import bundled, found
from tests.flows.test_ledger import open_
from tests.flows.world import SHOP, World, food_order, grant_wish, licence_order

NAME, NUMBER = "张示例", "0000-0000-0000-0001"


@pytest.fixture
def shop(hub_world: World) -> World:
    return _settled(hub_world)


@pytest.fixture
def one(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[World]:
    """A shop on one database alone: what is refused does not depend on it."""
    with copied_world("sqlite", request, tmp_path) as world:
        yield _settled(world)
        check_registry(world)


def _settled(world: World) -> World:
    world.issue(licence_order())
    world.issue(food_order())
    world.make_licence()
    return world


def _wish(world: World, **changes: Any) -> dict[str, Any]:
    wish = grant_wish(world.now) | {"person": NAME} | changes
    return {name: value for name, value in wish.items() if name not in ("requester", "uses")}


def give(world: World, **changes: Any) -> dict[str, Any]:
    """Grant to the person; return the link's code and the grant's digest."""
    drafted = draft_grant(_wish(world, **changes), registry=world.registry, now=world.now)
    posted = world.post(world.simulator.sign(SHOP, drafted["text"], "legal_representative"))
    return drafted | posted


def confirmed(world: World, code: str, **who: str) -> tuple[str, str]:
    """Return the sentence of an opening, and the proof that a person confirmed it."""
    text = draft_opening(code, registry=world.registry, now=world.now)["text"]
    who = {"number": NUMBER, "name": NAME} | who
    return text, persons_of(world).confirm(text, now=world.now, **who)


def open_as(world: World, code: str, text: str, proof: str) -> dict[str, Any]:
    """Open a link as its door does."""
    registry, persons = world.registry, persons_of(world)
    opened = open_link(code, text, proof, registry=registry, persons=persons, now=world.now)
    return pull(
        request_under_grant(opened.grant, registry=registry), verified=opened.verified, system=opened.system,
        officer=None, key=opened.verified.digest, registry=registry, exchange=world.exchange, now=world.now,
    )  # fmt: skip


def test_person_has_once_what_was_granted_and_the_holder_sees_it(shop: World) -> None:
    given = give(shop)
    text, proof = confirmed(shop, given["code"])
    answer = open_as(shop, given["code"], text, proof)
    assert [each["certificate_type"] for each in answer["items"]] == ["food_operation_permit"]
    assert open_as(shop, given["code"], text, proof)["delivery"] == answer["delivery"]
    with refused("grant_used_up"):
        open_as(shop, given["code"], *confirmed(shop, given["code"]))
    reading = open_(shop)
    opened = reading_of(reading["ledger"], reading["token"], registry=shop.registry, now=shop.now)
    lines = read_lines(opened.applicant, after=None, registry=shop.registry, now=shop.now)["lines"]
    assert {each["requester"]["name"] for each in lines if each["requester"]} == {"个人（凭一次性链接）"}


def test_somebody_else_has_nothing_and_the_holder_sees_the_try(shop: World) -> None:
    given = give(shop)
    with refused("grant_other_requester"):
        open_as(shop, given["code"], *confirmed(shop, given["code"], name="李示例", number="2"))
    assert open_as(shop, given["code"], *confirmed(shop, given["code"]))["delivery"]


def test_link_is_the_first_person_s_of_that_name_and_no_namesake_s(one: World) -> None:
    given = give(one)
    assert open_as(one, given["code"], *confirmed(one, given["code"]))["delivery"]
    with refused("grant_other_requester"):
        open_as(one, given["code"], *confirmed(one, given["code"], number="2"))


def test_link_that_others_open_too_often_is_killed(one: World) -> None:
    given = give(one)
    for number in range(one.registry.terms.code_misses):
        with refused("grant_other_requester"):
            open_as(one, given["code"], *confirmed(one, given["code"], number=f"other {number}", name="李示例"))
    with refused("link_killed"):
        open_as(one, given["code"], *confirmed(one, given["code"]))


def test_who_guesses_links_is_stopped_for_the_day(one: World) -> None:
    given = give(one)
    wrong = draft_grant(_wish(one), registry=one.registry, now=one.now)["code"]
    for _ in range(one.registry.terms.code_misses_a_day):
        with refused("link_not_found"):
            open_as(one, wrong, *confirmed(one, wrong))
    with refused("link_stopped"):
        open_as(one, given["code"], *confirmed(one, given["code"]))
    one.now += timedelta(days=1)
    assert open_as(one, given["code"], *confirmed(one, given["code"]))["delivery"]


def test_link_ends_with_its_grant(one: World) -> None:
    withdrawn, ended = give(one), give(one)
    one.withdraw(withdrawn["digest"])
    with refused("grant_withdrawn"):
        open_as(one, withdrawn["code"], *confirmed(one, withdrawn["code"]))
    one.now += timedelta(days=200)
    with refused("grant_ended"):
        open_as(one, ended["code"], *confirmed(one, ended["code"]))


def test_opening_that_nobody_confirmed_or_of_another_link_is_refused(one: World) -> None:
    first, second = give(one), give(one)
    text, proof = confirmed(one, first["code"])
    other_text, other_proof = confirmed(one, second["code"])
    with refused("person_not_signed_in"):
        open_as(one, first["code"], text, other_proof)
    with refused("link_text"):
        open_as(one, first["code"], other_text, other_proof)
    with refused("grant_nonce"):
        open_as(one, first["code"], text.replace("2026年11月23日", "2026年11月24日"), proof)
    with refused("code_form"):
        open_as(one, "12345678", text, proof)
    one.now += timedelta(hours=1)
    with refused("application_late"):
        open_as(one, first["code"], text, proof)


def test_neither_name_nor_number_stands_in_the_store_in_clear(one: World) -> None:
    given = give(one)
    open_as(one, given["code"], *confirmed(one, given["code"]))
    with one.registry.database.read() as connection:
        rows = [str(row) for table in tables.metadata.sorted_tables for row in connection.execute(table.select())]
    kept = "\n".join(rows)
    assert (NAME in kept, NUMBER in kept, given["code"] in kept) == (False, False, False)


def test_bundle_of_what_a_person_had_leaves_who_signed_in_to_the_service(one: World) -> None:
    given = give(one)
    delivery = open_as(one, given["code"], *confirmed(one, given["code"]))["delivery"]
    code, lines = found(bundled(one, delivery, requester="person"), one.installation.anchor)
    assert (code, "FAIL " in lines) == (3, False), lines
    assert "MISSING statement.json" in lines
    assert "OK      basis/grant.txt" in lines


def test_sentence_to_a_person_names_one_link_and_one_use(one: World) -> None:
    text = give(one)["text"]
    grant = parse_grant(text)
    assert isinstance(grant, Grant)
    assert (grant.requester, grant.uses, grant.version) == ("person", 1, 3)
    for changed in (text.replace("最多〔1〕次", "最多〔2〕次"), text.replace(grant.link, "x" * 64)):
        with pytest.raises(SentenceTextError):
            parse_grant(changed)
    with refused("grant_form"):
        draft_grant(grant_wish(one.now) | {"person": NAME}, registry=one.registry, now=one.now)


def test_simulator_vouches_for_one_text_and_refuses_production(one: World, tmp_path: Any) -> None:
    persons = persons_of(one)
    proof = persons.confirm("x", number="1", name=NAME, now=one.now)
    assert persons.verify(proof, "x", at=one.now) == Person("1", NAME)
    for text, at in (("y", one.now), ("x", one.now + timedelta(hours=1))):
        with pytest.raises(PersonSignInError):
            persons.verify(proof, text, at=at)
    with pytest.raises(SimulatorError):
        PersonSimulator(tmp_path, passphrase=b"s" * 32, mode="production")
