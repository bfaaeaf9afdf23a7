"""Stories of examining: files that a hub really issued and delivered, shown to it again in good and in bad state."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from hub.custody.installation import make_trust_list
from hub.public.examination.forms import LARGEST_BYTES, LARGEST_FILE, Form
from hub.public.examination.offline import verify_offline
from hub.public.examination.online import examine, finder
from hub.public.examination.reader import Reader
from hub.public.examination.report import Examination, told
from hub.public.status_lists import StatusLists
from hub.steps.certificates.intentions import decrypt_disclosures
from hub.store.certificate import CertificateReader
from hub.web import problems
from hub.web.limits import AddressLimit, Room, Turns
from hub.web.public import examination
from schemas.tokens import ANSWER_TYP, STATUS_LIST_TYP
from schemas.verdict import Result
from signing.base64url import decode
from signing.jws import CompactSigner, sign_compact
from signing.sd_jwt import Record, Seal, make_disclosure, make_payload, seal
from tests.flows.world import (
    CATALOGUE,
    MARKET,
    ORIGIN,
    World,
    food_number,
    food_order,
    licence_order,
    statutory_request,
)


@pytest.fixture
def world(hub_world: World) -> World:
    """A hub with the 示例 shop's licence and food permit, which the health bureau may pull."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.share()
    return hub_world


def pulled(world: World) -> dict[str, Any]:
    """Return the answer of a pull of the food permit."""
    answer: dict[str, Any] = orjson.loads(orjson.dumps(world.pull(statutory_request())))
    return answer


def delivered(world: World) -> dict[str, Any]:
    """Return the delivered file of the food permit."""
    file: dict[str, Any] = pulled(world)["items"][0]["file"]
    return file


def examined(world: World, shown: Any) -> Examination:
    """Return what the hub says now of what is shown: bytes, or a document to be written as JSON."""
    raw = shown if isinstance(shown, bytes) else orjson.dumps(shown)
    return examine(raw, registry=world.registry, surroundings=world.surroundings(), read=Reader().read, now=world.now)


def outcome(world: World, shown: Any) -> tuple[str, str]:
    verdict = examined(world, shown).verdict
    return ("no verdict", "") if verdict is None else (verdict.outcome.value, verdict.reason)


def identifier_of(file: dict[str, Any]) -> str:
    return str(orjson.loads(decode(file["record"]["payload"]))["identifier"])


def stored_record(world: World, identifier: str) -> Record:
    """Return a record with everything that could be disclosed of it, as nobody is handed it."""
    with world.registry.database.read() as connection:
        serial = CertificateReader(connection).by_identifier([identifier])[identifier].serial
        stored = CertificateReader(connection).records([serial])[serial]
    private = decrypt_disclosures(stored.envelope, serial=serial, registry=world.registry)
    seals = tuple(Seal(**each) for each in stored.seals)
    return Record(stored.payload, seals, (*stored.public_disclosures, *private))


def resealed(world: World, record: Record, **changes: Any) -> bytes:
    """Return a record with changed claims under a genuine seal, as a body's own key might make it outside the hub."""
    claims = orjson.loads(record.payload)
    fresh = {name: value for name, value in claims.items() if name not in ("_sd", "_sd_alg")} | changes
    shown = make_disclosure("holder_name", "中山示例餐饮有限公司", bytes(16))
    payload = make_payload(fresh, [shown], digest_count=16, random=world.registry.random)
    made = seal(payload, signer=world.keys.signer(f"seal:{MARKET}"), statement=b"order")
    return Record(payload, (made,), (shown,)).to_json()


# --- delivered files ---


def test_delivered_file_is_valid_now(world: World) -> None:
    examination = examined(world, delivered(world))
    verdict = examination.verdict
    assert verdict is not None
    assert (verdict.outcome.value, verdict.reason, verdict.as_of) == ("valid", "good", world.now)
    assert {check.result for check in verdict.checks} == {Result.PASSED}
    labels = {fact.en: fact.value for fact in examination.findings[0].facts}
    assert labels["Holder"] == "中山示例餐饮有限公司"
    assert labels["Item and case"] == "440112001 2026-0001"


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("suspend", ("suspended", "suspended")),
        ("withdraw", ("not_valid", "withdrawn")),
        ("annul", ("not_valid", "annulled")),
        ("strip", ("not_valid", "stripped")),
        ("cancel", ("not_valid", "cancelled")),
    ],
)
def test_examination_tells_what_happened_since_delivery(world: World, act: str, expected: tuple[str, str]) -> None:
    file = delivered(world)
    world.change(identifier_of(file), act)
    assert outcome(world, file) == expected


def test_file_of_a_replaced_version_is_told_so(world: World) -> None:
    file = delivered(world)
    newer = {"valid_from": "2026-11-23", "valid_to": "2031-11-22", "decided_on": "2026-11-23"}
    world.issue(food_order(replaces=identifier_of(file), decision_number="示许〔2026〕2号", **newer))
    assert outcome(world, file) == ("not_valid", "superseded")


def test_holders_licence_counts_when_its_permit_is_examined(world: World) -> None:
    file = delivered(world)
    with world.registry.database.read() as connection:
        licence = CertificateReader(connection).current_of(statutory_request()["licence_number"], ["business_licence"])
    world.change(licence[0].identifier, "suspend")
    assert outcome(world, file) == ("suspended", "licence_suspended")


def test_file_is_not_valid_past_its_dates(world: World) -> None:
    world.issue(food_order(certificate_number=food_number(2), valid_to="2026-11-23"))
    answer = pulled(world)
    files = [item["file"] for item in answer["items"]]
    world.now += timedelta(days=1)
    assert sorted(outcome(world, file)[1] for file in files) == ["expired", "good"]


def test_copy_past_its_end_may_not_be_used(world: World) -> None:
    file = delivered(world)
    world.now += timedelta(days=20)
    make_trust_list(
        database=world.registry.database,
        keys=world.keys,
        installation=world.installation,
        e_licence_cert=world.simulator.anchor_der,
        now=world.now,
    )
    assert outcome(world, file) == ("valid", "good")
    world.now += timedelta(days=10)
    assert outcome(world, file) == ("not_valid", "note_ended")


def test_swapped_notes_of_two_deliveries_are_broken(world: World) -> None:
    one, other = delivered(world), delivered(world)
    world.issue(food_order(certificate_number=food_number(2)))
    both = [item["file"] for item in pulled(world)["items"]]
    more = world.pull(statutory_request(types=[{"certificate_type": "food_operation_permit", "fields": []}]))
    fewer = orjson.loads(orjson.dumps(more["items"][0]["file"]))
    assert outcome(world, one | {"note": other["note"]}) == ("valid", "good")  # the same bytes to the same requester
    assert outcome(world, both[1] | {"note": one["note"]}) == ("not_valid", "note_broken")
    assert outcome(world, one | {"note": fewer["note"]}) == ("not_valid", "note_broken")


def test_altered_file_is_never_accepted(world: World) -> None:
    raw = orjson.dumps(delivered(world))
    changed = [raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :] for place in range(0, len(raw), 61)]
    found = {outcome(world, each) for each in changed}
    accepted = {("valid", "good"), ("suspended", "suspended")}
    assert not found & accepted


def test_whole_answer_of_a_pull_lists_each_file_and_reads_as_its_worst(world: World) -> None:
    world.issue(food_order(certificate_number=food_number(2)))
    answer = pulled(world)
    world.change(identifier_of(answer["items"][1]["file"]), "suspend")
    examination = examined(world, answer)
    assert [each.verdict.outcome.value for each in examination.findings] == ["valid", "suspended"]
    result = told(examination)
    assert (result["kind"], result["outcome"], len(result["certificates"])) == ("pull_answer", "suspended", 2)


def test_note_alone_is_no_certificate(world: World) -> None:
    answer = pulled(world)
    assert outcome(world, answer["note"].encode()) == ("unknown", "record_not_shown")
    world.change(identifier_of(answer["items"][0]["file"]), "withdraw")
    assert outcome(world, answer["note"].encode()) == ("not_valid", "withdrawn")


# --- records ---


def test_record_with_public_fields_alone_is_valid_without_a_note(world: World) -> None:
    record = stored_record(world, identifier_of(delivered(world)))
    public = record.presenting(["holder_name", "business_items"])
    assert outcome(world, public.to_json()) == ("valid", "good")
    assert outcome(world, public.to_compact().encode()) == ("valid", "good")


def test_record_with_more_than_public_fields_and_no_note_is_doubtful(hub_world: World) -> None:
    fields = food_order()["fields"] | {"food_safety_manager": "示例乙"}
    issued = hub_world.issue(food_order(fields=fields))
    record = stored_record(hub_world, issued["identifier"])
    assert outcome(hub_world, record.to_json()) == ("unknown", "note_missing")


def test_genuine_seal_on_bytes_the_hub_never_issued_is_not_accepted(world: World) -> None:
    record = stored_record(world, identifier_of(delivered(world)))
    assert outcome(world, resealed(world, record, valid_to="2099-01-01")) == ("not_valid", "not_issued_file")
    never = "1.2.156.3005.2.11100000MB2D00001X001.11442000MB2D00001X.9999999999.001.A"
    assert outcome(world, resealed(world, record, identifier=never)) == ("not_valid", "record_not_issued")


def test_another_genuine_seal_on_issued_bytes_is_not_the_issued_file(world: World) -> None:
    record = stored_record(world, identifier_of(delivered(world))).presenting(["holder_name"])
    again = seal(record.payload, signer=world.keys.signer(f"seal:{MARKET}"), statement=b"order")
    other = Record(record.payload, (again,), record.disclosures)
    assert outcome(world, other.to_json()) == ("not_valid", "not_issued_file")


def test_without_a_trust_list_in_force_nothing_is_confirmed(world: World) -> None:
    answer = pulled(world)
    file = answer["items"][0]["file"]
    world.now = world.registry.trust().expires_at
    found = {outcome(world, file), outcome(world, answer["note"].encode())}
    assert found == {("unknown", "trust_list_missing")}


# --- signed answers, names, and what is not ours ---


def test_signed_answer_is_read_against_the_registry_now(world: World) -> None:
    identifier = identifier_of(delivered(world))
    with world.registry.database.read() as connection:
        reference = CertificateReader(connection).by_identifier([identifier])[identifier].reference
    raw = signed_answer(world, world.scan_certificate(reference))
    assert outcome(world, raw) == ("valid", "good")
    world.change(identifier, "withdraw")
    assert outcome(world, raw) == ("not_valid", "withdrawn")
    assert outcome(world, raw[:-8] + b"AAAAAAAA") == ("not_valid", "seal_broken")


def test_signed_answer_about_an_enterprise_names_every_certificate(world: World) -> None:
    issued = world.issue(food_order(certificate_number=food_number(2)))
    raw = signed_answer(world, world.scan_enterprise(issued["holder_reference"]))
    world.change(issued["identifier"], "strip")
    findings = examined(world, raw).findings
    assert sorted(each.verdict.outcome.value for each in findings) == ["not_valid", "valid", "valid"]


def signed_answer(world: World, answer: dict[str, Any]) -> bytes:
    """Sign an answer as the scan door does."""
    issued_at = int(world.now.timestamp())
    payload = {"iss": ORIGIN, "iat": issued_at, "exp": issued_at + 600} | answer
    return sign_compact(orjson.dumps(payload), signer=world.keys.signer("hub:answers"), typ=ANSWER_TYP).encode()


def test_identifier_leads_to_its_certificates_page(world: World) -> None:
    issued = world.issue(food_order(certificate_number=food_number(2)))
    found = examined(world, issued["identifier"].encode())
    assert (found.form, found.opens) == (Form.NAME, (f"/c/{issued['reference']}",))
    address = f"{ORIGIN}/C/{issued['reference']}".encode()
    assert examined(world, address).opens == (f"/c/{issued['reference']}",)


def test_certificate_of_another_kind_of_hub_is_not_ours(world: World) -> None:
    missing = b"1.2.156.3005.2.11100000MB2D00001X001.11442000MB2D00001X.9999999999.001.A"
    result = told(examined(world, missing))
    assert result["outcome"] is None
    assert result["reason"] in ("name_not_found", "number_check")


# --- offline, with what the hub publishes ---


def test_delivered_file_verifies_offline_with_what_the_hub_publishes(world: World) -> None:
    file = delivered(world)
    assert offline(world, file, None) == ("unknown", "status_as_signed")
    assert offline(world, file, fetched_list(world)) == ("valid", "good_by_list")
    world.change(identifier_of(file), "withdraw")
    assert offline(world, file, fetched_list(world)) == ("not_valid", "status_ended")


def offline(world: World, file: dict[str, Any], status: str | None) -> tuple[str, str]:
    verdict = verify_offline(
        orjson.dumps(file),
        trust=world.registry.trust(),
        find_type=finder(CATALOGUE),
        status_token=status,
        now=world.now,
        max_age=None,
    ).verdict
    assert verdict is not None
    return verdict.outcome.value, verdict.reason


def fetched_list(world: World) -> str:
    """Return the status list as the hub publishes it now."""
    signer = CompactSigner(world.keys.signer("hub:status"), STATUS_LIST_TYP)
    return StatusLists(world.registry, signer, timedelta(minutes=5)).token(0, world.now)


# --- the doors ---


def send(
    world: World, method: str, path: str, *, rate: str = "1000/minute", times: int = 1, **request: Any
) -> Response:
    """Send a request to the doors of examination, `times` over; return the last answer."""
    api = FastAPI()
    problems.register(api)
    api.include_router(
        examination.routes(
            world.registry,
            lambda now: world.surroundings(),
            shown_page,
            AddressLimit(rate),
            Reader().read,
            Turns(1),
            Room(100_000_000),
        )
    )

    async def ask() -> Response:
        async with AsyncClient(transport=ASGITransport(api), base_url=ORIGIN) as client:
            answers = [await client.request(method, path, **request) for _ in range(times)]
        return answers[-1]

    return asyncio.run(ask())


def shown_page(name: str, shown: Any, language: str) -> bytes:
    """Show a page as plain JSON: how it looks is not the door's business."""
    return orjson.dumps({"page": name, "language": language} | shown)


def test_api_verifies_the_body_whatever_its_media_type(world: World) -> None:
    raw = orjson.dumps(delivered(world))
    answer = send(world, "POST", "/api/v1/verifications", content=raw, headers={"content-type": "image/png"})
    result = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    # The clock of the door is the machine's: the copy may have ended, but its seal holds on any day.
    assert (result["kind"], result["checks"][0]["result"]) == ("delivered", "passed")
    assert send(world, "POST", "/api/v1/verifications", content=b"\xff").json()["kind"] == "unknown_form"


def test_page_takes_a_pasted_text_or_a_file(world: World) -> None:
    file = delivered(world)
    pasted = send(world, "POST", "/verify", data={"text": orjson.dumps(file).decode()})
    uploaded = send(world, "POST", "/verify?lang=en", files={"file": ("证照.json", orjson.dumps(file))})
    assert [each.json()["result"]["kind"] for each in (pasted, uploaded)] == ["delivered", "delivered"]
    assert [each.json()["language"] for each in (pasted, uploaded)] == ["zh", "en"]
    assert uploaded.headers["cache-control"] == "no-store"
    assert send(world, "GET", "/verify").json() == {"page": "verify", "language": "zh", "result": None}


def test_uploads_past_the_limits_are_refused(unchecked_world: World) -> None:
    world = unchecked_world
    door = "/api/v1/verifications"
    largest = send(world, "POST", door, content=b"a" * LARGEST_BYTES)
    larger = send(world, "POST", door, content=b"a" * (LARGEST_FILE + 1))
    upload = send(world, "POST", "/verify", files={"file": b"a" * (LARGEST_FILE + 20_000)})
    often = send(world, "POST", door, content=b"x", rate="2/minute", times=3)
    assert [each.status_code for each in (largest, larger, upload, often)] == [200, 413, 413, 429]
    assert larger.json()["code"] == "body_too_long"
