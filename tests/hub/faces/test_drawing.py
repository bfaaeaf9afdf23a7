"""The file that a drawing is, as poppler, qpdf and a reader of QR codes find it."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
import zxingcpp
from PIL import ImageChops

from hub.steps.documents.faces.drawing import Drawing, LayoutUnknownError
from hub.steps.documents.faces.face import Face
from tests.hub.faces.drawn import FOOD, HOTEL, LICENCE, LIFT, RECORD, draw, picture_of, text_of, told_by
from tests.hub.faces.example import CATALOGUE, DRAWING, MADE_AT, MARKING, URL, XML, example_face


@pytest.mark.parametrize("code", [each.code for each in CATALOGUE.current()])
def test_every_type_is_drawn_on_one_page_with_its_names_identifier_and_marks(code: str) -> None:
    face = example_face(CATALOGUE.get(code))
    text = text_of(face)
    told = (face.holder, face.licence_number, "".join(face.number.split()), face.identifier, face.body, face.issued_on)
    assert [each for each in told if each not in text] == []
    assert "非法定样式" in text
    assert text.startswith("测试TEST")
    assert "电子证照专用章测试TEST" in text
    assert draw(face).seal_page == 1


def test_all_fonts_are_embedded(tmp_path: Path) -> None:
    lines = told_by(tmp_path, HOTEL, "pdffonts", "FILE").splitlines()[2:]
    assert lines
    # emb, sub and uni stand before the object's two numbers.
    assert {line.split()[-5] for line in lines} == {"yes"}


def test_attached_files_come_back_byte_for_byte_the_first_as_source(tmp_path: Path) -> None:
    (tmp_path / "copy.pdf").write_bytes(DRAWING.draw(HOTEL, attachments=[XML, RECORD], made_at=MADE_AT).pdf)
    detach = ["pdfdetach", "-saveall", "-o", str(tmp_path), str(tmp_path / "copy.pdf")]
    subprocess.run(detach, check=True, capture_output=True)
    assert (tmp_path / XML.name).read_bytes() == XML.content
    assert (tmp_path / RECORD.name).read_bytes() == RECORD.content
    with pikepdf.open(tmp_path / "copy.pdf") as pdf:
        told = {name: (str(each.obj.AFRelationship), each.description) for name, each in pdf.attachments.items()}
    assert told == {
        "certificate.xml": ("/Source", XML.description),
        "delivered.json": ("/Supplement", RECORD.description),
    }


def test_the_file_is_whole_for_qpdf(tmp_path: Path) -> None:
    assert "No syntax or stream encoding errors" in told_by(tmp_path, HOTEL, "qpdf", "--check", "FILE")


def test_the_same_face_gives_the_same_bytes_from_another_drawing_too() -> None:
    assert draw(HOTEL).pdf == Drawing().draw(HOTEL, attachments=[XML], made_at=MADE_AT).pdf


def test_what_was_drawn_before_leaves_no_trace() -> None:
    first = draw(HOTEL)
    draw(replace(FOOD, marking=MARKING))
    DRAWING.draw(LIFT, attachments=[XML, RECORD], made_at=MADE_AT)
    assert draw(HOTEL) == first


def test_threads_that_draw_at_once_get_each_its_own_pages() -> None:
    faces = [replace(HOTEL, holder=f"示例{n}商行", rows=HOTEL.rows * (1 + n)) for n in range(6)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(draw, faces))
    assert together == [draw(each) for each in faces]
    assert together[0].seal_page < together[5].seal_page


def test_a_value_that_looks_like_markup_stays_text() -> None:
    assert '#import"x":*$a$' in text_of(replace(HOTEL, holder='#import "x": * $a$'))


def test_a_value_that_looks_like_a_page_is_none() -> None:
    page = "/Type/Pages/Count 7/ /Type/Page/Resources 1 0 R/MediaBox[0 0 1 1]"
    drawn = draw(replace(HOTEL, holder=page, reference_url=page))
    assert (drawn.seal_page, drawn.seal_rect) == (1, draw(HOTEL).seal_rect)


@pytest.mark.parametrize("face", [LICENCE, FOOD, LIFT], ids=lambda face: face.layout)
def test_the_code_reads_from_a_print_even_of_a_marked_copy(face: Face) -> None:
    found = zxingcpp.read_barcodes(picture_of(replace(face, marking=MARKING)))
    assert [each.text for each in found] == [URL]


@pytest.mark.parametrize("face", [LICENCE, HOTEL, replace(FOOD, edition="duplicate")], ids=lambda face: face.layout)
def test_the_seal_is_drawn_where_the_drawing_says(face: Face) -> None:
    picture, dots, around = picture_of(face), 150 / 72, 20
    x0, y0, x1, y1 = (round(each * dots) for each in draw(face).seal_rect)
    place = (x0 - around, picture.height - y1 - around, x1 + around, picture.height - y0 + around)
    red, green, _ = picture.crop(place).split()
    seal = ImageChops.multiply(
        red.point(lambda level: 255 * (level > 150)), green.point(lambda level: 255 * (level < 90))
    )
    found = seal.getbbox()
    assert found is not None
    # The ring stands a stroke's width within the place.
    assert found == pytest.approx((around, around, x1 - x0 + around, y1 - y0 + around), abs=6)


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(LayoutUnknownError):
        draw(replace(HOTEL, layout="../shared"))


def test_a_part_of_layouts_is_no_layout() -> None:
    with pytest.raises(LayoutUnknownError):
        draw(replace(HOTEL, layout="_page"))
