"""kill -9 at every step of every act: nothing acknowledged is lost, nothing signed unrecorded, nothing done twice."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from hub.registry.issuance import complete_orphans
from hub.sharing.exchange import release_lapsed
from hub.steps.certificates.intentions import new_name
from hub.steps.certificates.intentions import opened as opened_intentions
from hub.steps.documents.erased_files import delete_erased_files
from hub.store import tables
from hub.store.document import DocumentReader
from hub.store.intention import IntentionReader
from schemas.statement import Ordered
from signing.base64url import decode, encode
from signing.pdf_reading import extract_pdf
from signing.xml import extract_xml
from tests.flows.foreign_maker import foreign_authority, foreign_page, foreign_seal, foreign_sealed
from tests.flows.intake_world import Intakes, csv_file, penalty_row, type_row, undo_content
from tests.flows.killed import Request, Step, ask, issue_until_killed, run_and_die, signed_messages
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry, find_faults
from tests.flows.world import (
    MARKET,
    World,
    change_content,
    erasure_content,
    food_number,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)

# Calls that leave the process: W a write, S a signature, F a file.
CALLS = {
    "issue": "WSW", "renew": "WSW", "change": "W", "batch": "WSSSW", "pull": "WSW", "compare": "WW", "post": "W",
    "document": "WWSWSFW", "download": "W", "existing": "FW", "erase": "WFWFW", "undo": "WWWW", "penalties": "WWWWW",
}  # fmt: skip
WAYS = {"W": ("before", "inside", "after"), "S": ("before", "after"), "F": ("before", "after")}
# Nothing leaves the process between two calls: to die before the second is to die after the first.
STEPS = [
    pytest.param(act, Step(call, when), id=f"{act}-{when}-call-{call}")
    for act, calls in CALLS.items()
    for call, kind in enumerate(calls, 1)
    for when in WAYS[kind]
    if call == 1 or when != "before"
]
REPEATED = [each for each in STEPS if each.values[0] not in ("batch", "post")]
# A pull that died here holds a use of the grant, which upkeep gives back: it has to be asked for anew.
LAPSING = [each for each in STEPS if each.values[0] == "pull" and each.id not in (
    "pull-before-call-1", "pull-inside-call-1", "pull-after-call-3",
)]  # fmt: skip
DOCUMENTS = [each for each in STEPS if each.values[0] == "document"]
UNREPEATED = [each for each in STEPS if each not in REPEATED]
COMPLETED = [each for each in REPEATED if each not in LAPSING]


@pytest.mark.parametrize(("act", "step"), UNREPEATED)
def test_killed_act_is_completed_or_leaves_nothing(unchecked_world: World, act: str, step: Step) -> None:
    world = unchecked_world
    request = REQUESTS[act](world)
    before = _counts(world)
    run_and_die(world, request, step)
    _check_what_is_left(world)
    _let_upkeep_work(world)
    check_registry(world)
    assert _counts(world) in (before, _after(before, act))


@pytest.mark.parametrize(("act", "step"), COMPLETED)
def test_same_request_after_a_kill_and_upkeep_ends_right(unchecked_world: World, act: str, step: Step) -> None:
    world = unchecked_world
    request = REQUESTS[act](world)
    before = _counts(world)
    run_and_die(world, request, step)
    _check_what_is_left(world)
    _let_upkeep_work(world)
    answer = ask(world, request)
    assert ask(world, request) == answer
    check_registry(world)
    assert _counts(world) == _after(before, act), "done once, neither lost nor doubled"


@pytest.mark.parametrize(("act", "step"), REPEATED)
def test_same_request_right_after_the_lease_ends_right_by_itself(unchecked_world: World, act: str, step: Step) -> None:
    world = unchecked_world
    request = REQUESTS[act](world)
    before = _counts(world)
    run_and_die(world, request, step)
    world.now += world.registry.terms.lease + timedelta(seconds=1)
    answer = ask(world, request)
    assert ask(world, request) == answer
    check_registry(world)
    assert _counts(world) == _after(before, act), "done once, neither lost nor doubled"


@pytest.mark.parametrize(("act", "step"), LAPSING)
def test_lapsed_pull_is_refused_and_its_use_can_be_taken_again(unchecked_world: World, act: str, step: Step) -> None:
    world = unchecked_world
    request = REQUESTS[act](world)
    run_and_die(world, request, step)
    _check_what_is_left(world)
    _let_upkeep_work(world)
    with refused("pull_lapsed"):
        ask(world, request)
    assert world.pull(request.content)["delivery"]
    assert world.pull(request.content)["delivery"], "both uses of the grant are there"
    check_registry(world)


@pytest.mark.parametrize(("act", "step"), DOCUMENTS)
def test_what_a_killed_maker_signed_is_in_the_document_that_is_made_then(
    unchecked_world: World, act: str, step: Step
) -> None:
    world = unchecked_world
    request = REQUESTS[act](world)
    run_and_die(world, request, step)
    world.now += world.registry.terms.lease + timedelta(seconds=1)
    made = ask(world, request)
    signed = signed_messages(world)[-2:]
    parts = extract_pdf(made.pdf)
    info = extract_xml(dict(parts.attachments)["certificate.xml"]).signed_info
    _, opened, closed, _ = parts.byte_range
    digest = sha256(made.pdf[:opened] + made.pdf[closed:]).digest()
    assert [each for each in signed if each != info and digest not in each] == []


def test_what_was_acknowledged_before_a_kill_is_there(unchecked_world: World) -> None:
    acknowledged = issue_until_killed(unchecked_world, 5)
    unchecked_world.now += unchecked_world.registry.terms.lease + timedelta(seconds=1)
    _let_upkeep_work(unchecked_world)
    check_registry(unchecked_world)
    with unchecked_world.registry.database.read() as connection:
        held = set(connection.execute(select(tables.certificate.c.identifier)).scalars())
    assert len(acknowledged) >= 5
    assert set(acknowledged) <= held


# --- what is asked ----------------------------------------------------------------------------------------------


def _issue_request(world: World) -> Request:
    content = food_order()
    return Request("issue", content, _ordered(world, content))


def _renew_request(world: World) -> Request:
    first = world.issue(food_order())
    content = food_order(replaces=first["identifier"], decision_number="示许〔2026〕2号")
    return Request("issue", content, _ordered(world, content))


def _batch_request(world: World) -> Request:
    first = world.issue(food_order())
    contents = [food_order(certificate_number=food_number(serial)) for serial in (2, 3)]
    contents.append(food_order(replaces=first["identifier"], decision_number="示许〔2026〕2号"))
    return Request("batch", contents, _ordered(world, {}), batch=new_name(world.registry))


def _change_request(world: World) -> Request:
    content = change_content(world.issue(food_order())["identifier"], "withdraw")
    verified = world.order(Ordered.CHANGE_STATUS, content, system="market", issuing_body=MARKET)
    return Request("change", content, verified)


def _erase_request(world: World) -> Request:
    """Two documents show the field: the files are deleted one after the other, each noted as gone."""
    identifier = world.issue(food_order())["identifier"]
    for edition in ("original", "duplicate"):
        world.document(world.named(identifier, edition))
    content = erasure_content(identifier, "legal_representative")
    verified, seconds = world.seconded(Ordered.ERASE, content, system="market", issuing_body=MARKET)
    return Request("erase", (content, seconds), verified)


def _pull_request(world: World) -> Request:
    world.issue(licence_order())
    world.issue(food_order())
    world.make_licence()
    content = granted_request(world.grant())
    jws = world.sign(Ordered.PULL, system="health", officer="h-001", request=content)
    return Request("pull", content, jws=jws)


def _compare_request(world: World) -> Request:
    world.issue(food_order())
    world.share()
    content = statutory_request() | {"certificate_type": "food_operation_permit", "values": {"business_items": "x"}}
    del content["wanted"]
    jws = world.sign(Ordered.COMPARE, system="health", officer="h-001", request=content)
    return Request("compare", content, jws=jws)


def _post_request(world: World) -> Request:
    world.issue(food_order())
    world.make_licence()
    return Request("post", world.sign_grant())


def _document_request(world: World) -> Request:
    return Request("document", world.named(world.issue(food_order())["identifier"]))


def _download_request(world: World) -> Request:
    world.document(world.named(world.issue(food_order())["identifier"]))
    world.make_licence()
    return Request("download", world.sign_application())


def _existing_request(world: World) -> Request:
    authority = foreign_authority()
    pdf = foreign_sealed(foreign_page(), foreign_seal(authority))
    order = {
        "identifier": world.issue(food_order())["identifier"],
        "issuing_body": MARKET,
        "file_sha256": sha256(pdf).hexdigest(),
        "origin": "示例旧证照系统",
    }
    verified = world.order(Ordered.TAKE_IN, order, system="market", issuing_body=MARKET)
    return Request("existing", (order, pdf, authority.der), verified)


def _undo_request(world: World) -> Request:
    """A file of three rows: a new certificate, its next version, and the next version of one that was there."""
    intakes = Intakes(world, world.settings.folder.parent)
    intakes.signed([type_row(1)])
    rows = [type_row(2), type_row(2, 决定日期="2026-11-20"), type_row(1, 决定日期="2026-11-20")]
    content = undo_content(intakes.signed(rows)["intake"])
    verified, seconds = intakes.order_undo(content)
    return Request("undo", content, verified, seconds=seconds)


def _penalties_request(world: World) -> Request:
    intakes = Intakes(world, world.settings.folder.parent)
    intakes.signed([type_row(1), type_row(2)])
    file = csv_file([penalty_row(1), penalty_row(2), penalty_row(1), penalty_row(3)])
    name = intakes.admit(file, form="penalty", source="publicity")
    intakes.send(name, file)
    return Request("penalties", name)


def _ordered(world: World, content: dict[str, Any]) -> Any:
    code = "food_operation_permit"
    return world.order(Ordered.ISSUE, content, system="market", certificate_type=code, issuing_body=MARKET)


REQUESTS = {
    "issue": _issue_request,
    "renew": _renew_request,
    "batch": _batch_request,
    "change": _change_request,
    "erase": _erase_request,
    "pull": _pull_request,
    "compare": _compare_request,
    "post": _post_request,
    "document": _document_request,
    "download": _download_request,
    "existing": _existing_request,
    "undo": _undo_request,
    "penalties": _penalties_request,
}

# --- what is counted --------------------------------------------------------------------------------------------

_COUNTED = {
    "certificates": tables.certificate,
    "changes": tables.status_change,
    "deliveries": tables.delivery,
    "grants": tables.grant_table,
    "misses": tables.comparison_miss,
    "documents": tables.document,
    "downloads": tables.download,
    "notices": tables.notice,
    "erasures": tables.erasure,
}
_ADDED = {
    "issue": {"certificates": 1},
    "renew": {"certificates": 1, "changes": 1},
    "batch": {"certificates": 3, "changes": 1},
    "change": {"changes": 1},
    "erase": {"erasures": 1},
    "pull": {"deliveries": 1},
    "compare": {"misses": 1},
    "post": {"grants": 1},
    "document": {"documents": 1},
    "download": {"downloads": 1},
    "existing": {"documents": 1},
    # Three are voided, and each of two versions that counted again says so; two tasks, and the row in the queue.
    "undo": {"changes": 5},
    "penalties": {"notices": 3},
}


def _counts(world: World) -> dict[str, int]:
    with world.registry.database.read() as connection:
        return {
            name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
            for name, table in _COUNTED.items()
        }


def _after(before: dict[str, int], act: str) -> dict[str, int]:
    return {name: count + _ADDED[act].get(name, 0) for name, count in before.items()}


def _check_what_is_left(world: World) -> None:
    """Hold what a kill left against the rules: all of it is in order, and every seal's payload is recorded."""
    with world.registry.database.read() as connection:
        assert find_faults(world, connection) == []
    assert set(_sealed_payloads(world)) <= set(_recorded_payloads(world)), "something sealed is recorded nowhere"


def _let_upkeep_work(world: World) -> None:
    """Start the hub again, as its upkeep does once leases and reservations have run out."""
    world.now += max(world.registry.terms.lease, world.registry.terms.reservation_term) + timedelta(seconds=1)
    complete_orphans(registry=world.registry, sealers=world.sealers, now=world.now)
    release_lapsed(registry=world.registry, now=world.now)
    delete_erased_files(registry=world.registry, files=world.workshop.files, now=world.now)
    _let_makers_work(world)


def _let_makers_work(world: World) -> None:
    with world.registry.database.read() as connection:
        waiting = DocumentReader(connection).waiting(world.now)
    for name in waiting:
        world.make(name)


def _sealed_payloads(world: World) -> list[str]:
    """Return the payload parts of the seals that the killed process made."""
    inputs = [each.decode().split(".") for each in signed_messages(world) if each.startswith(b"ey")]
    return [payload for header, payload in inputs if "dc+sd-jwt" in _header(header)["typ"]]


def _header(part: str) -> dict[str, Any]:
    return dict(orjson.loads(decode(part)))


def _recorded_payloads(world: World) -> list[str]:
    with world.registry.database.read() as connection:
        records = connection.execute(select(tables.record.c.payload)).scalars().all()
        intended = opened_intentions(IntentionReader(connection).all(), registry=world.registry)
    return [encode(bytes(each)) for each in records] + [encode(each.payload.encode()) for each in intended]
