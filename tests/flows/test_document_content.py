"""From the sealed record to the page: what a document says is what the record says, again and again."""

import subprocess
from dataclasses import replace

from hub.steps.documents.content import Content, content_of, decrypt_content, encrypt_content
from hub.store.certificate import CertificateReader
from tests.flows.world import DRAWN, SHOP, World, food_order, licence_order


def _content(world: World, identifier: str, *, language: str = "zh", edition: str = "original") -> Content:
    with world.registry.database.read() as connection:
        certificate = CertificateReader(connection).by_identifier([identifier])[identifier]
        name = world.named(identifier, edition, language)
        content = content_of(
            name, certificate, act_id="act", registry=world.registry, connection=connection, now=world.now
        )
    return content.with_xml(b"<certificate/>")


def _page(content: Content) -> str:
    """Return the words of the page, in the order in which they were drawn, without spaces."""
    pdf = DRAWN.pages(content).pdf
    shown = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return "".join(shown.stdout.decode().split())


def test_page_says_what_the_record_says(hub_world: World) -> None:
    order = food_order()
    identifier = hub_world.issue(order)["identifier"]
    page = _page(_content(hub_world, identifier, edition="duplicate"))
    told = [order["holder_name"], order["certificate_number"], SHOP, identifier, *order["fields"].values()]
    assert [each for each in told if "".join(str(each).split()) not in page] == []
    assert "TEST" in page


def test_original_says_what_its_form_has(hub_world: World) -> None:
    order = food_order()
    page = _page(_content(hub_world, hub_world.issue(order)["identifier"]))
    told = [order["holder_name"], order["certificate_number"], order["fields"]["business_items"], "（正本）"]
    assert [each for each in told if each not in page] == []


def test_english_page_says_so_in_english(hub_world: World) -> None:
    identifier = hub_world.issue(licence_order())["identifier"]
    page = _page(_content(hub_world, identifier, language="en", edition="duplicate"))
    assert "Businesslicence" in page
    assert "Duplicate" in page
    assert "Chinesetextprevails" in page


def test_licence_without_an_end_says_so(hub_world: World) -> None:
    assert "起长期有效" in _page(_content(hub_world, hub_world.issue(licence_order())["identifier"]))


def test_kept_content_draws_the_same_bytes(hub_world: World) -> None:
    content = _content(hub_world, hub_world.issue(food_order())["identifier"])
    kept = decrypt_content(encrypt_content(content, hub_world.registry), content.serial, hub_world.registry)
    assert kept == content
    assert DRAWN.pages(kept) == DRAWN.pages(content)


def test_kept_content_tells_nothing_on_the_disk(hub_world: World) -> None:
    content = _content(hub_world, hub_world.issue(food_order())["identifier"])
    envelope = encrypt_content(content, hub_world.registry)
    assert content.fields["holder_name"].encode() not in envelope


def test_successor_of_the_body_is_named_on_the_page(hub_world: World) -> None:
    content = _content(hub_world, hub_world.issue(food_order())["identifier"])
    assert "示例新局" in _page(replace(content, successor_name="示例新局"))
