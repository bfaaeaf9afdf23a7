"""The check itself is checked: each planted fault is found, in a registry where everything has happened once."""

import secrets
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, delete, select, update

from hub.store import tables
from hub.store.entry import EntryWriter
from schemas.evidence import ActFacts, Kind
from schemas.statement import Ordered
from signing.commitment import leaf
from tests.flows.conftest import copied_world
from tests.flows.grant_world import (
    answer_asked,
    ask,
    asked_content,
    confirm_presentation,
    delegate,
    present,
    redeem_at_window,
)
from tests.flows.registry_check import check_registry, find_faults
from tests.flows.test_deferrals import order
from tests.flows.test_ledger import open_
from tests.flows.test_objections import post, sign
from tests.flows.world import READY, World, food_order, granted_request, licence_order, statutory_request

Plant = Callable[[Connection], Any]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lived_world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A registry with certificates, a renewal, changes, a grant, pulls, deliveries, a ledger; nobody may change it."""
    with copied_world(request.param, request, tmp_path_factory.mktemp("lived")) as world:
        _live(world)
        yield world


@pytest.fixture
def transaction(lived_world: World) -> Iterator[Connection]:
    """A connection that may plant a fault and is rolled back afterwards."""
    engine = create_engine(lived_world.registry.database.url)
    with engine.connect() as connection, connection.begin() as begun:
        yield connection
        begun.rollback()
    engine.dispose()


def _live(world: World) -> None:
    world.issue(licence_order())
    first = world.issue(food_order())
    world.issue(food_order(replaces=first["identifier"], decision_number="示许〔2026〕2号"))
    other = world.issue(food_order(certificate_number="JY24420000000027"))
    world.change(other["identifier"], "suspend", until="2027-01-01")
    world.make_licence()
    digest = world.grant()
    world.pull(granted_request(digest))
    world.withdraw(digest)
    world.share()
    world.pull(statutory_request())
    world.give(Ordered.DEFER, order(), system="health")
    open_(world)
    post(world, sign(world, "data_wrong", about=other["identifier"]))
    world.retire(first["holder_reference"])
    _give(world)
    world.log.round(world.now)


def _give(world: World) -> None:
    """Show with a code, delegate, and refuse a request."""
    shown = present(world)
    redeem_at_window(world, shown["code"])
    confirm_presentation(world, shown["digest"])
    world.make_licence(role="agent")
    delegate(world)
    answer_asked(world, ask(world, asked_content())["code"], "refusal")


def _first_row(table: Any, name: str) -> Any:
    return select(table.c[name]).order_by(table.c[name]).limit(1).scalar_subquery()


def _edit(table: Any, key: str, **values: Any) -> Plant:
    return lambda connection: connection.execute(
        update(table).where(table.c[key] == _first_row(table, key)).values(**values)
    )


def _edit_all(table: Any, **values: Any) -> Plant:
    return lambda connection: connection.execute(update(table).values(**values))


def _drop(table: Any, key: str) -> Plant:
    return lambda connection: connection.execute(delete(table).where(table.c[key] == _first_row(table, key)))


def _drop_all(table: Any) -> Plant:
    return lambda connection: connection.execute(delete(table))


def _swap_places(connection: Connection) -> None:
    table = tables.entry
    for before, after in ((0, -1), (1, 0), (-1, 1)):
        connection.execute(update(table).where(table.c.leaf_index == before).values(leaf_index=after))


def _add_entry(connection: Connection) -> None:
    act = ActFacts(Kind.ISSUE, "never-done", READY, None, None, None, None)
    EntryWriter(connection, secrets.token_bytes).add([act])


def _forge_act(connection: Connection) -> None:
    """Change when an act was recorded, and commit to it anew with its own salt, as somebody with the database could."""
    table = tables.entry
    row = connection.execute(select(table).where(table.c.leaf_index == 3)).mappings().one()
    forged = row["act_bytes"].replace(b"2026-", b"2025-")
    connection.execute(
        update(table)
        .where(table.c.leaf_index == 3)
        .values(act_bytes=forged, leaf=leaf(row["salt"], forged), recorded_at=row["recorded_at"] - timedelta(days=365))
    )


PLANTED: dict[str, tuple[Plant, str]] = {
    "an edited date": (_edit(tables.certificate, "serial", valid_from=date(2001, 1, 1)), "claim valid_from"),
    "an edited status": (_edit(tables.certificate, "serial", status="annulled"), "is not what was done to it"),
    "an edited change": (_edit(tables.status_change, "number", to_status="cancelled"), "ends elsewhere"),
    "a dropped record": (_drop(tables.record, "serial"), "one to one"),
    "an edited payload": (_edit(tables.record, "serial", payload=b"{}"), "does not open"),
    "an edited seal": (_edit(tables.record, "serial", seals=[{"protected": "e30", "signature": "AA"}]), "not open"),
    "a dropped disclosure": (_edit(tables.record, "serial", public_disclosures=[]), ": fields"),
    "an edited envelope": (_edit(tables.record, "serial", envelope=b"nonsense"), "does not open"),
    "a dropped name": (_drop(tables.identifier_claim, "identifier"), "identifiers and their claims"),
    "a dropped reference": (_drop(tables.reference_claim, "reference"), "references and their claims"),
    "a forgotten retirement": (_edit_all(tables.reference_claim, retired_at=None), "references and their claims"),
    "a retired reference that counts": (_edit_all(tables.reference_claim, retired_at=READY), "counts and is retired"),
    "a dropped key": (_drop(tables.system_key, "key_id"), "its key is not kept as its own"),
    "a retired key that is used": (_edit_all(tables.system_key, until_at=READY), "its key is not kept as its own"),
    "a key with another's cert": (_edit_all(tables.system_key, cert_der=b"x"), "not that of its cert"),
    "a dropped part of a name": (_drop(tables.name_part, "part"), "names and their parts"),
    "a dropped number": (_drop(tables.number_claim, "number"), "its number is not its own"),
    "a turned-back chain": (_edit(tables.chain, "chain", versions=0), ": versions"),
    "a chain left open": (_edit(tables.chain, "chain", open=4711), "open without an intention"),
    "an edited statement": (_edit(tables.statement, "number", jws="a.b.c"), "does not verify"),
    "a statement unspent": (_drop_all(tables.single_use), "not spent"),
    "a dropped entry": (_drop(tables.entry, "number"), "no entry for"),
    "a swapped leaf": (_edit(tables.entry, "number", leaf=b"\x01" + bytes(32)), ": leaf"),
    "an edited act": (_edit(tables.entry, "number", act_bytes=b'{"act_id":"x"}'), ": leaf"),
    "an edited entry": (_edit(tables.entry, "number", kind="issue"), ": act bytes"),
    "a deleted entry": (_drop(tables.entry, "number"), "is no entry of the store"),
    "two entries whose places were swapped": (_swap_places, "which claims its place"),
    "an added entry": (_add_entry, "no act for entry"),
    "an act forged with its leaf": (_forge_act, "which claims its place"),
    "a place taken from an entry": (_edit(tables.entry, "number", leaf_index=None), "is no entry of the store"),
    "an edited use": (_edit_all(tables.grant_table, uses_taken=0), ": uses"),
    "an edited grant": (_edit(tables.grant_table, "digest", requester="x"), ": parties"),
    "edited misses": (_edit_all(tables.presentation_code, misses=9), ": misses"),
    "a dropped code": (_drop_all(tables.presentation_code), "codes are not one to one"),
    "a dropped redemption": (_drop_all(tables.redemption), "codes and redemptions differ"),
    "a release by nobody": (_edit_all(tables.presentation_code, confirmation=None), "released by nobody"),
    "an edited delegation": (_edit_all(tables.delegation, item_code="x"), "says otherwise"),
    "an edited refusal": (_edit_all(tables.grant_request_holder, refusal_digest="0" * 64), "_requests stopped"),
    "a dropped decision": (_drop(tables.pull_decision, "decision"), "_acts stopped"),
    "an edited note": (_edit(tables.delivery, "decision", requester="x"), "says otherwise"),
    "an opened ledger that nobody signed for": (_edit_all(tables.ledger_reading, statement=1), "not ordered by its"),
    "a deferral of one officer": (_edit_all(tables.statement, seconds=None), "by no second officer"),
    "a dropped deferral": (_drop_all(tables.deferral), "no act for entry"),
    "an edited objection": (_edit_all(tables.objection, about="x"), "applicant, road or subject"),
    "an edited envelope of an objection": (_edit_all(tables.objection, envelope=b"x"), "does not verify"),
    "an objection without its task": (_drop_all(tables.objection_task), "no task"),
    "an edited body": (_edit(tables.answer_certificate, "serial", body=b"{}"), "answer of certificate"),
    "an edited page": (_edit(tables.answer_page, "licence_number", body=b"[]"), "answer of page"),
    "an edited head": (_edit(tables.answer_head, "licence_number", body=b"{}"), "answer of head"),
    "an edited trust list": (_edit(tables.trust_list, "version", raw=b"{}"), "_trust_lists stopped"),
}


def test_untouched_registry_has_no_fault(lived_world: World) -> None:
    check_registry(lived_world)


@pytest.mark.parametrize("name", PLANTED)
def test_planted_fault_is_found(lived_world: World, transaction: Connection, name: str) -> None:
    plant, told = PLANTED[name]
    plant(transaction)
    assert [fault for fault in find_faults(lived_world, transaction) if told in fault]


def test_forgotten_intention_is_found(lived_world: World) -> None:
    with pytest.raises(AssertionError, match="0 intentions are open, not 1"):
        check_registry(lived_world, open_intentions=1)
