"""The picture of a certificate's life is what the tables say now."""

from schemas.certificate import CHANGES
from schemas.parties import LicenceState
from scripts.draw_life import PAGE, draw


def test_picture_is_drawn_from_the_tables_of_today() -> None:
    assert PAGE.read_text(encoding="utf-8") == draw(), "run ./scripts/draw_life"


def test_picture_holds_every_change_and_every_state_of_a_licence() -> None:
    drawn = draw()
    assert all(f"{before} --> {after}:" in drawn for (before, _), after in CHANGES.items())
    assert all(f"| {state.value} |" in drawn for state in LicenceState)
