"""The golden pictures: every type looks as when it was looked at, but for what another poppler draws otherwise."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from hub.steps.documents.faces.face import Face
from scripts.vectors.faces import golden_faces, picture_of
from tests.hub.faces.drawn import FOOD, HOTEL
from tests.hub.faces.example import CATALOGUE

PICTURES = Path(__file__).parent.parent.parent / "vectors" / "faces"
GOLDEN = dict(golden_faces())
# Of 255: over the whole page, and over the worst square of 12 dots, which holds one character of a value.
MEAN, SQUARE, DOTS = 0.4, 10, 12


def golden(name: str) -> Image.Image:
    with Image.open(PICTURES / f"{name}.png") as picture:
        return picture.convert("RGB")


def is_alike(kept: Image.Image, face: Face) -> bool:
    drawn = picture_of(face).convert("RGB")
    if kept.size != drawn.size:
        return False
    difference = ImageChops.difference(kept, drawn)
    squares = difference.resize((drawn.width // DOTS, drawn.height // DOTS), Image.Resampling.BOX)
    worst = max(squares.tobytes())
    return max(ImageStat.Stat(difference).mean) < MEAN and worst < SQUARE


@pytest.mark.parametrize("name", GOLDEN)
def test_face_looks_as_its_golden_picture(name: str) -> None:
    assert is_alike(golden(name), GOLDEN[name])


def test_every_type_and_both_editions_of_its_own_forms_have_a_picture() -> None:
    kept = {path.stem for path in PICTURES.glob("*.png")}
    assert kept == set(GOLDEN)
    assert {each.code for each in CATALOGUE.current()} <= kept
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 1_500_000


CHANGES: dict[str, Face] = {
    "one character of a name": replace(HOTEL, holder=HOTEL.holder.replace("岐", "歧")),
    "one digit of the number": replace(HOTEL, number=HOTEL.number.replace("16", "17")),
    "one digit of the licence number": replace(HOTEL, licence_number=HOTEL.licence_number.replace("6T", "8T")),
    "one digit of a date": replace(HOTEL, issued_on=HOTEL.issued_on.replace("24", "25")),
    "a row": replace(HOTEL, rows=HOTEL.rows[:-1]),
    "a label": replace(HOTEL, rows=(replace(HOTEL.rows[0], label_zh="住址"), *HOTEL.rows[1:])),
    "no mark of a test": replace(HOTEL, is_test=False),
    "no mark of a form": replace(HOTEL, non_statutory=False),
    "another body": replace(HOTEL, body="示例市公安局"),
    "another edition": replace(HOTEL, edition="duplicate"),
    "another layout": replace(HOTEL, layout="lift_registration"),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen(changed: Face) -> None:
    assert not is_alike(golden("hotel_trade_permit"), changed)


def test_another_paper_is_seen() -> None:
    assert not is_alike(golden("food_operation_permit"), replace(FOOD, layout="tobacco_retail_licence"))
