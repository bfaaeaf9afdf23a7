"""From the sealed record to the page: what a document says is what the record says, again and again."""

import subprocess
from dataclasses import replace

from hub.document_content import Content, content_of, decrypt_content, encrypt_content, face_of
from hub.faces.drawing import Drawing
from hub.faces.face import Face
from hub.store.certificate import CertificateReader
from hub.web.qr import qr_svg, qr_text
from tests.flows.world import CATALOGUE, ORIGIN, SHOP, World, food_order, licence_order

_DRAWING = Drawing()


def _content(world: World, identifier: str, *, language: str = "zh", edition: str = "original") -> Content:
    with world.registry.database.read() as connection:
        certificate = CertificateReader(connection).by_identifier([identifier])[identifier]
        return content_of(
            certificate,
            edition=edition,
            language=language,
            act_id="act",
            registry=world.registry,
            connection=connection,
            now=world.now,
        )


def _face(content: Content) -> Face:
    kind = CATALOGUE.get(content.certificate_type, content.type_version)
    text = qr_text(ORIGIN, "c", content.reference)
    layout = _DRAWING.layout_of(content.certificate_type)
    return face_of(content, kind, layout=layout, qr_text=text, qr_svg=qr_svg(text))


def _page(content: Content) -> str:
    pdf = _DRAWING.draw(_face(content), xml=b"<certificate/>", made_at=content.sealed_at).pdf
    shown = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return shown.stdout.decode()


def test_page_says_what_the_record_says(hub_world: World) -> None:
    order = food_order()
    identifier = hub_world.issue(order)["identifier"]
    page = "".join(_page(_content(hub_world, identifier)).split())
    told = [order["holder_name"], order["certificate_number"], SHOP, identifier, *order["fields"].values()]
    assert [each for each in told if "".join(str(each).split()) not in page] == []
    assert "TEST" in page


def test_english_page_says_so_in_english(hub_world: World) -> None:
    identifier = hub_world.issue(licence_order())["identifier"]
    page = _page(_content(hub_world, identifier, language="en", edition="duplicate"))
    assert "Business licence" in page
    assert "Duplicate" in page


def test_kept_content_draws_the_same_bytes(hub_world: World) -> None:
    content = _content(hub_world, hub_world.issue(food_order())["identifier"])
    kept = decrypt_content(encrypt_content(content, hub_world.registry), content.serial, hub_world.registry)
    assert kept == content
    draw = [_DRAWING.draw(_face(each), xml=b"<certificate/>", made_at=each.sealed_at) for each in (content, kept)]
    assert draw[0] == draw[1]


def test_kept_content_tells_nothing_on_the_disk(hub_world: World) -> None:
    content = _content(hub_world, hub_world.issue(food_order())["identifier"])
    envelope = encrypt_content(content, hub_world.registry)
    assert content.fields["holder_name"].encode() not in envelope


def test_successor_of_the_body_is_named_on_the_page(hub_world: World) -> None:
    content = _content(hub_world, hub_world.issue(food_order())["identifier"])
    assert "示例新局" in _page(replace(content, successor_name="示例新局"))
