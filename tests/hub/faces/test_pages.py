"""How a face fills its pages: air while there is room, one page where that can be, numbered pages else."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hub.steps.documents.faces.drawing import LAYOUTS_FOLDER
from hub.steps.documents.faces.face import Face, FaceRow
from tests.hub.faces.drawn import FOOD, HOTEL, LICENCE, LIFT, draw, pages_of, text_of, told_by
from tests.hub.faces.example import CATALOGUE, MARKING, example_face

LONG_NAME = "鑫" * 120
LONG_ADDRESS = "示例省示例市示例区示例街道示例路" * 12 + "一百二十八号大厦"
OWN = [LICENCE, FOOD, LIFT, HOTEL]


def many(face: Face, count: int) -> Face:
    """Return the face with so many rows."""
    more = (FaceRow(f"项目{n}", f"Item {n}", f"示例值{n}") for n in range(count - len(face.rows)))
    return replace(face, rows=(*face.rows, *more))


def with_scope(face: Face, characters: int) -> Face:
    """Return the face with so long a last but two row."""
    scope = FaceRow("范围", "Scope", "龘" * characters)
    return replace(face, rows=(*face.rows, scope, FaceRow("甲项", "First", "甲值"), FaceRow("乙项", "Second", "乙值")))


@pytest.mark.parametrize("face", OWN, ids=lambda face: face.layout)
def test_a_name_of_120_characters_an_address_of_200_and_a_body_of_40_stay_on_one_page(face: Face) -> None:
    rows = (FaceRow("住所", "Address", LONG_ADDRESS), *face.rows[1:])
    drawn = replace(face, holder=LONG_NAME, rows=rows, body="示例" * 20, successor_body="示例承接局")
    (text,) = pages_of(drawn)
    assert len(LONG_ADDRESS) == 200
    assert text.count("鑫") == 120
    assert LONG_ADDRESS in text
    # Along the arc of the seal and over it.
    assert text.count("示例" * 20) == 2
    assert "承接机关示例承接局" in text


@pytest.mark.parametrize("face", [*OWN, replace(FOOD, edition="duplicate")], ids=lambda face: face.layout)
def test_a_value_of_4000_characters_goes_on_over_pages_that_have_head_and_number(face: Face) -> None:
    pages = pages_of(with_scope(face, 4000))
    last = len(pages)
    assert last == draw(with_scope(face, 4000)).seal_page > 1
    assert sum(page.count("龘") for page in pages) == 4000
    assert [f"{n}/{last}" in page for n, page in enumerate(pages, start=1)] == [True] * last
    heading = f"{face.title_zh}{''.join(face.number.split())}（续）"
    assert [heading in page for page in pages] == [False] + [True] * (last - 1)
    assert [page.count("仅供测试，不具法律效力") for page in pages] == [1] * last


def test_forty_fields_are_all_shown_in_their_order() -> None:
    text = text_of(many(HOTEL, 40))
    places = [text.index(f"项目{n}示例值{n}") for n in range(40 - len(HOTEL.rows))]
    assert places == sorted(places)


# Each length brings the last rows elsewhere on their page.
@pytest.mark.parametrize("characters", range(300, 1100, 100))
@pytest.mark.parametrize("face", OWN, ids=lambda face: face.layout)
def test_the_seal_never_stands_on_a_page_without_a_row(face: Face, characters: int) -> None:
    last = pages_of(with_scope(face, characters))[-1]
    assert re.search("甲项.*乙项乙值.*2026年11月24日.*电子证照专用章", last)


def test_what_takes_one_page_bears_no_page_number() -> None:
    assert re.findall(r"\d/1(?!\d)", text_of(HOTEL)) == []


@pytest.mark.parametrize("pages_wanted", [1, 4])
def test_every_page_of_a_copy_is_marked_with_requester_cause_case_and_time(pages_wanted: int) -> None:
    characters = {1: 10, 4: 3600}[pages_wanted]
    pages = pages_of(replace(with_scope(HOTEL, characters), marking=MARKING, edition="duplicate"))
    told = (
        "".join(each.split()) for each in (MARKING.requester, MARKING.cause, MARKING.case, MARKING.made, MARKING.ends)
    )
    assert len(pages) == pages_wanted
    # In the banner once, and across the page.
    assert [page.count(each) >= 10 for each in (*told,) for page in pages] == [True] * 5 * pages_wanted
    # Maker and serial in the banner alone.
    assert [page.count(each) for each in (MARKING.maker, MARKING.serial) for page in pages] == [1] * 2 * pages_wanted


def test_a_marking_of_any_length_is_told_whole_and_leaves_the_title_free(tmp_path: Path) -> None:
    marking = replace(MARKING, requester="长" * 120, cause="因" * 200)
    face = replace(FOOD, edition="duplicate", marking=marking)
    assert "长" * 120 in text_of(face)
    assert "因" * 200 in text_of(face)
    boxes = re.findall(
        r'yMin="([\d.]+)".*yMax="([\d.]+)">(.*?)<', told_by(tmp_path, face, "pdftotext", "-bbox", "FILE", "-")
    )
    words = [(float(top), float(bottom), word) for top, bottom, word in boxes]
    title_top, _, _ = max(words, key=lambda each: each[1] - each[0] if each[2] in FOOD.title_zh else 0)
    assert [word for top, bottom, word in words if "因" in word and top < title_top < bottom] == []


def test_the_original_of_a_form_with_two_leaves_to_the_duplicate_what_does_not_hang_on_the_wall() -> None:
    original, duplicate = text_of(FOOD), text_of(replace(FOOD, edition="duplicate"))
    assert ("（正本）" in original, "（副本）" in duplicate) == (True, True)
    assert ("食品安全管理员" in original, "食品安全管理员" in duplicate) == (False, True)
    assert "经营场所面积（平方米）" in text_of(replace(FOOD, marking=MARKING))


@pytest.mark.parametrize(
    ("face", "size"),
    [
        (LICENCE, "841.89 x 595.276 pts (A4)"),
        (FOOD, "841.89 x 595.276 pts (A4)"),
        (replace(FOOD, edition="duplicate"), "595.276 x 841.89 pts (A4)"),
        (LIFT, "595.276 x 841.89 pts (A4)"),
    ],
    ids=["licence", "original", "duplicate", "device"],
)
def test_originals_lie_and_duplicates_stand(face: Face, size: str, tmp_path: Path) -> None:
    assert size in told_by(tmp_path, face, "pdfinfo", "FILE")


@pytest.mark.parametrize("layout", [path.stem for path in LAYOUTS_FOLDER.glob("[a-z]*.typ")])
def test_rows_that_a_layout_names_are_those_of_its_type(layout: str) -> None:
    named = re.findall(r"#let (?:off-the-wall|telling) = \((.*?)\)\n", (LAYOUTS_FOLDER / f"{layout}.typ").read_text())
    labels = {each.label_zh for kind in CATALOGUE.current() if kind.code == layout for each in kind.fields}
    assert set(re.findall('"(.*?)"', "".join(named))) <= labels


def test_no_end_is_told_as_one() -> None:
    assert "2026年11月24日起长期有效" in text_of(LIFT)
    assert "2026-11-24onwardsnoenddate" in text_of(replace(LIFT, language="en", valid_from="2026-11-24"))


def test_a_successor_is_named() -> None:
    assert "承接机关示例新局" in text_of(
        replace(example_face(CATALOGUE.get("hotel_trade_permit")), successor_body="示例新局")
    )
