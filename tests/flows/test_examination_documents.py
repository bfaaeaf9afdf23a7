"""Stories of examining documents: a PDF, its XML, a copy, a picture, as a hub made them and as others changed them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import orjson
import pytest
from PIL import Image

from hub.custody.installation import make_trust_list
from hub.documents.downloads import copies_of_delivery, delivery_of
from hub.public.examination.extracted import Extracted, PdfRead, Unread, read_answer, to_answer
from hub.public.examination.forms import Form
from hub.public.examination.offline_documents import verify_file_offline
from hub.public.examination.online import examine, finder
from hub.public.examination.reader import Reader
from hub.public.examination.reading_child import extract
from hub.public.examination.report import Examination, told
from hub.public.status_lists import StatusLists
from hub.steps.certificates.intentions import new_name
from hub.steps.documents.content import Content, content_of
from hub.steps.documents.xml import element_of
from hub.store.certificate import CertificateReader
from hub.web.public.qr import qr_png
from schemas.tokens import STATUS_LIST_TYP
from schemas.verdict import CheckName, Result
from signing.algorithms import P256_ORDER
from signing.jws import CompactSigner
from signing.pdf import seal_pdf
from signing.signers import Signer
from signing.xml import XmlParts, extract_xml, seal_xml, written_xml
from tests.flows.world import (
    CATALOGUE,
    DRAWN,
    HEALTH,
    MARKET,
    ORIGIN,
    World,
    food_number,
    food_order,
    licence_order,
    statutory_request,
)
from tests.signing.authority import new_city


@pytest.fixture
def world(hub_world: World) -> World:
    """A hub with the 示例 shop's licence, of which the health bureau may pull the food permit."""
    hub_world.issue(licence_order())
    hub_world.share()
    return hub_world


def issued(world: World, **changes: Any) -> str:
    """Return the identifier of a new food permit."""
    return str(world.issue(food_order(**changes))["identifier"])


def master(world: World, identifier: str, edition: str = "original", language: str = "zh") -> bytes:
    return world.document(world.named(identifier, edition, language)).pdf


def copy(world: World, **request: Any) -> bytes:
    """Return the copy of the food permit that the health bureau was delivered."""
    answer = world.pull(statutory_request(**request))
    delivery = delivery_of(answer["delivery"], requester=HEALTH, registry=world.registry, now=world.now)
    wanted = copies_of_delivery(delivery, language="zh", registry=world.registry)
    return world.document(wanted[0].name).pdf


def attached(pdf: bytes, name: str = "certificate.xml") -> bytes:
    found = extract(pdf)
    assert isinstance(found, PdfRead)
    return dict(found.parts.attachments)[name]


def read_here(raw: bytes) -> Extracted:
    """Take a file apart as a child does, without one: for files by the hundred."""
    try:
        return read_answer(to_answer(extract(raw)))
    except Exception:
        return Unread("unreadable")


def examined(world: World, raw: bytes, read: Callable[[bytes], Extracted] = read_here) -> Examination:
    return examine(raw, registry=world.registry, surroundings=world.surroundings(), read=read, now=world.now)


def outcome(world: World, raw: bytes) -> tuple[str, str]:
    examination = examined(world, raw)
    verdict = examination.verdict
    return ("no verdict", examination.reason) if verdict is None else (verdict.outcome.value, verdict.reason)


def offline(world: World, raw: bytes, status: str | None = None) -> tuple[str, str]:
    """Return what somebody finds out with what the hub publishes and nothing else."""
    verdict = verify_file_offline(
        raw,
        read=read_here,
        trust=world.registry.trust(),
        find_type=finder(CATALOGUE),
        status_token=status,
        now=world.now,
        max_age=None,
    ).verdict
    return ("no verdict", "") if verdict is None else (verdict.outcome.value, verdict.reason)


# --- masters ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("edition", "language"), [("original", "zh"), ("duplicate", "en")])
def test_document_as_it_was_made_is_valid_now(world: World, edition: str, language: str) -> None:
    pdf = master(world, issued(world), edition, language)
    examination = examined(world, pdf, Reader().read)
    verdict = examination.verdict
    assert verdict is not None
    assert (examination.form, verdict.outcome.value, verdict.reason) == (Form.PDF, "valid", "good")
    assert {check.result for check in verdict.checks} == {Result.PASSED}
    reasons = {check.name: check.reason for check in verdict.checks}
    assert reasons[CheckName.RIGHT_TO_HOLD] == "own_document"


def test_xml_inside_is_valid_alone_and_says_the_same(world: World) -> None:
    pdf = master(world, issued(world))
    xml = examined(world, attached(pdf), Reader().read)
    assert xml.verdict is not None
    assert (xml.form, xml.verdict.outcome.value, xml.verdict.reason) == (Form.XML, "valid", "good")
    assert xml.findings[0].facts == examined(world, pdf).findings[0].facts
    labels = {fact.en: fact.value for fact in xml.findings[0].facts}
    assert (labels["Holder"], labels["Document"]) == ("中山示例餐饮有限公司", "正本 original")
    assert labels["Permitted items"] == "热食类食品制售"


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
def test_examination_tells_what_happened_since_sealing(world: World, act: str, expected: tuple[str, str]) -> None:
    identifier = issued(world)
    pdf = master(world, identifier)
    world.change(identifier, act)
    assert {outcome(world, pdf), outcome(world, attached(pdf))} == {expected}


def test_document_of_a_replaced_version_is_told_so(world: World) -> None:
    identifier = issued(world)
    pdf = master(world, identifier)
    issued(world, replaces=identifier, decision_number="示许〔2026〕2号")
    assert outcome(world, pdf) == ("not_valid", "superseded")


def test_document_is_not_valid_past_its_dates(world: World) -> None:
    pdf = master(world, issued(world, valid_to="2026-11-23"))
    world.now += timedelta(days=1)
    assert outcome(world, pdf) == ("not_valid", "expired")


def test_without_a_trust_list_in_force_no_document_is_confirmed(world: World) -> None:
    pdf = master(world, issued(world))
    world.now = world.registry.trust().expires_at
    assert outcome(world, pdf) == ("unknown", "trust_list_missing")


# --- changed ----------------------------------------------------------------------------------------------------


def test_changed_bit_anywhere_is_never_accepted(world: World) -> None:
    pdf = master(world, issued(world))
    changed = [pdf[:at] + bytes([pdf[at] ^ 1 << at % 8]) + pdf[at + 1 :] for at in range(0, len(pdf), 151)]
    assert {outcome(world, each) for each in changed} <= {("not_valid", "seal_broken"), ("no verdict", "not_ours")}
    xml = attached(pdf)
    changed = [xml[:at] + bytes([xml[at] ^ 1]) + xml[at + 1 :] for at in range(0, len(xml), 23)]
    found = {outcome(world, each) for each in changed}
    assert found <= {("not_valid", "seal_broken"), ("not_valid", "seal_unlisted"), ("no verdict", "not_ours")}


def test_changed_document_is_called_changed_and_shows_nothing(world: World) -> None:
    pdf = master(world, issued(world))
    places = [b"/Filter /FlateDecode", b"xref\n0 ", b"%%EOF"]
    changed = [pdf.replace(place, place[::-1], 1) for place in places] + [pdf + b"\n", pdf[:-1], b"\n" + pdf]
    results = [told(examined(world, each, Reader().read)) for each in changed[:-1]]
    assert {each["reason_zh"] for each in results} == {"文件被改动过，请勿采用。"}
    assert [each["facts"] for each in results] == [[]] * len(results)
    assert outcome(world, changed[-1]) == ("no verdict", "not_ours")


def test_xml_around_a_genuine_one_is_called_changed(world: World) -> None:
    xml = attached(master(world, issued(world)))
    around = [b"<x>" + xml + b"</x>", b"\xef\xbb\xbf" + xml, b" " + xml, xml.replace(b"\n", b"\r\n"), xml + xml]
    doctype = xml.replace(b"<sealed", b'<!DOCTYPE sealed [<!ENTITY x "y">]><sealed', 1)
    assert {outcome(world, each) for each in [*around, doctype]} == {("not_valid", "seal_broken")}


def test_file_that_never_called_itself_ours_gets_no_verdict(world: World) -> None:
    strange = [b"%PDF-1.7\n", b"%PDF-1.4 of somebody else", b"<html><body>", b"<?xml version='1.0'?><x/>"]
    assert {outcome(world, each) for each in strange} == {("no verdict", "not_ours")}


# --- genuine, but not issued ------------------------------------------------------------------------------------


def sealed_outside(world: World, content: Content, xml_signer: Signer, pdf_signer: Signer | None = None) -> bytes:
    """Return a document made with real keys behind the hub's back: drawn, sealed and recorded nowhere."""
    kind = CATALOGUE.get(content.certificate_type, content.type_version)
    element = element_of(content, kind)
    xml = seal_xml(element, signer=xml_signer, statement=b"order", sealed_at=content.sealed_at)
    drawn = DRAWN.pages(content.with_xml(xml))
    return seal_pdf(
        drawn.pdf,
        signer=pdf_signer or xml_signer,
        statement=b"order",
        sealed_at=content.sealed_at,
        page=drawn.seal_page,
        rect=drawn.seal_rect,
        name=content.issuing_body_name,
        reason=content.reason,
    )


def content_now(world: World, identifier: str) -> Content:
    """Return what a document of this certificate would say now."""
    name = world.named(identifier)
    with world.registry.database.read() as connection:
        certificate = CertificateReader(connection).by_identifier([identifier])[identifier]
        act = new_name(world.registry)
        return content_of(name, certificate, act_id=act, registry=world.registry, connection=connection, now=world.now)


def test_genuine_seal_on_a_document_the_hub_never_made_is_not_accepted(world: World) -> None:
    identifier = issued(world)
    master(world, identifier)
    pdf = sealed_outside(world, content_now(world, identifier), world.sealers(MARKET))
    assert outcome(world, pdf) == ("not_valid", "not_issued_file")
    assert outcome(world, attached(pdf)) == ("not_valid", "not_issued_file")


def test_document_of_a_certificate_nobody_issued_is_not_accepted(world: World) -> None:
    content = content_now(world, issued(world))
    never = "1.2.156.3005.2.11100000MB2D00001X001.11442000MB2D00001X.9999999999.001.A"
    pdf = sealed_outside(world, replace(content, claims={**content.claims, "identifier": never}), world.sealers(MARKET))
    assert outcome(world, pdf) == ("not_valid", "record_not_issued")


def test_twin_of_a_genuine_xml_signature_is_not_the_issued_file(world: World) -> None:
    parts = extract_xml(attached(master(world, issued(world))))
    r, s = parts.signature[:32], int.from_bytes(parts.signature[32:], "big")
    twin = XmlParts(*_others(parts), signature=r + (P256_ORDER - s).to_bytes(32, "big"), cert_der=parts.cert_der)
    assert outcome(world, written_xml(twin)) == ("not_valid", "not_issued_file")


def _others(parts: XmlParts) -> tuple[bytes, bytes, bytes]:
    return parts.element, parts.signed_info, parts.signed_properties


def test_seal_of_another_body_or_of_a_stranger_does_not_count(world: World) -> None:
    content, stranger = content_now(world, issued(world)), new_city().seal.signer
    market, health, copies = world.sealers(MARKET), world.sealers(HEALTH), world.sealers("copies")
    by_others = [sealed_outside(world, content, each) for each in (health, copies, stranger)]
    assert {outcome(world, each) for each in by_others} == {("not_valid", "seal_unlisted")}
    mixed = [sealed_outside(world, content, market, health), sealed_outside(world, content, health, market)]
    assert {outcome(world, each) for each in mixed} == {("not_valid", "seal_broken")}


# --- copies -----------------------------------------------------------------------------------------------------


def test_copy_is_valid_and_says_for_whom_it_was_made(world: World) -> None:
    issued(world)
    examination = examined(world, copy(world), Reader().read)
    assert examination.verdict is not None
    assert (examination.verdict.outcome.value, examination.verdict.reason) == ("valid", "good")
    assert {check.result for check in examination.verdict.checks} == {Result.PASSED}
    labels = {fact.en: fact.value for fact in examination.findings[0].facts}
    assert labels["Document"] == "加注件 copy"
    assert labels["Item and case"] == "440112001 2026-0001"
    assert "Food safety manager" not in labels, "a field that was not permitted"


def test_copy_past_its_end_may_not_be_used(world: World) -> None:
    issued(world)
    pdf = copy(world)
    world.now += timedelta(days=20)
    renew_trust_list(world)
    assert outcome(world, pdf) == ("valid", "good")
    world.now += timedelta(days=10)
    assert outcome(world, pdf) == ("not_valid", "note_ended")
    assert outcome(world, attached(pdf)) == ("not_valid", "note_ended")


def renew_trust_list(world: World) -> None:
    make_trust_list(
        database=world.registry.database,
        keys=world.keys,
        installation=world.installation,
        e_licence_cert=world.simulator.anchor_der,
        now=world.now,
    )


def test_copy_of_what_was_withdrawn_is_not_valid(world: World) -> None:
    identifier = issued(world)
    pdf = copy(world)
    world.change(identifier, "withdraw")
    assert outcome(world, pdf) == ("not_valid", "withdrawn")


def test_xml_of_a_copy_without_its_delivery_note_shows_no_right_to_hold_it(world: World) -> None:
    issued(world)
    assert outcome(world, attached(copy(world))) == ("unknown", "note_missing")


def test_delivered_file_inside_a_copy_is_valid_alone(world: World) -> None:
    issued(world)
    assert outcome(world, attached(copy(world), "delivered.json")) == ("valid", "good")


def test_parts_of_two_genuine_copies_do_not_belong_together(world: World) -> None:
    issued(world)
    other = attached(copy(world), "delivered.json").decode()
    issued(world, certificate_number=food_number(2))
    another = orjson.dumps(world.pull(statutory_request())["items"][1]["file"]).decode()
    found = [outcome(world, copy_around(world, each)) for each in (other, another, "{}")]
    assert found == [("not_valid", "seal_broken")] * 2 + [("not_valid", "record_malformed")]


def copy_around(world: World, delivered: str) -> bytes:
    """Return a copy that the hub's own key has sealed around another delivered file."""
    workshop = world.workshop
    world.workshop = replace(workshop, draw=lambda content: workshop.draw(replace(content, delivered=delivered)))
    try:
        return copy(world)
    finally:
        world.workshop = workshop


def test_child_that_shows_another_attached_file_than_a_genuine_copy_has_is_not_believed(world: World) -> None:
    issued(world)
    one, other = copy(world), copy(world)
    lies = [read_with(one, name, attached(other, name)) for name in ("delivered.json", "certificate.xml")]
    verdicts = [examined(world, one, each).verdict for each in lies]
    assert [each and (each.outcome.value, each.reason) for each in verdicts] == [("not_valid", "seal_broken")] * 2


def read_with(pdf: bytes, name: str, content: bytes) -> Callable[[bytes], Extracted]:
    """Return what a child says that shows another attached file than a genuine PDF has."""
    found: Any = extract(pdf)
    inside = dict(found.parts.attachments) | {name: content}
    said = replace(found, parts=replace(found.parts, attachments=tuple(inside.items())))
    return lambda _: said


def test_child_that_lies_about_a_genuine_file_has_nothing_accepted(world: World) -> None:
    one, other = master(world, issued(world)), master(world, issued(world, certificate_number=food_number(2)))
    found: Any = extract(one)
    wrapped = b"<x>" + attached(one) + b"</x>"
    lies = [
        (one, replace(found, xml=extract_xml(attached(other)))),
        (other, found),
        (wrapped, extract(attached(one))),
        (one, replace(found, xml=None)),
    ]
    verdicts = [examined(world, raw, lambda _, said=said: said).verdict for raw, said in lies]  # type: ignore[misc]
    assert {each and each.outcome.value for each in verdicts} == {"not_valid"}


# --- pictures ---------------------------------------------------------------------------------------------------


def photograph(*texts: str, kind: str = "JPEG") -> bytes:
    """Return a picture with a QR code for each text."""
    taken = Image.new("RGB", (500 * max(1, len(texts)), 500), "lightgrey")
    for place, text in enumerate(texts):
        taken.paste(Image.open(BytesIO(qr_png(text, 8))).resize((400, 400)), (500 * place + 40, 50))
    written = BytesIO()
    taken.save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_photographed_code_leads_to_its_page(world: World, kind: str) -> None:
    reference = world.issue(food_order())["reference"]
    raw = photograph("https://weixin.example/x", f"{ORIGIN}/C/{reference}", kind=kind)
    found = examined(world, raw, Reader().read)
    assert (found.form, found.opens, found.reason) == (Form.NAME, (f"/c/{reference}",), "name")


def test_picture_of_anything_else_says_what_is_the_matter(world: World) -> None:
    foreign = photograph("https://other.example/C/7A0ANDJWF0EGKSJKQND5VG86E3")
    results = [told(examined(world, raw)) for raw in (foreign, photograph(), b"\xff\xd8\xff cut")]
    assert [each["reason"] for each in results] == ["other_origin", "no_code", "unreadable"]
    assert {each["outcome"] for each in results} == {None}


# --- offline ----------------------------------------------------------------------------------------------------


def published_list(world: World) -> str:
    """Return the status list as the hub publishes it now."""
    signer = CompactSigner(world.keys.signer("hub:status"), STATUS_LIST_TYP)
    return StatusLists(world.registry, signer, timedelta(minutes=5)).token(0, world.now)


def test_master_offline_is_as_sealed_and_unknown_since(world: World) -> None:
    pdf = master(world, issued(world))
    assert {offline(world, pdf), offline(world, attached(pdf))} == {("unknown", "status_as_signed")}
    assert offline(world, pdf.replace(b"%%EOF", b"%%EOE")) == ("not_valid", "seal_broken")
    world.now += timedelta(days=3000)
    assert offline(world, pdf) == ("not_valid", "expired")


def test_master_and_copy_offline_are_told_by_a_status_list(world: World) -> None:
    identifier = issued(world)
    shown = [copy(world), master(world, identifier), attached(master(world, identifier))]
    assert {offline(world, each) for each in shown} == {("unknown", "status_as_signed")}
    assert {offline(world, each, published_list(world)) for each in shown} == {("valid", "good_by_list")}
    world.change(identifier, "withdraw")
    assert {offline(world, each, published_list(world)) for each in shown} == {("not_valid", "status_ended")}


def test_picture_offline_names_what_its_code_says(world: World) -> None:
    assert offline(world, photograph(f"{ORIGIN}/C/7A0ANDJWF0EGKSJKQND5VG86E3")) == ("no verdict", "")
