"""Predicates (判断): questions with a yes, a no or an unknown, asked instead of fields; an item lists them.

The answer is signed by the hub (typ `yizhao-predicate+jwt`). Doubt never reads yes: a value that is erased, missing or
of another form than the question needs makes it unknown, and so does a text that only may contain what is asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from re import split
from typing import Any

from schemas.exchange import PullRequest, RequestFormError, Wanted, read_pull_request
from schemas.fields import COMMON_FIELDS

PREDICATE_TYP = "yizhao-predicate+jwt"
LONGEST_ARGUMENT = 200


class PredicateKind(StrEnum):
    """What can be asked: valid on a day; a field equals, is at least (a number), or lists a part."""

    VALID_ON = "valid_on"
    FIELD_EQUALS = "field_equals"
    AREA_AT_LEAST = "area_at_least"
    SCOPE_INCLUDES = "scope_includes"


class PredicateAnswer(StrEnum):
    """What is answered."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Predicate:
    """One question an item lists: about a type, and a field of it unless it is about validity.

    `argument` is what the item fixes (a day, a number, a text); None: whoever asks says it.
    """

    code: str
    kind: PredicateKind
    certificate_type: str
    field: str | None
    argument: str | None

    def content(self) -> dict[str, Any]:
        """Return it as plain members."""
        return {name: getattr(self, name) for name in self.__slots__} | {"kind": str(self.kind)}

    def wanted(self) -> Wanted:
        """Return what must be seen to answer it."""
        shown = () if self.field is None or self.field in COMMON_FIELDS else (self.field,)
        return Wanted(self.certificate_type, shown)


def predicate_of(content: Mapping[str, Any]) -> Predicate:
    """Return the predicate that `content` told."""
    return Predicate(**{**content, "kind": PredicateKind(content["kind"])})


@dataclass(frozen=True, slots=True)
class Question:
    """A predicate as it is asked: of one holder, for one case, on one basis."""

    pull: PullRequest
    predicate: str
    argument: str | None


def read_question(request: Mapping[str, Any]) -> Question:
    """Read a question: a pull request that names a predicate of its item instead of types and fields."""
    code, argument = request.get("predicate"), request.get("argument")
    if not isinstance(code, str) or not 1 <= len(code) <= 64 or not code.isprintable():
        raise RequestFormError("predicate")
    if argument is not None and (not isinstance(argument, str) or not 1 <= len(argument) <= LONGEST_ARGUMENT):
        raise RequestFormError("argument")
    named = {name: value for name, value in request.items() if name not in ("predicate", "argument", "wanted")}
    return Question(read_pull_request(named | {"by_item": True, "tell_when_issued": False}), code, argument)


def is_argument(kind: PredicateKind, argument: str) -> bool:
    """Say whether an argument has the form that its kind of question needs."""
    if kind is PredicateKind.VALID_ON:
        return _day(argument) is not None
    return _number(argument) is not None if kind is PredicateKind.AREA_AT_LEAST else bool(argument.strip())


def holds(kind: PredicateKind, held: str | None, argument: str) -> bool | None:
    """Say whether a field's value answers yes; None when nobody can say."""
    if held is None:
        return None
    if kind is PredicateKind.FIELD_EQUALS:
        return held.strip() == argument.strip()
    if kind is PredicateKind.AREA_AT_LEAST:
        area, least = _number(held), _number(argument)
        return None if area is None or least is None else area >= least
    if argument.strip() in (part.strip() for part in split(r"[;；,，、\n]", held)):
        return True
    # A part of a part may be its contrary: "except …" holds the words too.
    return None if argument.strip() in held else False


def combined(outcomes: Iterable[bool | None]) -> PredicateAnswer:
    """Return the answer over several certificates: one yes is enough, and one doubt enough for unknown."""
    found = list(outcomes)
    if any(each is True for each in found):
        return PredicateAnswer.YES
    return PredicateAnswer.NO if found and all(each is False for each in found) else PredicateAnswer.UNKNOWN


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None
