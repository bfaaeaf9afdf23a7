"""Making documents: an act with intention, seals and entry, only of what is valid, once, and the same again."""

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from hub.app.seeing import Sealing
from hub.custody.installation import TrustInForce
from hub.documents.making import made_document
from hub.documents.worker import DocumentWorker, Maker
from hub.errors import DocumentError
from hub.steps.documents.content import Content
from hub.steps.documents.faces.drawing import DrawnPages
from hub.store.document import DocumentName, DocumentReader, StoredDocument
from hub.store.entry import EntryReader
from schemas.evidence import Kind
from signing.jws import parse_json
from signing.signers import Signer
from tests.flows.refusals import refused
from tests.flows.world import MARKET, World, food_number, food_order, licence_order


def _issued(world: World, **changes: object) -> str:
    return str(world.issue(food_order(**changes))["identifier"])


def _acts(world: World, kind: Kind) -> list[dict[str, object]]:
    with world.registry.database.read() as connection:
        return [parse_json(each.act_bytes) for each in EntryReader(connection).all() if each.kind == kind]


def _waiting(world: World) -> list[DocumentName]:
    with world.registry.database.read() as connection:
        return DocumentReader(connection).waiting(world.now)


def _worker(world: World) -> DocumentWorker:
    maker = Maker(world.registry, world.sealers, world.workshop, lambda: world.now)
    return DocumentWorker(maker, threads=1)


def test_document_is_made_once_and_given_again(hub_world: World) -> None:
    name = hub_world.named(_issued(hub_world))
    assert hub_world.want(name) is None
    made = hub_world.make(name)
    again = hub_world.want(name)
    assert again is not None
    assert (again.stored, hub_world.make(name)) == (made, None)
    assert again.pdf.startswith(b"%PDF-1.7")


def test_document_is_entered_with_its_digest_after_the_issue(hub_world: World) -> None:
    made = hub_world.document(hub_world.named(_issued(hub_world))).stored
    (issue,) = _acts(hub_world, Kind.ISSUE)
    (entered,) = _acts(hub_world, Kind.DOCUMENT)
    assert (entered["act_id"], entered["sealed"]) == (made.act_id, made.sha256)
    assert entered["previous"] == issue["act_id"]


def test_every_edition_and_language_is_a_document_of_its_own(hub_world: World) -> None:
    identifier = _issued(hub_world)
    names = [
        hub_world.named(identifier, edition, lang) for edition in ("original", "duplicate") for lang in ("zh", "en")
    ]
    made = {hub_world.document(name).stored.sha256 for name in names}
    assert len(made) == 4


def test_order_may_want_its_documents_at_once(hub_world: World) -> None:
    identifier = _issued(hub_world, documents=["duplicate", "original"])
    assert _waiting(hub_world) == [hub_world.named(identifier), hub_world.named(identifier, "duplicate")]
    assert _worker(hub_world).make_waiting() == 2
    assert _waiting(hub_world) == []
    assert hub_world.want(hub_world.named(identifier, "duplicate")) is not None


def test_order_that_wants_an_edition_nobody_has_is_refused(hub_world: World) -> None:
    with refused("fields_wrong"):
        _issued(hub_world, documents=["poster"])


@pytest.mark.parametrize(
    ("act", "more"),
    [
        ("suspend", {"until": "2027-01-31"}),
        ("withdraw", {}),
        ("annul", {}),
        ("strip", {}),
        ("cancel", {}),
    ],
)
def test_no_document_is_made_of_what_is_not_valid(hub_world: World, act: str, more: dict[str, str]) -> None:
    identifier = _issued(hub_world)
    hub_world.change(identifier, act, **more)
    with refused("document_status"):
        hub_world.want(hub_world.named(identifier))


def test_no_document_is_made_of_a_version_that_was_replaced(hub_world: World) -> None:
    old = _issued(hub_world)
    new = _issued(hub_world, replaces=old, decision_number="示许〔2026〕2号")
    with refused("document_status"):
        hub_world.want(hub_world.named(old))
    assert hub_world.document(hub_world.named(new)).pdf


def test_no_document_is_made_after_the_last_day(hub_world: World) -> None:
    name = hub_world.named(_issued(hub_world, valid_to=date(2026, 12, 1).isoformat(), valid_from="2025-12-02"))
    hub_world.now += timedelta(days=30)
    with refused("document_status"):
        hub_world.want(name)


def test_status_that_changes_while_a_document_is_made_ends_it_with_an_entry(hub_world: World) -> None:
    identifier = _issued(hub_world)
    name, workshop = hub_world.named(identifier), hub_world.workshop
    hub_world.want(name)

    def withdraw_meanwhile(content: Content) -> DrawnPages:
        hub_world.change(identifier, "withdraw")
        return workshop.draw(content)

    hub_world.workshop = replace(workshop, draw=withdraw_meanwhile)
    assert hub_world.make(name) is None
    (entered,) = _acts(hub_world, Kind.DOCUMENT_REFUSED)
    assert len(str(entered["sealed"])) == 64
    assert _acts(hub_world, Kind.DOCUMENT) == []


def test_character_without_a_glyph_is_named_and_nothing_is_drawn(hub_world: World) -> None:
    name = hub_world.named(_issued(hub_world, holder_name="中山示例\U0003134a馆"))
    hub_world.want(name)
    assert hub_world.make(name) is None
    with hub_world.registry.database.read() as connection:
        opened = DocumentReader(connection).open(name)
    assert opened is not None
    assert opened.problem == {"code": "glyph_missing", "facts": {"character": "\U0003134a"}}


def test_words_of_a_pdfs_structure_in_a_record_end_its_document(hub_world: World) -> None:
    name = hub_world.named(_issued(hub_world, holder_name="中山示例/ByteRange馆"))
    hub_world.want(name)
    assert hub_world.make(name) is None
    with refused("document_form"):
        made_document(name, registry=hub_world.registry, files=hub_world.workshop.files, now=hub_world.now)
    assert len(_acts(hub_world, Kind.DOCUMENT_REFUSED)) == 1, "its XML was sealed"


def test_character_without_a_glyph_is_not_tried_again_at_once(hub_world: World) -> None:
    name = hub_world.named(_issued(hub_world, holder_name="中山示例\U0003134a馆"))
    for _ in range(3):
        hub_world.want(name)
        hub_world.make(name)
    assert len(_acts(hub_world, Kind.DOCUMENT_REFUSED)) == 1
    hub_world.now += timedelta(minutes=5)
    hub_world.want(name)
    assert _waiting(hub_world) == [name]


@pytest.mark.parametrize(("act", "status"), [("withdraw", "licence_withdrawn"), ("suspend", "licence_suspended")])
def test_no_document_is_made_while_the_licence_does_not_stand(hub_world: World, act: str, status: str) -> None:
    licence = str(hub_world.issue(licence_order())["identifier"])
    name = hub_world.named(_issued(hub_world))
    assert hub_world.document(name).pdf
    hub_world.change(licence, act, **({"until": "2027-01-31"} if act == "suspend" else {}))
    with pytest.raises(DocumentError) as refusal:
        hub_world.want(name)
    assert (refusal.value.code, refusal.value.facts) == ("document_status", {"status": status})


def test_no_document_is_made_before_the_first_day(hub_world: World) -> None:
    name = hub_world.named(_issued(hub_world, valid_from="2026-12-01"))
    with refused("document_status"):
        hub_world.want(name)


def test_document_under_a_revoked_seal_is_of_no_use_and_no_other_is_made(
    hub_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = hub_world.named(_issued(hub_world))
    made = hub_world.document(name)
    _revoke_seals(hub_world, monkeypatch)
    assert hub_world.want(name) is None
    assert hub_world.make(name) is None
    assert [each["sealed"] for each in _acts(hub_world, Kind.DOCUMENT)] == [made.stored.sha256]
    with refused("seal_not_listed"):
        made_document(name, registry=hub_world.registry, files=hub_world.workshop.files, now=hub_world.now)


def test_seal_revoked_while_a_page_is_drawn_does_not_seal_it(hub_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    name, workshop = hub_world.named(_issued(hub_world)), hub_world.workshop
    hub_world.want(name)

    def revoke_meanwhile(content: Content) -> DrawnPages:
        _revoke_seals(hub_world, monkeypatch)
        return workshop.draw(content)

    hub_world.workshop = replace(workshop, draw=revoke_meanwhile)
    assert hub_world.make(name) is None
    assert _acts(hub_world, Kind.DOCUMENT) == []
    assert len(_acts(hub_world, Kind.DOCUMENT_REFUSED)) == 1, "its XML was sealed"


def test_what_was_left_of_a_certificate_withdrawn_since_seals_nothing(
    hub_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = _issued(hub_world)
    name = hub_world.named(identifier)
    hub_world.want(name)

    def no_device(_: Sealing, sealer: str) -> Signer:
        raise OSError(f"no device for {sealer}")

    with monkeypatch.context() as patched:
        patched.setattr(Sealing, "__call__", no_device)
        with pytest.raises(OSError, match="no device"):
            hub_world.make(name)
    hub_world.change(identifier, "withdraw")
    hub_world.now += hub_world.registry.terms.lease + timedelta(seconds=1)
    assert hub_world.make(name) is None
    assert _acts(hub_world, Kind.DOCUMENT_REFUSED) == []


def test_orphan_is_made_by_another_process_from_the_same_content(hub_world: World) -> None:
    name = hub_world.named(_issued(hub_world))
    hub_world.want(name)

    def fail(_: Content) -> DrawnPages:
        raise OSError("no room")

    hub_world.workshop = replace(hub_world.workshop, draw=fail)
    with pytest.raises(OSError, match="no room"):
        hub_world.make(name)
    other = hub_world.another()
    assert other.make(name) is None, "the lease is still the first one's"
    other.now += hub_world.registry.terms.lease + timedelta(seconds=1)
    made = other.make(name)
    assert made is not None
    assert made.sealed_at == hub_world.now.replace(microsecond=0)
    other.close()


def test_pdf_carries_the_sealed_xml_and_names_body_number_and_identifier(hub_world: World) -> None:
    identifier = _issued(hub_world)
    document = hub_world.document(hub_world.named(identifier))
    with pikepdf.open(BytesIO(document.pdf)) as pdf:
        xml = pdf.attachments["certificate.xml"].get_file().read_bytes().decode()
    told = (identifier, document.stored.payload_sha256, food_number(1), MARKET)
    assert [each for each in told if each not in xml] == []


def test_missing_file_is_drawn_again_as_a_new_act(unchecked_world: World) -> None:
    name = unchecked_world.named(_issued(unchecked_world))
    first = unchecked_world.document(name).stored
    _file_of(unchecked_world, first).unlink()
    second = unchecked_world.document(name).stored
    assert second.act_id != first.act_id
    assert len(_acts(unchecked_world, Kind.DOCUMENT)) == 2


def _revoke_seals(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = world.trust()
    seals = tuple(replace(each, revoked_at=world.now, revoke_reason="示例") for each in listed.seals)
    monkeypatch.setattr(TrustInForce, "__call__", lambda _: replace(listed, seals=seals))


def _file_of(world: World, stored: StoredDocument) -> Path:
    return world.settings.folder / "documents" / stored.sha256[:2] / f"{stored.sha256}.enc"
