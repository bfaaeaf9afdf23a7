"""Characters: rare ones are drawn, and one that cannot be shown for certain stops the drawing and is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from hub.steps.documents.faces.drawing import Drawing, MissingGlyphError
from hub.steps.documents.faces.face import Face
from tests.hub.faces.drawn import HOTEL, draw, text_of
from tests.hub.faces.example import MADE_AT
from tests.hub.faces.site_font import font_with

# 㐀 䶮 of extension A, 𠮷 𬭎 of B and E; Greek, Cyrillic and the signs that names and scopes hold.
RARE = "㐀䶮𠮷𬭎·αЖéñ²㎡〔〕—…“”‘’①Ⅳ℃"
# Extension B, a combining mark on Thai, an emoji.
MISSING = ["\U0002a6d6", "\u0e34", "\U0001f600"]
# Private use, a variation selector, a joiner, a change of direction, a soft hyphen, control characters.
SHAPELESS = ["\ue123", "\U00100001", "\U000e0100", "\u200d", "\u202e", "\u00ad", "\x07", "\x00", "\uffff"]


def test_rare_characters_are_drawn_and_can_be_copied() -> None:
    assert RARE in text_of(replace(HOTEL, holder=RARE))


def test_a_mark_above_its_letter_is_drawn_with_it() -> None:
    assert "M\u0302示例" in text_of(replace(HOTEL, holder="M\u0302示例"))


@pytest.mark.parametrize("character", MISSING + SHAPELESS, ids=lambda each: f"U+{ord(each):04X}")
def test_a_character_that_cannot_be_shown_stops_the_drawing_and_is_named(character: str) -> None:
    with pytest.raises(MissingGlyphError) as refused:
        draw(replace(HOTEL, holder=f"示例{character}商行"))
    assert refused.value.character == character
    assert str(refused.value) == f"no font shows U+{ord(character):04X}"
    assert refused.value.code == "glyph_missing"


@pytest.mark.parametrize(
    "face",
    [
        replace(HOTEL, body="示例\U0002a6d6局"),
        replace(HOTEL, rows=(*HOTEL.rows[:-1], replace(HOTEL.rows[-1], value="\U0002a6d6"))),
        replace(HOTEL, successor_body="\U0002a6d6"),
    ],
    ids=["body", "row", "successor"],
)
def test_wherever_it_stands(face: Face) -> None:
    with pytest.raises(MissingGlyphError, match=r"U\+2A6D6"):
        draw(face)


def test_a_font_in_the_sites_folder_adds_a_character(tmp_path: Path) -> None:
    (tmp_path / "site.ttf").write_bytes(font_with("\U0002a6d6"))
    face = replace(HOTEL, holder="示例\U0002a6d6商行")
    drawn = Drawing(font_folders=[tmp_path]).draw(face, attachments=[], made_at=MADE_AT)
    assert drawn.seal_page == 1
    with pytest.raises(MissingGlyphError):
        draw(face)


def test_a_font_in_the_sites_folder_changes_no_other_document(tmp_path: Path) -> None:
    (tmp_path / "site.ttf").write_bytes(font_with("\U0002a6d6"))
    drawn = Drawing(font_folders=[tmp_path]).draw(HOTEL, attachments=[], made_at=MADE_AT)
    assert drawn == Drawing().draw(HOTEL, attachments=[], made_at=MADE_AT)
