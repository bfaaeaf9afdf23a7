"""Stories of signed answers to predicates, shown again: what was true then, genuine or not, and never about now."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select

from hub.decisions.facts import Surroundings
from hub.public.examination.extracted import Unread
from hub.public.examination.forms import Form
from hub.public.examination.offline import verify_offline
from hub.public.examination.online import examine, finder
from hub.public.examination.report import Examination, told
from hub.store import tables
from schemas.predicates import PREDICATE_TYP
from schemas.statement import Ordered
from schemas.verdict import Check, CheckName, Result
from signing.base64url import decode
from signing.jws import CompactSigner, sign_compact
from tests.flows.conftest import copied_world
from tests.flows.items import item, put
from tests.flows.keys_led import MINUTE, compromised, vouch
from tests.flows.registry_check import check_registry, find_faults
from tests.flows.test_key_life import Dying
from tests.flows.test_predicates import PREDICATES, question
from tests.flows.world import CATALOGUE, World, food_order, licence_order

AS_SIGNED = ("unknown", "answer_as_signed")


@pytest.fixture
def unchecked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A shop with a food permit of 120 m², and an item whose questions the health bureau may ask."""
    with copied_world("sqlite", request, tmp_path) as world:
        world.issue(licence_order())
        world.issue(food_order())
        world.share(fields={"food_operation_permit": ["business_items", "floor_area"]})
        put(world, item(predicates=PREDICATES))
        yield world


@pytest.fixture
def world(unchecked: World) -> Iterator[World]:
    yield unchecked
    check_registry(unchecked)


def examined(world: World, shown: Any, surroundings: Surroundings | None = None) -> Examination:
    raw = shown.encode() if isinstance(shown, str) else orjson.dumps(shown)
    return examine(
        raw, registry=world.registry, surroundings=surroundings or world.surroundings(),
        read=lambda _: Unread("refused"), now=world.now,
    )  # fmt: skip


def outcome(examination: Examination) -> tuple[str, str]:
    verdict = examination.verdict
    assert verdict is not None
    return str(verdict.outcome), verdict.reason


def offline(world: World, token: str) -> Examination:
    return verify_offline(
        token.encode(), trust=world.registry.trust(), find_type=finder(CATALOGUE), status_token=None, now=world.now,
        max_age=None,
    )  # fmt: skip


def forged(world: World, token: str, **changes: Any) -> str:
    """Return an answer that says otherwise, signed by the hub's own key, as its thief would."""
    payload = orjson.loads(decode(token.split(".")[1])) | changes
    return sign_compact(orjson.dumps(payload), signer=world.keys.signer("hub:notes"), typ=PREDICATE_TYP)


def test_answer_shown_again_tells_question_answer_and_moment_and_nothing_of_now(world: World) -> None:
    answer = world.ask(question("area-60"))
    world.log.round(world.now)
    found = examined(world, answer["signed"])
    assert (found.form, outcome(found)) == (Form.PREDICATE, AS_SIGNED)
    facts = {each.en: each.value for each in found.findings[0].facts}
    assert facts["What it answered"].startswith("是 yes · 2026-11-23")
    assert "不少于" in facts["The question"]
    assert facts["The question"].endswith("：60")
    assert (facts["Item and case"], facts["Act"]) == ("440112001 2026-0001", answer["act_id"])
    assert int(facts["Place in the log"]) > 0
    checks = {each.name: each.result for each in found.findings[0].verdict.checks}
    assert [checks[name] for name in (CheckName.SEAL, CheckName.TRUST, CheckName.LOG, CheckName.PROVEN_TIME)] == [
        Result.PASSED
    ] * 4
    assert "当时" in told(found)["reason_zh"]


def test_answer_never_reads_valid_whatever_it_said(world: World) -> None:
    answers = [world.ask(question(code, argument)) for code, argument in (("area-200", None), ("valid", "2026-11-01"))]
    found = [examined(world, each) for each in answers]
    assert [outcome(each) for each in found] == [AS_SIGNED, AS_SIGNED]
    said = [each.findings[0].facts[0].value for each in found]
    assert [each.split(" · ")[0] for each in said] == ["否 no", "无法确认 not known"]


def test_clear_part_of_an_answer_is_nobodys_word(world: World) -> None:
    answer = world.ask(question("area-200")) | {"answer": "yes", "receipt": "x.y.z"}
    assert examined(world, answer).findings[0].facts[0].value.startswith("否 no")


def test_altered_answer_is_broken_and_another_one_by_the_hubs_key_is_not_recorded(world: World) -> None:
    token = world.ask(question("area-200"))["signed"]
    header, payload, signature = token.split(".")
    assert outcome(examined(world, f"{header}.{payload}.{signature[:-8]}AAAAAAAA")) == ("not_valid", "seal_broken")
    assert outcome(examined(world, forged(world, token, answer="yes"))) == ("not_valid", "answer_not_recorded")
    assert outcome(examined(world, forged(world, token, decision="x" * 43))) == ("not_valid", "answer_not_recorded")
    assert outcome(examined(world, forged(world, token, answer="surely"))) == ("not_valid", "record_malformed")
    assert outcome(examined(world, forged(world, token, iss="https://other.example"))) == ("not_valid", "seal_unlisted")


def test_offline_an_answer_is_as_it_was_signed_and_a_forged_one_is_found_only_online(world: World) -> None:
    token = world.ask(question("area-60"))["signed"]
    found = offline(world, token)
    assert outcome(found) == AS_SIGNED
    checks = {each.name: each.result for each in found.findings[0].verdict.checks}
    assert (checks[CheckName.SEAL], checks[CheckName.LOG]) == (Result.PASSED, Result.NOT_POSSIBLE)
    assert outcome(offline(world, token[:-8] + "AAAAAAAA")) == ("not_valid", "seal_broken")


def test_answer_counts_by_its_proven_time_once_its_key_is_compromised(world: World) -> None:
    early = world.ask(question("area-60"))["signed"]
    vouch(world)
    world.now += 2 * MINUTE
    since = world.now
    late = world.ask(question("area-200"))["signed"]
    world.now += MINUTE
    compromised(world, since, use="hub:notes")
    unproven = ("unknown", "seal_time_unproven")
    assert [outcome(examined(world, each)) for each in (early, late)] == [AS_SIGNED, unproven]
    assert outcome(offline(world, early)) == unproven


def test_answer_out_of_a_store_that_was_rolled_back_is_in_doubt(world: World) -> None:
    token = world.ask(question("area-60"))["signed"]
    doubt = Check(CheckName.LOG, Result.UNKNOWN, "store_rolled_back")
    surroundings = replace(world.surroundings(), log=doubt)
    assert outcome(examined(world, token, surroundings)) == ("unknown", "store_rolled_back")


def test_question_whose_process_died_before_it_was_answered_is_answered_once_by_the_same_request(world: World) -> None:
    request, key, exchange = question("area-60"), "same-key-1234567890", world.exchange
    jws = world.sign(Ordered.ASK_PREDICATE, system="health", officer="h-001", request=request)
    dying = CompactSigner(Dying(world.keys.signer("hub:notes")), PREDICATE_TYP)
    world.exchange = replace(exchange, predicate_signer=dying)
    with pytest.raises(KeyboardInterrupt):
        world.ask(request, jws=jws, key=key)
    world.exchange = exchange
    first, second = (world.ask(request, jws=jws, key=key) for _ in range(2))
    assert first == second
    assert outcome(examined(world, first["signed"])) == AS_SIGNED


def test_audit_names_an_answer_whose_row_is_gone(unchecked: World) -> None:
    answer = unchecked.ask(question("area-60"))
    unchecked.log.round(unchecked.now)
    with unchecked.registry.database.read() as connection:
        assert connection.execute(select(tables.predicate_answer.c.act_id)).scalar_one() == answer["act_id"]
    unchecked.registry.database.write(lambda connection: connection.execute(delete(tables.predicate_answer)))
    with unchecked.registry.database.read() as connection:
        assert [each for each in find_faults(unchecked, connection) if "predicate_answered" in each]
