"""Existing documents (存量): taken in as they are, with their own seal checked, and handed out and known again."""

import secrets
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from hub.documents.downloads import documents_of_download, download_of
from hub.documents.existing import read_existing_order, take_in
from hub.errors import OrderError
from hub.public.examination.online import examine
from hub.public.examination.reader import Reader
from hub.public.examination.report import Examination
from hub.steps.files.confined.foreign_seal import ForeignSeal, SealChecker
from hub.store.document import DocumentReader
from schemas.statement import Ordered
from schemas.verdict import Outcome, Verdict
from tests.flows.foreign_maker import foreign_authority, foreign_page, foreign_seal, foreign_sealed
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, MARKET, World, food_order, licence_order

AUTHORITY = foreign_authority()
_check_nowER = SealChecker([AUTHORITY.der])


def check_now(pdf: bytes, _: datetime) -> ForeignSeal:
    """Check a seal that was made a moment ago, in a world of another day."""
    return _check_nowER(pdf, datetime.now(UTC))


@pytest.fixture(scope="module")
def sealed() -> bytes:
    """A PDF that the market bureau had sealed in its older system."""
    return foreign_sealed(foreign_page(), foreign_seal(AUTHORITY))


@pytest.fixture
def identifier(hub_world: World) -> str:
    """The shop's food permit; the shop has a business licence and its e-licence."""
    hub_world.issue(licence_order())
    hub_world.make_licence()
    return str(hub_world.issue(food_order())["identifier"])


def _content(identifier: str, pdf: bytes, **changes: str) -> dict[str, str]:
    return {
        "identifier": identifier,
        "issuing_body": MARKET,
        "file_sha256": sha256(pdf).hexdigest(),
        "origin": "示例旧证照系统",
    } | changes


def _hand_in(
    world: World, content: dict[str, str], pdf: bytes, *, system: str = "market", key: str = "", check: Any = check_now
) -> dict[str, Any]:
    verified = world.order(Ordered.TAKE_IN, content, system=system, issuing_body=content["issuing_body"])
    return take_in(
        read_existing_order(content),
        pdf,
        verified=verified,
        system=world.system(system),
        key=key or secrets.token_hex(8),
        registry=world.registry,
        files=world.workshop.files,
        check_seal=check,
        now=world.now,
    )


def test_file_is_kept_byte_for_byte_with_its_seal_and_origin(hub_world: World, identifier: str, sealed: bytes) -> None:
    answer = _hand_in(hub_world, _content(identifier, sealed), sealed)
    assert hub_world.workshop.files.get(answer["sha256"]) == sealed
    with hub_world.registry.database.read() as connection:
        kept = DocumentReader(connection).existing(answer["sha256"])
    assert kept is not None
    assert (kept.origin, kept.trust_level, kept.seal_subject) == ("示例旧证照系统", "B", "示例市场监管局旧章")


def test_holder_downloads_it_and_anybody_may_have_it_verified(hub_world: World, identifier: str, sealed: bytes) -> None:
    _hand_in(hub_world, _content(identifier, sealed), sealed)
    opened = hub_world.download(hub_world.sign_application(edition="existing", language="en"))
    download = download_of(opened["download"], opened["token"], registry=hub_world.registry, now=hub_world.now)
    (wanted,) = documents_of_download(download, registry=hub_world.registry)
    fetched = hub_world.want(wanted.name)
    assert fetched is not None
    assert fetched.pdf == sealed
    assert [each["reason"] for each in opened["left_out"]] == ["existing_none"]
    found = _verdict(hub_world, sealed)
    assert (found.outcome, found.checks[0].reason) == (Outcome.VALID, "existing_document")


def test_verdict_on_it_follows_its_certificate(hub_world: World, identifier: str, sealed: bytes) -> None:
    _hand_in(hub_world, _content(identifier, sealed), sealed)
    hub_world.change(identifier, "withdraw")
    assert _outcome(hub_world, sealed) is Outcome.NOT_VALID


def test_changed_copy_of_it_is_not_known(hub_world: World, identifier: str, sealed: bytes) -> None:
    _hand_in(hub_world, _content(identifier, sealed), sealed)
    changed = bytearray(sealed)
    changed[100] ^= 1
    assert _outcome(hub_world, bytes(changed)) is not Outcome.VALID


def test_same_request_gives_the_same_answer(hub_world: World, identifier: str, sealed: bytes) -> None:
    content = _content(identifier, sealed)
    verified = hub_world.order(Ordered.TAKE_IN, content, system="market", issuing_body=MARKET)
    given: dict[str, Any] = {
        "verified": verified,
        "system": hub_world.system("market"),
        "key": "the-same-key",
        "registry": hub_world.registry,
        "files": hub_world.workshop.files,
        "check_seal": check_now,
        "now": hub_world.now,
    }
    first = take_in(read_existing_order(content), sealed, **given)
    assert take_in(read_existing_order(content), sealed, **given) == first


def test_file_is_taken_in_once(hub_world: World, identifier: str, sealed: bytes) -> None:
    _hand_in(hub_world, _content(identifier, sealed), sealed)
    with refused("existing_known"):
        _hand_in(hub_world, _content(identifier, sealed), sealed)


def test_another_file_than_was_signed_for_is_refused(hub_world: World, identifier: str, sealed: bytes) -> None:
    with refused("existing_digest"):
        _hand_in(hub_world, _content(identifier, sealed), sealed + b" ")


def test_seal_that_does_not_hold_leaves_nothing(hub_world: World, identifier: str) -> None:
    pdf = foreign_page()
    with refused("existing_seal"):
        _hand_in(hub_world, _content(identifier, pdf), pdf)
    assert list(hub_world.workshop.files.names()) == []


def test_body_of_another_department_is_refused_with_an_entry(hub_world: World, identifier: str, sealed: bytes) -> None:
    with refused("body_not_yours"):
        _hand_in(hub_world, _content(identifier, sealed), sealed, system="health")


def test_certificate_of_another_body_is_refused(hub_world: World, identifier: str, sealed: bytes) -> None:
    with refused("body_not_in_charge"):
        _hand_in(hub_world, _content(identifier, sealed, issuing_body=HEALTH), sealed, system="health")


def test_refused_file_is_not_kept(hub_world: World, identifier: str, sealed: bytes) -> None:
    for system, body in (("health", MARKET), ("health", HEALTH)):
        with pytest.raises(OrderError):
            _hand_in(hub_world, _content(identifier, sealed, issuing_body=body), sealed, system=system)
    assert list(hub_world.workshop.files.names()) == []


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("identifier", "", "missing"),
        ("origin", "x" * 129, "too_long"),
        ("origin", "示例\u202e", "control_character"),
        ("file_sha256", "ABC", "form"),
        ("colour", "red", "unknown"),
    ],
)
def test_order_that_breaks_a_rule_is_refused(name: str, value: str, rule: str) -> None:
    with refused("fields_wrong", ("content" if rule == "unknown" else name, rule)):
        read_existing_order(_content("1.2.3", b"") | {name: value})


def _outcome(world: World, raw: bytes) -> Outcome | None:
    found = _examined(world, raw).verdict
    return found.outcome if found else None


def _verdict(world: World, raw: bytes) -> Verdict:
    found = _examined(world, raw).verdict
    assert found is not None
    return found


def _examined(world: World, raw: bytes) -> Examination:
    surroundings = world.surroundings()
    return examine(raw, registry=world.registry, surroundings=surroundings, read=Reader().read, now=world.now)
