"""Fetching documents: the holder its own by its e-licence, a requester copies that show what was permitted."""

import csv
import subprocess
from datetime import timedelta
from io import BytesIO, StringIO
from zipfile import ZipFile

import orjson
import pikepdf
import pytest

from hub.documents.archive import CONTENTS_NAME, Archived, archive_of
from hub.documents.downloads import (
    Fetchable,
    copies_of_delivery,
    delivery_by_token,
    delivery_of,
    delivery_token,
    documents_of_download,
    download_of,
)
from hub.documents.picture import public_picture
from hub.steps.consent.applications import draft_application
from hub.steps.documents.content import Content
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentName
from tests.flows.refusals import refused
from tests.flows.test_collected import collect
from tests.flows.world import (
    DRAWN,
    HEALTH,
    MARKET,
    OTHER_SHOP,
    SHOP,
    World,
    food_number,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)

CLINIC = OTHER_SHOP


@pytest.fixture
def stocked_world(hub_world: World) -> World:
    """A shop with a business licence and a food permit, and its e-licence."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.make_licence()
    return hub_world


def _fetchables(world: World, opened: dict[str, str]) -> list[Fetchable]:
    download = download_of(opened["download"], opened["token"], registry=world.registry, now=world.now)
    return documents_of_download(download, registry=world.registry)


def _copies(world: World, answer: dict[str, str], language: str = "zh") -> list[Fetchable]:
    delivery = delivery_of(answer["delivery"], requester=HEALTH, registry=world.registry, now=world.now)
    return copies_of_delivery(delivery, language=language, registry=world.registry)


def _text(pdf: bytes) -> str:
    shown = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(shown.stdout.decode().split())


# --- the holder's own -------------------------------------------------------------------------------------------


def test_holder_fetches_all_its_valid_documents(stocked_world: World) -> None:
    opened = stocked_world.download(stocked_world.sign_application())
    wanted = _fetchables(stocked_world, opened)
    assert [each.certificate_type for each in wanted] == ["business_licence", "food_operation_permit"]
    assert all("示例餐饮有限公司" in _text(stocked_world.document(each.name).pdf) for each in wanted)
    assert opened["left_out"] == []


def test_what_is_not_valid_is_left_out_with_the_reason(stocked_world: World) -> None:
    suspended = stocked_world.issue(food_order(certificate_number=food_number(2)))["identifier"]
    stocked_world.change(suspended, "suspend", until="2027-01-31")
    opened = stocked_world.download(stocked_world.sign_application())
    assert opened["left_out"] == [{"identifier": suspended, "reason": "document_status"}]
    with refused("document_status"):
        stocked_world.download(stocked_world.sign_application(certificates=[suspended]))


def test_same_signed_application_gives_the_same_download(stocked_world: World) -> None:
    signed = stocked_world.sign_application(edition="duplicate", language="en")
    first = stocked_world.download(signed)
    assert stocked_world.download(signed) == first
    assert {(each.name.edition, each.name.language) for each in _fetchables(stocked_world, first)} == {
        ("duplicate", "en")
    }


def test_download_ends_and_needs_its_token(stocked_world: World) -> None:
    opened = stocked_world.download(stocked_world.sign_application())
    with refused("download_not_found"):
        _fetchables(stocked_world, opened | {"token": "x" * 43})
    stocked_world.now += stocked_world.registry.terms.download_term
    with refused("download_ended"):
        _fetchables(stocked_world, opened)


def test_agent_may_not_fetch_the_originals(stocked_world: World) -> None:
    stocked_world.make_licence(role="agent")
    with refused("download_role"):
        stocked_world.download(stocked_world.sign_application(role="agent"))


def test_application_of_another_day_is_refused(stocked_world: World) -> None:
    signed = stocked_world.sign_application()
    stocked_world.now += stocked_world.registry.terms.application_age + timedelta(seconds=1)
    with refused("application_late"):
        stocked_world.download(signed)


def test_application_signed_by_another_enterprise_is_refused(stocked_world: World) -> None:
    stocked_world.make_licence(OTHER_SHOP)
    drafted = draft_application({"licence_number": SHOP}, registry=stocked_world.registry, now=stocked_world.now)
    signed = stocked_world.simulator.sign(OTHER_SHOP, drafted["text"], "legal_representative")
    with refused("e_licence_of_another"):
        stocked_world.download(signed)


def test_application_that_names_anothers_certificate_is_refused(stocked_world: World) -> None:
    other = food_order(licence_number=OTHER_SHOP, certificate_number=food_number(7))
    identifier = stocked_world.issue(other)["identifier"]
    with refused("download_certificate_unknown"):
        stocked_world.download(stocked_world.sign_application(certificates=[identifier]))


def test_application_is_refused_while_the_signers_status_is_not_known(stocked_world: World) -> None:
    signed = stocked_world.sign_application()
    stocked_world.simulator.set_reachable(reachable=False)
    with refused("e_licence_unconfirmed"):
        stocked_world.download(signed)


def test_grant_cannot_be_sent_as_an_application(stocked_world: World) -> None:
    with refused("application_text"):
        stocked_world.download(stocked_world.sign_grant())


def test_collected_certificate_has_no_document(stocked_world: World) -> None:
    # Nothing a department ordered here: what the hub collected bears no department's seal.
    collected = collect(stocked_world)
    with refused("document_not_native"):
        stocked_world.want(stocked_world.named(collected.identifier))


# --- copies -----------------------------------------------------------------------------------------------------


def test_department_gets_a_copy_with_the_permitted_fields_marked_on_every_page(stocked_world: World) -> None:
    stocked_world.share()
    answer = stocked_world.pull(statutory_request())
    (copy,) = _copies(stocked_world, answer)
    text = _text(stocked_world.document(copy.name).pdf)
    assert [each for each in ("示例卫生健康局", "2026-0001", "示例甲", "热食类食品制售") if each not in text] == []
    assert "示例乙" not in text, "a field that was not permitted"


def test_copy_holds_the_delivered_record_and_is_sealed_by_the_hub(stocked_world: World) -> None:
    stocked_world.share()
    answer = stocked_world.pull(statutory_request())
    (copy,) = _copies(stocked_world, answer)
    with pikepdf.open(BytesIO(stocked_world.document(copy.name).pdf)) as pdf:
        inside = orjson.loads(pdf.attachments["delivered.json"].get_file().read_bytes())
    assert inside == answer["items"][0]["file"]


def test_copy_ends_with_its_delivery(stocked_world: World) -> None:
    stocked_world.share()
    answer = stocked_world.pull(statutory_request())
    (copy,) = _copies(stocked_world, answer)
    stocked_world.now += stocked_world.registry.terms.copy_term
    with refused("copy_ended"):
        stocked_world.want(copy.name)
    with refused("copy_ended"):
        _copies(stocked_world, answer)


def test_copy_of_a_grant_ends_with_the_grant(stocked_world: World) -> None:
    ends = (stocked_world.now + timedelta(days=2)).replace(microsecond=0)
    answer = stocked_world.pull(granted_request(stocked_world.grant(valid_until=ends.isoformat())))
    (copy,) = _copies(stocked_world, answer)
    stocked_world.now = ends
    with refused("copy_ended"):
        stocked_world.want(copy.name)


def test_copy_needs_its_recipient(stocked_world: World) -> None:
    stocked_world.share()
    answer = stocked_world.pull(statutory_request())
    with refused("delivery_not_found"):
        delivery_of(answer["delivery"], requester=MARKET, registry=stocked_world.registry, now=stocked_world.now)
    with refused("delivery_not_found"):
        delivery_by_token(answer["delivery"], "x" * 43, registry=stocked_world.registry, now=stocked_world.now)


def test_copies_end_when_the_grant_is_withdrawn(stocked_world: World) -> None:
    digest = stocked_world.grant()
    answer = stocked_world.pull(granted_request(digest))
    (copy,) = _copies(stocked_world, answer)
    stocked_world.document(copy.name)
    stocked_world.withdraw(digest)
    with refused("copy_withdrawn"):
        stocked_world.want(copy.name)


def test_another_enterprise_gets_copies_under_a_grant_by_its_own_e_licence(stocked_world: World) -> None:
    stocked_world.issue(licence_order(licence_number=CLINIC, holder_name="中山示例诊所", certificate_number=CLINIC))
    stocked_world.make_licence(CLINIC)
    digest = stocked_world.grant(requester=CLINIC)
    answer = stocked_world.pull_by_application(stocked_world.sign_application(signer=CLINIC, grant=digest))
    token = delivery_token(answer["delivery"], stocked_world.registry)
    delivery = delivery_by_token(answer["delivery"], token, registry=stocked_world.registry, now=stocked_world.now)
    (copy,) = copies_of_delivery(delivery, language="zh", registry=stocked_world.registry)
    text = _text(stocked_world.document(copy.name).pdf)
    assert [each for each in ("中山示例诊所", CLINIC) if each not in text] == []


def test_grant_to_somebody_else_gives_an_enterprise_nothing(stocked_world: World) -> None:
    stocked_world.issue(licence_order(licence_number=CLINIC, holder_name="中山示例诊所", certificate_number=CLINIC))
    stocked_world.make_licence(CLINIC)
    digest = stocked_world.grant()
    with refused("grant_other_requester"):
        stocked_world.pull_by_application(stocked_world.sign_application(signer=CLINIC, grant=digest))


def test_copy_that_was_not_delivered_cannot_be_made(stocked_world: World) -> None:
    stocked_world.share()
    answer = stocked_world.pull(statutory_request())
    licence = next(
        each for each in _all_current(stocked_world) if each != _copies(stocked_world, answer)[0].name.serial
    )
    name = DocumentName(licence, "copy", "zh", answer["delivery"])
    stocked_world.want(name)
    assert stocked_world.make(name) is None


# --- archive and picture ----------------------------------------------------------------------------------------


def test_archive_holds_every_document_and_a_list_of_contents(stocked_world: World) -> None:
    wanted = _fetchables(stocked_world, stocked_world.download(stocked_world.sign_application()))
    documents = [Archived(each, "示例证照", stocked_world.document(each.name).stored) for each in wanted]
    kept = stocked_world.workshop.files
    raw = b"".join(archive_of(documents, lambda each: kept.get(each.stored.sha256), now=stocked_world.now))
    with ZipFile(BytesIO(raw)) as archive:
        assert archive.testzip() is None
        lines = list(csv.DictReader(StringIO(archive.read(CONTENTS_NAME).decode("utf-8-sig"))))
        files = {name: archive.read(name) for name in archive.namelist() if name != CONTENTS_NAME}
    assert [line["SHA-256"] for line in lines] == [each.stored.sha256 for each in documents]
    assert list(files) == [line["文件 file"] for line in lines]


def test_public_picture_shows_public_fields_only(stocked_world: World) -> None:
    reference = str(stocked_world.issue(food_order(certificate_number=food_number(4)))["reference"])
    seen: list[str] = []

    def draw(content: Content) -> bytes:
        seen.append(str(content))
        return DRAWN.picture(content)

    picture = public_picture(
        reference, language="zh", registry=stocked_world.registry, draw=draw, now=stocked_world.now
    )
    assert picture.startswith(b"\x89PNG")
    assert "示例乙" not in seen[0], "the food safety manager is not public"


def test_nobody_has_a_picture_of_what_is_not_valid_or_not_there(stocked_world: World) -> None:
    issued = stocked_world.issue(food_order(certificate_number=food_number(4)))
    stocked_world.change(issued["identifier"], "cancel")
    with refused("document_status"):
        _picture(stocked_world, issued["reference"])
    with refused("reference_not_found"):
        _picture(stocked_world, "0" * 26)
    with refused("reference_not_found"):
        _picture(stocked_world, "../../etc")


def _picture(world: World, reference: str) -> bytes:
    return public_picture(reference, language="zh", registry=world.registry, draw=DRAWN.picture, now=world.now)


def _all_current(world: World) -> list[int]:
    with world.registry.database.read() as connection:
        return [each.serial for each in CertificateReader(connection).current_of(SHOP)]
