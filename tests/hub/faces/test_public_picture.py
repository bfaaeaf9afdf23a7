"""The public picture: for anyone to see, of no force, and it says so."""

from dataclasses import replace
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image, ImageChops

from hub.steps.documents.faces.drawing import MissingGlyphError
from hub.steps.documents.faces.face import Face, FaceRow
from tests.hub.faces.drawn import FOOD, HOTEL, LICENCE
from tests.hub.faces.example import CATALOGUE, DRAWING, URL, example_face


def picture_of(face: Face) -> Image.Image:
    return Image.open(BytesIO(DRAWING.draw_public_picture(replace(face, edition="duplicate")))).convert("RGB")


def red_in(picture: Image.Image) -> Image.Image:
    """Return where the picture is as red as a seal."""
    red, green, _ = picture.split()
    return ImageChops.multiply(
        red.point(lambda level: 255 * (level > 150)), green.point(lambda level: 255 * (level < 90))
    )


def test_the_picture_is_one_page_of_low_resolution() -> None:
    assert picture_of(HOTEL).size == (794, 1123)
    assert picture_of(LICENCE).size == (1123, 794)


@pytest.mark.parametrize("code", [each.code for each in CATALOGUE.current()])
def test_the_picture_bears_no_seal(code: str) -> None:
    # Without the mark of a test and a red title, nothing that is red is left.
    picture = picture_of(replace(example_face(CATALOGUE.get(code)), is_test=False, layout="food_operation_permit"))
    assert red_in(picture).getbbox() is None


def test_the_picture_is_marked_all_over() -> None:
    # What another layout, place and language shows alike is the marking: a third of the page never stays white.
    page = picture_of(replace(HOTEL, rows=(), is_test=False)).convert("L")
    thirds = [page.crop((60, page.height * n // 3, page.width - 60, page.height * (n + 1) // 3)) for n in range(3)]
    marked = [
        sum(third.point(lambda level: 190 < level < 245).histogram()[1:]) / (third.width * third.height)
        for third in thirds
    ]
    assert min(marked) > 0.02


def test_the_code_on_the_picture_reads() -> None:
    assert [each.text for each in zxingcpp.read_barcodes(picture_of(FOOD))] == [URL]


def test_long_values_are_cut_and_the_code_stays_on_the_page() -> None:
    long = replace(FOOD, rows=tuple(FaceRow(f"项目{n}", f"Item {n}", "示例" * 2000) for n in range(40)))
    picture = picture_of(long)
    assert picture.size == picture_of(FOOD).size
    assert [each.text for each in zxingcpp.read_barcodes(picture)] == [URL]


def test_a_missing_character_stops_the_picture_too() -> None:
    with pytest.raises(MissingGlyphError, match=r"U\+2A6D6"):
        picture_of(replace(HOTEL, holder="示例\U0002a6d6商行"))


def test_a_picture_leaves_the_next_document_as_it_was() -> None:
    assert DRAWING.draw_public_picture(HOTEL) == DRAWING.draw_public_picture(HOTEL)
