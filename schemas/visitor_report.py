"""What a visitor reports (反映): kinds of trouble with a code or a certificate, and what a report must hold."""

from dataclasses import dataclass
from enum import StrEnum

SHORTEST_WORDS = 5
LONGEST_WORDS = 500


class Trouble(StrEnum):
    """What is reported. What is no fault of register or code (a shop's conduct) belongs to 12345, not here."""

    FALSE_CODE = "false_code"
    OTHER_PLACE = "other_place"
    DATA_WRONG = "data_wrong"
    PAGE_FAULT = "page_fault"


@dataclass(frozen=True, slots=True)
class VisitorReport:
    """One report. `about` is the path of what was scanned ("c/REFERENCE"); `words` are the visitor's own."""

    about: str
    trouble: Trouble
    words: str


def report_problems(trouble: str, words: str) -> list[tuple[str, str]]:
    """Return what is wrong with a form, as (member, rule): empty when it can be taken in."""
    problems = []
    if trouble not in {each.value for each in Trouble}:
        problems.append(("trouble", "missing"))
    if len(words.strip()) < SHORTEST_WORDS:
        problems.append(("words", "too_short"))
    elif len(words) > LONGEST_WORDS:
        problems.append(("words", "too_long"))
    return problems
