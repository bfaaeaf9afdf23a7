"""The table of decisions is what is decided now, cell by cell, and holds every reason for which anything is refused."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from hub.decisions import authorisation
from schemas.exchange import Basis
from schemas.fields import SharingClass
from scripts.draw_sharing import BASES, LINES, PAGE, cell, draw
from scripts.sharing_cases import CIRCUMSTANCES, Circumstance, catalogue, decide_on, is_public

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = {tuple(row[:2]): row[2:] for line in TEXT.splitlines() if (row := line.strip("| ").split(" | "))[2:]}
CELLS = [(each, basis) for each, basis in product(CIRCUMSTANCES, BASES) if basis in each.changes]
# Decided when a code is redeemed or a predicate asked, not on a pull.
ELSEWHERE = {"predicate_not_listed", "predicate_argument"}


@pytest.mark.parametrize(("circumstance", "basis"), CELLS, ids=lambda each: getattr(each, "en", str(each)))
def test_each_cell_is_what_is_decided(circumstance: Circumstance, basis: Basis) -> None:
    written = ROWS[circumstance.zh, circumstance.en][BASES.index(basis)]
    assert written == cell(decide_on(basis, circumstance))


@pytest.mark.parametrize("code", [each.code for each in catalogue().current()])
def test_each_field_is_given_as_its_classes_say_and_no_wider(code: str) -> None:
    kind, sections = catalogue().get(code), TEXT.split("\n### ")
    section = next(each for each in sections if f" {kind.code}.{kind.version}: " in each.partition("\n")[0])
    written = [row[2:] for line in section.splitlines() if len(row := line.strip("| ").split(" | ")) == 8][1:]
    assert written == [
        [_expected(code, each.name, *column) for column in product(LINES, (True, False))] for each in kind.fields
    ]


def test_only_what_is_right_in_everything_is_allowed() -> None:
    allowed = {each.en for each, basis in CELLS if decide_on(basis, each).allowed}
    assert allowed == {"all is right", "no officer is named"}
    assert decide_on(Basis.GRANT, _named("no officer is named")).allowed
    assert not decide_on(Basis.STATUTORY, _named("no officer is named")).allowed


def test_every_reason_of_a_refusal_stands_in_the_table() -> None:
    assert set(_reasons()) - ELSEWHERE <= set(re.findall(r"`(\w+)`", TEXT))


def test_page_is_drawn_from_the_decision_of_today() -> None:
    assert draw() == TEXT, "run ./scripts/draw_sharing"


def _named(english: str) -> Circumstance:
    return next(each for each in CIRCUMSTANCES if each.en == english)


def _expected(code: str, name: str, line: SharingClass | None, is_listed: bool) -> str:
    """Say what the classes ask for, by a rule written down here a second time."""
    kind = catalogue().get(code)
    (field,) = [each for each in kind.fields if each.name == name]
    order = list(SharingClass)
    most = order.index(line or SharingClass.CONDITIONAL)
    if kind.sharing_class is SharingClass.NOT_SHARED:
        return "`not_shared`"
    if order.index(kind.sharing_class) > most:
        return "`class_stricter`"
    is_given = is_public(kind, name) or (is_listed and order.index(field.sharing_class) <= most)
    return "allowed" if is_given else "`field_not_covered`"


def _reasons() -> Iterator[str]:
    """Yield every refusal's code in the source of the decision: each text there that has the form of one."""
    tree = ast.parse(Path(authorisation.__file__).read_text())
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return (text for text in texts if re.fullmatch(r"[a-z]+(_[a-z]+)+", text))
