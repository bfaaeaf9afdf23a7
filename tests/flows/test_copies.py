"""Stories of printed copies: a serial leads to the copy, its certificate as it stands now, and its act in the log."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.evidence.receipts import Receipts
from hub.public.copies import look_up_copy
from hub.steps.documents.content import act_of_serial, serial_of
from hub.store import tables
from hub.store.document import DocumentName
from schemas.identifiers import make_reference, parse_reference, reference_bytes
from signing.jws import CompactSigner
from tests.flows.conftest import copied_world
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry
from tests.flows.world import (
    HEALTH,
    OPERATOR,
    OTHER_SHOP,
    World,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A shop with a licence and a permit that the health bureau may pull."""
    with copied_world("sqlite", request, tmp_path) as opened:
        opened.issue(licence_order())
        opened.issue(food_order())
        opened.share()
        yield opened
        check_registry(opened)


def copied(world: World, request: dict[str, Any] | None = None) -> tuple[str, DocumentName]:
    """Pull, make the copy as a worker does, and return the serial it bears, with the document's name."""
    answer = world.pull(request or statutory_request())
    serial = world.named(answer["items"][0]["identifier"]).serial
    name = DocumentName(serial, "copy", "zh", answer["delivery"])
    made = world.document(name).stored
    return str(serial_of(made.act_id)), name


def look_up(world: World, serial: str) -> dict[str, Any]:
    signer = CompactSigner(world.keys.signer("hub:answers"), "yizhao-receipt+jwt")
    receipts = Receipts(world.registry, world.log.store, signer, latest=timedelta(minutes=15))
    return look_up_copy(serial, registry=world.registry, prove=receipts.prove, now=world.now)


def test_genuine_copy_is_told_with_its_making_its_end_and_its_place_in_the_log(world: World) -> None:
    serial, _ = copied(world)
    world.log.round(world.now)
    found = look_up(world, serial.lower())
    copy = found["copy"]
    assert (copy["serial"], copy["state"]) == (serial, "in_use")
    assert copy["requester"] == {"licence_number": HEALTH, "name": "示例卫生健康局"}
    assert copy["cause"] == "公共场所卫生许可（示例法第1条）"
    assert copy["maker"] == {"licence_number": OPERATOR, "name": "示例运营中心"}
    assert copy["ends_at"] == (world.now + world.registry.terms.copy_term).isoformat()
    assert "path" in found["log"]["log"]


def test_neither_officer_nor_case_is_told(world: World) -> None:
    serial, _ = copied(world)
    told = str(look_up(world, serial))
    assert ("h-001" in told, "2026-0001" in told, "示例甲" in told) == (False, False, False)


def test_copy_past_its_term_has_ended(world: World) -> None:
    serial, _ = copied(world)
    world.pass_days(31)
    assert look_up(world, serial)["copy"]["state"] == "ended"


def test_copy_whose_grant_was_withdrawn_is_taken_back(world: World) -> None:
    world.make_licence()
    world.now += timedelta(seconds=1)
    grant = world.grant()
    serial, _ = copied(world, granted_request(grant))
    world.withdraw(grant)
    assert look_up(world, serial)["copy"]["state"] == "taken_back"


def test_copy_that_shows_what_was_erased_since_says_so(world: World) -> None:
    serial, name = copied(world)
    with world.registry.database.read() as connection:
        certificate = tables.certificate.c
        query = select(certificate.identifier).where(certificate.serial == name.serial)
        identifier = connection.execute(query).scalar_one()
    world.erase(identifier, "legal_representative")
    assert look_up(world, serial)["copy"]["state"] == "erased"


def test_copy_of_a_store_in_doubt_reads_unknown_and_an_unknown_one_is_not_called_false(world: World) -> None:
    serial, _ = copied(world)
    state = replace(world.registry.log(world.now), rolled_back_to=world.now)
    world.registry = replace(world.registry, log=lambda now: state)
    assert look_up(world, serial)["copy"]["state"] == "unknown"
    with refused("store_rolled_back"):
        look_up(world, "7" * 26)
    world.registry = replace(world.registry, log=world.log.state)


@pytest.mark.parametrize("serial", ["", "x", "7" * 26, "Z" * 26, "0" * 25, "0" * 26 + "'"])
def test_serial_that_nobody_has_is_unknown(world: World, serial: str) -> None:
    with refused("copy_unknown"):
        look_up(world, serial)


def test_altered_serial_is_unknown(world: World) -> None:
    serial, _ = copied(world)
    altered = serial[:-1] + ("0" if serial[-1] != "0" else "1")
    with refused("copy_unknown"):
        look_up(world, altered)


def test_act_of_a_master_is_no_serial_of_a_copy(world: World) -> None:
    identifier = world.issue(licence_order(licence_number=OTHER_SHOP))["identifier"]
    made = world.document(world.named(identifier)).stored
    with refused("copy_unknown"):
        look_up(world, str(serial_of(made.act_id)))


@pytest.mark.parametrize("raw", [bytes(16), b"\xff" * 16, bytes(range(16))])
def test_serial_and_act_are_one_name_in_two_forms(raw: bytes) -> None:
    reference = make_reference(raw)
    assert reference_bytes(parse_reference(reference)) == raw
    assert serial_of(act_of_serial(reference)) == reference
