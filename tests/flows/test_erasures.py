"""Stories of erasing: one field of one record is gone from everywhere, and what was sealed stands as it stood."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hub.decisions.answers import disclosed_values
from hub.documents.checking import check_documents
from hub.documents.downloads import copies_of_delivery, delivery_of
from hub.documents.making import made_document
from hub.steps.certificates.intentions import decrypt_disclosures
from hub.steps.documents.erased_files import delete_erased_files
from hub.store import tables
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentReader
from hub.store.entry import EntryReader
from hub.store.files import StoredFileError
from schemas.evidence import Kind
from schemas.statement import Ordered
from signing.jws import parse_json
from tests.flows.killed import ask
from tests.flows.refusals import refused
from tests.flows.test_examination_documents import attached, examined, outcome
from tests.flows.test_kills import REQUESTS
from tests.flows.world import (
    HEALTH,
    MARKET,
    OTHER_SHOP,
    World,
    erasure_content,
    food_order,
    licence_order,
    statutory_request,
)

NAME = "示例甲"
COMPARED = {"certificate_type": "food_operation_permit"}


@pytest.fixture
def world(hub_world: World) -> World:
    """A hub with the 示例 shop's licence, of which the health bureau may pull the food permit."""
    hub_world.issue(licence_order())
    hub_world.share()
    return hub_world


def issued(world: World, **changes: Any) -> str:
    return str(world.issue(food_order(**changes))["identifier"])


def record_of(world: World, identifier: str) -> dict[str, Any]:
    with world.registry.database.read() as connection:
        serial = CertificateReader(connection).by_identifier([identifier])[identifier].serial
        stored = CertificateReader(connection).records([serial])[serial]
    private = decrypt_disclosures(stored.envelope, serial=serial, registry=world.registry)
    return {"payload": stored.payload, "fields": disclosed_values([*stored.public_disclosures, *private])}


def erasures(world: World) -> list[tuple[str, str]]:
    with world.registry.database.read() as connection:
        return [(row.field, row.ground) for row in connection.execute(select(tables.erasure))]


def compared(world: World, **values: str) -> dict[str, Any]:
    request = statutory_request() | COMPARED | {"values": values}
    del request["wanted"]
    return world.compare(request)


# --- what is gone -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["legal_representative", "floor_area", "food_safety_manager", "business_items"])
def test_erased_field_is_gone_and_the_seal_still_holds(world: World, field: str) -> None:
    identifier = issued(world)
    before = record_of(world, identifier)
    answer = world.erase(identifier, field)
    after = record_of(world, identifier)
    assert after["payload"] == before["payload"]
    assert before["fields"].keys() - after["fields"].keys() == {field}
    assert (answer["field"], answer["identifier"], answer["documents_erased"]) == (field, identifier, 0)
    assert erasures(world) == [(field, "当事人依法请求删除（示例删除决定书，示删〔2026〕1号，2026-11-23）")]


def test_erased_public_field_disappears_from_the_page(world: World) -> None:
    made = world.issue(food_order())
    assert NAME in orjson.dumps(world.scan_certificate(made["reference"])).decode()
    world.erase(made["identifier"], "legal_representative")
    shown = world.scan_certificate(made["reference"])
    assert NAME not in orjson.dumps(shown).decode()
    assert shown["verdict"]["outcome"] == "valid"


def test_holder_s_address_is_forgotten_with_the_last_record_that_tells_it(world: World) -> None:
    first = world.issue(food_order(licence_number=OTHER_SHOP, holder_address="中山市示例路9号"))
    world.erase(first["identifier"], "holder_address")
    shown = world.scan_certificate(first["reference"])
    assert "示例路9号" not in orjson.dumps(shown).decode()
    assert shown["holder"]["address"] == ""


def test_holder_s_name_is_forgotten_and_not_found_by_any_part_of_it(world: World) -> None:
    made = world.issue(food_order(licence_number=OTHER_SHOP, holder_name="中山示例独名店"))
    world.erase(made["identifier"], "holder_name")
    assert "独名" not in orjson.dumps(world.scan_certificate(made["reference"])).decode()
    with world.registry.database.read() as connection:
        parts = connection.execute(select(tables.name_part.c.part).where(tables.name_part.c.part == "独名"))
        assert parts.all() == []


def test_holder_s_name_stays_where_another_record_tells_it(world: World) -> None:
    made = world.issue(food_order())
    world.erase(made["identifier"], "holder_name")
    shown = world.scan_certificate(made["reference"])
    assert shown["certificate"]["holder_name"] == ""
    assert shown["holder"]["name"] == "中山示例餐饮有限公司"


def test_former_name_that_only_the_erased_record_told_is_forgotten(world: World) -> None:
    licence = {"licence_number": OTHER_SHOP, "certificate_number": OTHER_SHOP}
    old = world.issue(licence_order(holder_name="中山示例旧名店", **licence))
    changes = {"replaces": old["identifier"], "cause": "change", "decision_number": "示登〔2026〕2号"}
    made = world.issue(licence_order(**licence, **changes))
    assert "示例旧名店" in orjson.dumps(_head(world)).decode()
    world.erase(old["identifier"], "holder_name")
    assert "示例旧名店" not in orjson.dumps(_head(world)).decode()
    assert world.scan_certificate(made["reference"])["holder"]["name"] == "中山示例餐饮有限公司"


def test_versions_that_still_tell_the_same_are_named(world: World) -> None:
    first = issued(world)
    second = issued(world, replaces=first, decision_number="示许〔2026〕2号")
    assert world.erase(first, "legal_representative")["still_told_by"] == [second]
    assert world.erase(second, "legal_representative")["still_told_by"] == []


def test_nothing_of_a_public_value_is_left_in_the_embedded_database(world: World, tmp_path: Path) -> None:
    identifier = issued(world, licence_number=OTHER_SHOP, holder_address="中山市独一无二路77号")
    with world.registry.database.read() as connection:
        told = list(CertificateReader(connection).records([2])[2].public_disclosures)
    (disclosure,) = (each for each in told if "holder_address" in disclosed_values([each]))
    world.erase(identifier, "holder_address")
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as beside:  # of PostgreSQL's files nothing is promised
        beside.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    contents = b"".join(path.read_bytes() for path in tmp_path.glob("hub.sqlite*"))
    assert "独一无二路".encode() not in contents
    assert disclosure.encode() not in contents


# --- documents --------------------------------------------------------------------------------------------------


def test_documents_that_show_it_are_deleted_and_a_new_one_lacks_it(world: World) -> None:
    identifier = issued(world)
    old = world.document(world.named(identifier))
    assert world.erase(identifier, "legal_representative")["documents_erased"] == 1
    with pytest.raises(StoredFileError) as gone:
        world.workshop.files.get(old.stored.sha256)
    assert gone.value.reason == "missing"
    new = world.document(world.named(identifier))
    assert NAME in attached(old.pdf).decode()
    assert NAME not in attached(new.pdf).decode()
    assert outcome(world, new.pdf) == ("valid", "good")


def test_old_document_is_told_genuine_and_erased_neither_green_nor_red(world: World) -> None:
    identifier = issued(world)
    old = world.document(world.named(identifier)).pdf
    world.erase(identifier, "legal_representative")
    assert outcome(world, old) == ("unknown", "content_erased")
    assert outcome(world, attached(old)) == ("unknown", "content_erased")
    checks = {each.name: each.result for each in examined(world, old).worst.verdict.checks}  # type: ignore[union-attr]
    assert (checks["seal"], checks["status"]) == ("passed", "passed")


def test_old_document_of_a_withdrawn_certificate_is_not_valid_first_of_all(world: World) -> None:
    identifier = issued(world)
    old = world.document(world.named(identifier)).pdf
    world.erase(identifier, "legal_representative")
    world.change(identifier, "withdraw")
    assert outcome(world, old) == ("not_valid", "withdrawn")


def test_changed_bytes_of_an_erased_document_are_still_a_changed_file(world: World) -> None:
    identifier = issued(world)
    old = world.document(world.named(identifier)).pdf
    world.erase(identifier, "legal_representative")
    assert outcome(world, old.replace(b"2026", b"2027", 1))[0] != "valid"


def test_copy_that_shows_it_is_deleted_and_one_that_does_not_stays(world: World) -> None:
    identifier = issued(world)
    wanted = [{"certificate_type": "food_operation_permit", "fields": ["business_items"]}]
    copies = [
        copied(world, statutory_request()),
        copied(world, statutory_request(types=wanted, case_number="2026-0002")),
    ]
    assert world.erase(identifier, "legal_representative")["documents_erased"] == 1
    assert [outcome(world, each.pdf) for each in copies] == [("unknown", "content_erased"), ("valid", "good")]


def test_copy_of_what_was_delivered_before_cannot_be_made_any_more(world: World) -> None:
    identifier = issued(world)
    answer = world.pull(statutory_request())
    world.erase(identifier, "legal_representative")
    delivery = delivery_of(answer["delivery"], requester=HEALTH, registry=world.registry, now=world.now)
    (wanted,) = copies_of_delivery(delivery, language="zh", registry=world.registry)
    world.want(wanted.name)
    assert world.make(wanted.name) is None
    with world.registry.database.read() as connection:
        opened = DocumentReader(connection).open(wanted.name)
    assert opened is not None
    assert opened.problem is not None
    assert opened.problem["code"] == "copy_erased"


def test_document_under_way_forgets_it_and_its_maker_s_file_is_deleted(world: World) -> None:
    identifier = issued(world)
    name = world.named(identifier)
    world.want(name)
    draw = world.workshop.draw
    other = world.another()

    def erased_meanwhile(content: Any) -> Any:
        drawn = draw(content)
        other.erase(identifier, "legal_representative")
        return drawn

    object.__setattr__(world.workshop, "draw", erased_meanwhile)
    assert world.make(name) is None
    assert list(world.workshop.files.names()) == []
    with world.registry.database.read() as connection:
        told = [each for each in EntryReader(connection).all() if each.kind == Kind.DOCUMENT_REFUSED]
    sealed = {parse_json(each.act_bytes)["sealed"] for each in told}
    assert len(sealed) == 2, "the XML that waited, and the PDF its maker had sealed"
    object.__setattr__(world.workshop, "draw", draw)
    made = world.make(name)
    assert made is not None
    assert NAME not in attached(world.workshop.files.get(made.sha256)).decode()
    other.close()


def test_file_from_before_the_hub_is_taken_to_show_all(world: World) -> None:
    request = REQUESTS["existing"](world)
    taken = ask(world, request)
    _, pdf, _ = request.content
    assert outcome(world, pdf) == ("valid", "good")
    assert world.erase(request.content[0]["identifier"], "floor_area")["documents_erased"] == 1
    assert outcome(world, pdf) == ("unknown", "content_erased")
    with pytest.raises(StoredFileError):
        world.workshop.files.get(taken["sha256"])


def test_a_holder_without_a_name_gets_no_document(world: World) -> None:
    identifier = issued(world)
    world.erase(identifier, "holder_name")
    name = world.named(identifier)
    world.want(name)
    assert world.make(name) is None
    with refused("document_holder_erased"):
        made_document(name, registry=world.registry, files=world.workshop.files, now=world.now)


def test_file_that_came_back_is_found_by_the_check(world: World) -> None:
    identifier = issued(world)
    old = world.document(world.named(identifier))
    world.erase(identifier, "legal_representative")
    world.workshop.files.put(old.pdf)
    faults = [
        each.fault for each in check_documents(registry=world.registry, files=world.workshop.files, now=world.now)
    ]
    assert faults == ["left"]
    world.workshop.files.delete(old.stored.sha256)


def test_upkeep_has_nothing_to_do_after_an_erasure_that_went_well(world: World) -> None:
    identifier = issued(world)
    world.document(world.named(identifier))
    world.erase(identifier, "legal_representative")
    assert delete_erased_files(registry=world.registry, files=world.workshop.files, now=world.now) == 0


# --- pulls and comparisons --------------------------------------------------------------------------------------


def test_pull_of_an_erased_field_says_so_and_gives_the_rest(world: World) -> None:
    identifier = issued(world)
    world.erase(identifier, "legal_representative")
    (item,) = world.pull(statutory_request())["items"]
    assert item["erased"] == ["legal_representative"]
    told = disclosed_values(item["file"]["record"]["signatures"][0]["header"]["disclosures"])
    assert "business_items" in told
    assert "legal_representative" not in told
    assert outcome(world, orjson.dumps(item["file"])) == ("valid", "good")


def test_delivered_file_that_shows_it_is_genuine_and_erased(world: World) -> None:
    identifier = issued(world)
    (item,) = world.pull(statutory_request())["items"]
    world.erase(identifier, "legal_representative")
    assert outcome(world, orjson.dumps(item["file"])) == ("unknown", "content_erased")


def test_kept_answer_of_a_pull_does_not_hand_it_over_again(world: World) -> None:
    identifier = issued(world)
    request = statutory_request()
    jws = world.sign(Ordered.PULL, system="health", officer="h-001", request=request)
    first = world.pull(request, jws=jws, key="the-same-key")
    world.erase(identifier, "legal_representative")
    again = world.pull(request, jws=jws, key="the-same-key")
    assert again["delivery"] == first["delivery"]
    assert (again["items"][0]["file"], again["items"][0]["erased"]) == (None, ["legal_representative"])


def test_comparison_with_an_erased_value_is_neither_match_nor_miss(world: World) -> None:
    identifier = issued(world)
    world.erase(identifier, "legal_representative")
    answers = [compared(world, legal_representative=name) for name in (NAME, "别人")]
    assert [(each["match"], each["erased"]) for each in answers] == [(None, ["legal_representative"])] * 2
    with world.registry.database.read() as connection:
        assert connection.execute(select(tables.comparison_miss.c.misses)).scalar_one() == 0


def test_comparison_of_other_fields_goes_on(world: World) -> None:
    identifier = issued(world)
    world.erase(identifier, "legal_representative")
    assert compared(world, business_items="热食类食品制售")["match"] is True
    assert compared(world, business_items="别的")["match"] is False


# --- who may, and what ------------------------------------------------------------------------------------------


def test_second_erasure_is_told_and_a_repeated_request_gets_its_answer(world: World) -> None:
    identifier = issued(world)
    content = erasure_content(identifier, "legal_representative")
    verified, seconds = world.seconded(Ordered.ERASE, content, system="market", issuing_body=MARKET)
    first = world.erase_verified(content, verified, seconds=seconds, key="the-same-key")
    assert world.erase_verified(content, verified, seconds=seconds, key="the-same-key") == first
    with refused("already_erased"):
        world.erase(identifier, "legal_representative")


@pytest.mark.parametrize(
    ("field", "changes", "code"),
    [
        ("certificate_number", {}, "fields_wrong"),
        ("issuing_body_name", {}, "fields_wrong"),
        ("nothing_like_it", {}, "fields_wrong"),
        ("legal_representative", {"ground": f"{NAME}请求删除"}, "fields_wrong"),
        ("legal_representative", {"ground": "  "}, "fields_wrong"),
        ("legal_representative", {"document_date": "2026-12-01"}, "decision_in_future"),
        ("legal_representative", {"document_date": "23.11.2026"}, "fields_wrong"),
        ("business_scope", {}, "fields_wrong"),
    ],
)
def test_what_cannot_be_erased_is_refused_and_stays(
    world: World, field: str, changes: dict[str, Any], code: str
) -> None:
    identifier = issued(world)
    with refused(code):
        world.erase(identifier, field, **changes)
    assert record_of(world, identifier)["fields"]["legal_representative"] == NAME
    assert erasures(world) == []


def test_field_that_the_record_never_had_is_not_held(world: World) -> None:
    identifier = issued(world, holder_address="")
    with refused("field_not_held"):
        world.erase(identifier, "holder_address")


def test_one_officer_alone_cannot_erase(world: World) -> None:
    content = erasure_content(issued(world), "legal_representative")
    verified = world.order(Ordered.ERASE, content, system="market", issuing_body=MARKET, officer="m-001")
    with refused("second_officer_needed"):
        world.erase_verified(content, verified)
    twice, beside = world.seconded(Ordered.ERASE, content, system="market", second="m-001", issuing_body=MARKET)
    with refused("second_officer_same"):
        world.erase_verified(content, twice, seconds=beside)


def test_body_that_is_not_in_charge_cannot_erase_and_leaves_evidence(world: World) -> None:
    identifier = issued(world)
    with refused("body_not_in_charge"):
        world.erase(identifier, "legal_representative", system="health", body=HEALTH)
    with world.registry.database.read() as connection:
        kinds = list(connection.execute(select(tables.entry.c.kind)).scalars())
    assert kinds[-1] == "order_refused"


def test_certificate_nobody_has_and_statement_for_another_body_are_refused(world: World) -> None:
    with refused("certificate_not_found"):
        world.erase("1.2.156.3005.2.x", "legal_representative")
    content = erasure_content(issued(world), "legal_representative")
    verified, seconds = world.seconded(Ordered.ERASE, content, system="market", issuing_body=HEALTH)
    with refused("statement_body"):
        world.erase_verified(content, verified, seconds=seconds)


def test_erasing_is_possible_after_the_certificate_ended(world: World) -> None:
    identifier = issued(world)
    world.change(identifier, "cancel")
    world.erase(identifier, "legal_representative")
    assert "legal_representative" not in record_of(world, identifier)["fields"]


def test_status_can_be_changed_after_an_erasure(world: World) -> None:
    made = world.issue(food_order())
    world.erase(made["identifier"], "legal_representative")
    world.change(made["identifier"], "suspend")
    assert world.outcome(made["reference"]) == ("suspended", "suspended")


# --- stories' tools ---------------------------------------------------------------------------------------------


def _head(world: World) -> dict[str, Any]:
    with world.registry.database.read() as connection:
        query = select(tables.answer_head.c.body).where(tables.answer_head.c.licence_number == OTHER_SHOP)
        return dict(orjson.loads(connection.execute(query).scalar_one()))


def copied(world: World, request: dict[str, Any]) -> Any:
    answer = world.pull(request)
    delivery = delivery_of(answer["delivery"], requester=HEALTH, registry=world.registry, now=world.now)
    (wanted,) = copies_of_delivery(delivery, language="zh", registry=world.registry)
    return world.document(wanted.name)
