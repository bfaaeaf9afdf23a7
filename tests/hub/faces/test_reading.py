"""What a reader that cannot see the page is told: structure, order, texts instead of pictures, and the metadata."""

import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from hub.steps.documents.faces.face import CopyMarking, Face
from tests.hub.faces.drawn import FOOD, HOTEL, LICENCE, LIFT, draw, text_of, told_by
from tests.hub.faces.example import MARKING, URL, in_english

DUPLICATES = [replace(each, edition="duplicate") for each in (LICENCE, FOOD, HOTEL)]
HAN = re.compile("[\u3400-\u9fff\uff00-\uffef]+")


def opened(face: Face) -> pikepdf.Pdf:
    return pikepdf.open(BytesIO(draw(face).pdf))


def below(element: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Return the element and all below it, in reading order."""
    yield element
    kids = element.K if isinstance(element.K, pikepdf.Array) else [element.K]
    for kid in kids:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield from below(kid)


def kinds(face: Face) -> list[str]:
    with opened(face) as pdf:
        return [str(each.S)[1:] for each in below(pdf.Root.StructTreeRoot.K[0])]


def pictures(face: Face) -> list[str]:
    """Return the texts that stand for pictures."""
    with opened(face) as pdf:
        return [str(each.Alt) for each in below(pdf.Root.StructTreeRoot.K[0]) if str(each.S) == "/Figure"]


@pytest.mark.parametrize("face", DUPLICATES, ids=lambda face: face.layout)
def test_title_number_holder_and_fields_are_read_in_their_order(face: Face) -> None:
    text = text_of(replace(face, is_test=False))
    told = [face.title_zh, face.title_en, face.number, face.holder, *(row.label_zh + row.value for row in face.rows)]
    # The licence is its own number, and stands before its holder's name like any other.
    places = [text.find("".join(each.split())) for each in told]
    assert -1 not in places
    assert places == sorted(places)
    assert text.startswith(face.title_zh)


def test_what_tells_a_device_from_others_is_read_first() -> None:
    text = text_of(LIFT)
    assert text.index(LIFT.number) < text.index("设备代码") < text.index("使用单位名称") < text.index("设备品种")


@pytest.mark.parametrize("face", DUPLICATES, ids=lambda face: face.layout)
def test_the_structure_is_a_heading_and_a_table_of_labels_and_values(face: Face) -> None:
    told = kinds(face)
    assert told[:2] == ["Document", "H1"]
    assert (told.count("H1"), told.count("Table")) == (1, 1)
    # Holder and fields, the licence's own number apart; each with its label.
    rows = len(face.rows) + (1 if face is DUPLICATES[0] else 2)
    assert told.count("TD") == 2 * rows


@pytest.mark.parametrize("face", [LICENCE, FOOD, LIFT, HOTEL], ids=lambda face: face.layout)
def test_the_heading_carries_the_title(face: Face) -> None:
    with opened(face) as pdf:
        (heading,) = [each for each in below(pdf.Root.StructTreeRoot.K[0]) if str(each.S) == "/H1"]
        assert str(heading.T) == face.title_zh


def test_code_and_seal_are_told_in_words() -> None:
    assert pictures(HOTEL) == [f"核验二维码 {URL}", "电子证照专用章 示例市市场监督管理局 测试 TEST"]
    assert pictures(in_english(LICENCE)) == [
        f"Verification code {URL}",
        "Electronic certificate seal of 示例市市场监督管理局, TEST",
    ]
    mark = pictures(replace(HOTEL, marking=MARKING))[1]
    assert [each for each in (MARKING.requester, MARKING.cause, MARKING.case, MARKING.ends) if each not in mark] == []


def test_paper_and_marks_are_no_content(tmp_path: Path) -> None:
    # Frame, watermark, head and foot are artifacts: whoever listens hears the certificate only.
    described = told_by(tmp_path, replace(HOTEL, marking=MARKING), "pdfinfo", "-struct-text", "FILE")
    assert HOTEL.holder in described
    assert MARKING.cause not in described
    assert HOTEL.identifier not in described


def test_language_title_and_author_stand_in_the_metadata() -> None:
    with opened(HOTEL) as pdf, opened(in_english(HOTEL)) as english:
        assert (str(pdf.Root.Lang), str(english.Root.Lang)) == ("zh-CN", "en")
        assert str(pdf.docinfo.Title) == f"{HOTEL.title_zh} {HOTEL.number}"
        assert str(english.docinfo.Title) == f"{HOTEL.title_en} {HOTEL.number}"
        with pdf.open_metadata() as metadata:
            assert metadata["dc:title"] == f"{HOTEL.title_zh} {HOTEL.number}"
            assert metadata["dc:creator"] == [HOTEL.body]
            assert metadata["xmp:CreateDate"] == "2026-11-24T02:00:00+00:00"


def test_the_file_says_that_it_is_pdf_a_3b_in_srgb() -> None:
    with opened(HOTEL) as pdf:
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "B")
        (intent,) = pdf.Root.OutputIntents
        assert str(intent.S) == "/GTS_PDFA1"
        assert str(intent.OutputCondition) == "sRGB"
        assert bytes(intent.DestOutputProfile.read_bytes())[36:40] == b"acsp"
        assert bool(pdf.Root.MarkInfo.Marked)


@pytest.mark.parametrize("marking", [None, MARKING], ids=["master", "copy"])
@pytest.mark.parametrize("face", DUPLICATES, ids=lambda face: face.layout)
def test_an_english_page_has_no_chinese_but_values_and_that_chinese_prevails(
    face: Face, marking: CopyMarking | None
) -> None:
    english = replace(in_english(face), marking=marking)
    text = text_of(english)
    values = [english.holder, english.number, english.body, *(row.value for row in english.rows)]
    marked = [] if marking is None else [marking.requester, marking.cause, marking.made, marking.ends, marking.maker]
    # The seal is the body's own, and Chinese.
    allowed = [*values, *marked, "Chinesetextprevails以中文文本为准", "电子证照专用章测试TEST"]
    longest_first = sorted(("".join(each.split()) for each in allowed), key=len, reverse=True)
    assert HAN.findall(re.sub("|".join(map(re.escape, longest_first)), "", text)) == []
    assert "Chinesetextprevails以中文文本为准" in text_of(english)


@pytest.mark.parametrize("face", DUPLICATES, ids=lambda face: face.layout)
def test_an_english_page_has_every_label_in_english(face: Face) -> None:
    english = in_english(face)
    text = text_of(english)
    labels = ["".join(row.label_en.split()) for row in english.rows]
    assert [each for each in labels if each not in text] == []
    said = (
        "Duplicate",
        "Scantoverify",
        "Recorded",
        "Sealed",
        "Identifier",
        "Verifyat",
        "Notthestatutoryform",
        english.body_en,
    )
    assert [each for each in said if "".join(each.split()) not in text] == []
