"""The pages of a certificate's document, as poppler, qpdf and a reader of QR codes find them."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pikepdf
import pytest
import zxingcpp
from PIL import Image

from hub.faces.drawing import Attachment, Drawing, DrawnPages, LayoutUnknownError, MissingGlyphError
from hub.faces.face import CopyMarking, Face, FaceRow
from hub.web.qr import qr_svg
from schemas.catalogue import CertificateType, load_catalogue
from scripts.example_city import ExampleEnterprise
from scripts.example_fields import field_values, make_number

MADE_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
XML = Attachment(
    "certificate.xml",
    "<certificate>一照通行</certificate>".encode(),
    "application/xml",
    "证照数据 certificate metadata",
)
RECORD = Attachment("delivered.json", '{"record": "一照\\n"}\n'.encode(), "application/json", "the sealed record")
URL = "https://HUB.EXAMPLE.CN/C/0123456789ABCDEFGHJKMNPQRS"
MARKING = CopyMarking("示例市交通运输局", "办理示例许可", "EX-2026-000123", "2026-11-24", "2026-12-24")
CATALOGUE = load_catalogue()
HOLDER = ExampleEnterprise(
    "91442000MAXN00016T", "示例市岐江畔茶饮有限公司", "示例市示例路88号", "东区", "张示例", "", {}
)
DRAWING = Drawing()


def face_of(certificate_type: CertificateType) -> Face:
    values = field_values(certificate_type, HOLDER, HOLDER.address, 7, Random(1))
    labels = {each.name: each for each in certificate_type.fields}
    return Face(
        layout=DRAWING.layout_of(certificate_type.code),
        language="zh",
        edition="original",
        is_test=True,
        non_statutory=True,
        title_zh=certificate_type.name_zh,
        title_en=certificate_type.name_en,
        number_label_zh="编号",
        number_label_en="Number",
        number=make_number(certificate_type, 2026, 16),
        holder=HOLDER.name,
        licence_number=HOLDER.licence_number,
        rows=tuple(FaceRow(labels[name].label_zh, labels[name].label_en, value) for name, value in values.items()),
        valid_from="2026年11月24日",
        valid_to="2031年11月23日",
        body="示例市市场监督管理局",
        issued_on="2026年11月24日",
        successor_body=None,
        identifier="1.2.156.3005.2.11100000MB0341032Y901.11442000MB2D00000X.91442000MAXN00016T.001.0",
        reference_url=URL,
        qr_svg=qr_svg(URL),
        recorded_at="2026-11-24 10:00:00",
        sealed_at="2026-11-24 10:00:02",
    )


HOTEL = face_of(CATALOGUE.get("hotel_trade_permit"))


def draw(face: Face) -> DrawnPages:
    return DRAWING.draw(face, attachments=[XML], made_at=MADE_AT)


def told_by(folder: Path, face: Face, *tool: str) -> str:
    """Return what the tool says of the drawn file."""
    path = folder / "drawn.pdf"
    path.write_bytes(draw(face).pdf)
    words = [each.replace("FILE", str(path)) for each in tool]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def text_of(folder: Path, face: Face) -> str:
    return "".join(told_by(folder, face, "pdftotext", "-layout", "FILE", "-").split())


def picture_of(folder: Path, face: Face) -> Image.Image:
    told_by(folder, face, "pdftoppm", "-r", "150", "-png", "-singlefile", "FILE", str(folder / "page"))
    return Image.open(folder / "page.png")


@pytest.mark.parametrize("certificate_type", CATALOGUE.current(), ids=lambda each: each.code)
def test_every_type_is_drawn_with_its_names_identifier_and_marks_and_sealed_on_the_last_page(
    certificate_type: CertificateType, tmp_path: Path
) -> None:
    face = face_of(certificate_type)
    text = text_of(tmp_path, replace(face, non_statutory=True))
    assert face.holder in text
    assert face.licence_number in text
    assert face.identifier in text
    assert "非法定样式" in text
    assert "测试TEST" in text
    assert "电子证照专用章" in text[text.rindex("测试TEST仅供") :]
    assert "".join(face.number.split()) in text


def test_the_number_stands_on_the_page(tmp_path: Path) -> None:
    assert "".join(HOTEL.number.split()) in text_of(tmp_path, HOTEL)


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


def test_the_file_is_whole_for_qpdf_and_says_that_it_is_pdf_a_3b_and_tagged(tmp_path: Path) -> None:
    assert "No syntax or stream encoding errors" in told_by(tmp_path, HOTEL, "qpdf", "--check", "FILE")
    described = told_by(tmp_path, HOTEL, "pdfinfo", "FILE")
    stated = told_by(tmp_path, HOTEL, "pdfinfo", "-meta", "FILE")
    assert "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in stated
    assert "Tagged:          yes" in described
    assert "A4" in described


def test_the_same_face_gives_the_same_bytes_from_another_drawing_too() -> None:
    assert draw(HOTEL).pdf == Drawing().draw(HOTEL, attachments=[XML], made_at=MADE_AT).pdf


def test_threads_that_draw_at_once_get_each_its_own_pages() -> None:
    faces = [replace(HOTEL, holder=f"示例{n}商行", rows=HOTEL.rows * (1 + n)) for n in range(6)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(draw, faces))
    assert together == [draw(each) for each in faces]
    assert together[0].seal_page < together[5].seal_page


def test_original_and_duplicate_differ(tmp_path: Path) -> None:
    assert "（正本）" in text_of(tmp_path, HOTEL)
    assert "（副本）" in text_of(tmp_path, replace(HOTEL, edition="duplicate"))


def test_a_name_of_120_characters_and_a_body_of_40_are_shown_whole(tmp_path: Path) -> None:
    text = text_of(tmp_path, replace(HOTEL, holder="长" * 120, body="示例" * 20))
    assert text.count("长") == 120
    # Once along the arc of the emblem, once beside it.
    assert text.count("例") >= 40


def test_many_rows_and_a_long_value_go_on_over_numbered_pages_and_the_seal_is_on_the_last(tmp_path: Path) -> None:
    rows = tuple(FaceRow(f"项目{n}", f"Item {n}", "甲乙丙丁" * 10) for n in range(24))
    face = replace(HOTEL, rows=(*rows, FaceRow("范围", "Scope", "龘" * 4000)))
    text = text_of(tmp_path, face)
    pages = draw(face).seal_page
    assert text.count("龘") == 4000
    assert text.count("（续）") == pages - 1
    assert text.count("测试TEST") >= pages
    assert f"{pages}/{pages}" in text


def test_a_character_that_no_font_has_stops_the_drawing_and_is_named() -> None:
    with pytest.raises(MissingGlyphError) as refused:
        draw(replace(HOTEL, holder="示例\U0002a6d6商行"))
    assert refused.value.character == "\U0002a6d6"
    assert refused.value.code == "glyph_missing"


def test_a_private_use_character_is_refused_though_a_font_may_hold_it() -> None:
    with pytest.raises(MissingGlyphError, match=r"U\+E123"):
        draw(replace(HOTEL, holder="示例\ue123商行"))


def test_a_missing_character_of_the_body_is_named_too() -> None:
    with pytest.raises(MissingGlyphError, match=r"U\+2A6D6"):
        draw(replace(HOTEL, body="示例\U0002a6d6局"))


def test_a_value_that_looks_like_markup_stays_text(tmp_path: Path) -> None:
    assert '#import"x":*$a$' in text_of(tmp_path, replace(HOTEL, holder='#import "x": * $a$'))


def test_a_copy_is_marked_across_its_pages(tmp_path: Path) -> None:
    told = told_by(tmp_path, replace(HOTEL, marking=MARKING), "pdftotext", "-raw", "FILE", "-")
    assert told.count("EX-2026-000123") >= 5
    assert "示例市交通运输局" in told
    assert "EX-2026-000123" not in text_of(tmp_path, HOTEL)


def test_the_english_page_has_english_labels(tmp_path: Path) -> None:
    text = text_of(tmp_path, replace(HOTEL, language="en"))
    assert "Unifiedsocialcreditcode" in text
    assert "Scantoverify" in text
    assert "统一社会信用代码" not in text


@pytest.mark.parametrize("code", ["business_licence", "food_operation_permit", "lift_registration"])
def test_the_code_reads_from_a_print_even_of_a_marked_copy(code: str, tmp_path: Path) -> None:
    face = replace(face_of(CATALOGUE.get(code)), marking=MARKING)
    assert [each.text for each in zxingcpp.read_barcodes(picture_of(tmp_path, face))] == [URL]


@pytest.mark.parametrize("code", ["business_licence", "hotel_trade_permit"])
def test_the_seal_is_drawn_where_the_drawing_says(code: str, tmp_path: Path) -> None:
    face = face_of(CATALOGUE.get(code))
    x0, y0, x1, y1 = draw(face).seal_rect
    picture = picture_of(tmp_path, face).convert("RGB")
    dots = 150 / 72
    middle = ((x0 + x1) / 2 * dots, picture.height - (y0 + y1) / 2 * dots)
    # The star's own middle is red.
    red, green, blue = picture.crop((int(middle[0]), int(middle[1]), int(middle[0]) + 1, int(middle[1]) + 1)).tobytes()
    assert red > 150
    assert max(green, blue) < 80


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(LayoutUnknownError):
        draw(replace(HOTEL, layout="../shared"))
