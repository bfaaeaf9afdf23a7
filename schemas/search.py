"""A search for certificates: by what, where a page goes on, and how both are read from what a caller gave.

The filters name the way through the registry: what has a number, a device or a site is found by its chains, a holder by
its pages, everything else by serial, newest first. `after` carries the place where the page before ended and a digest
of the filters: it holds for the same search only. It is checked, not signed; a made-up one moves a page and no more.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256

from schemas.canonical import canonical_json
from schemas.catalogue import Catalogue, CertificateTypeUnknownError, FieldProblem, FieldsError
from schemas.certificate import Status
from schemas.identifiers import LicenceNumberCheckError, LicenceNumberFormError, as_typed, parse_licence_number
from schemas.name_parts import SHORTEST, folded_name
from schemas.plain_text import PlainTextError, parse_plain_text

FILTERS = ("name", "number", "licence_number", "site", "device", "type", "state", "issuing_body")
_LENGTHS = {"name": 64, "number": 128, "licence_number": 64, "site": 64, "device": 64, "type": 64, "state": 16}
_LENGTHS |= {"issuing_body": 18, "after": 64}
_BODY = re.compile(r"[0-9A-Z]{18}")
_AFTER = re.compile(r"([0-9a-f]{16})-(?:([0-9A-Z]{18})-)?([0-9]{1,18})")


class State(StrEnum):
    """What is asked of a certificate's state: its status, or what follows from it and its dates today.

    VALID is the status alone, IN_FORCE within its dates too, EXPIRED past them. A version that was superseded or voided
    is nobody's current certificate and not searched for.
    """

    IN_FORCE = "in_force"
    EXPIRED = "expired"
    VALID = "valid"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    ANNULLED = "annulled"
    STRIPPED = "stripped"
    CANCELLED = "cancelled"

    @property
    def status(self) -> Status:
        """The status that a certificate in this state has."""
        return Status.VALID if self in (State.IN_FORCE, State.EXPIRED) else Status(self.value)


CURRENT = tuple(dict.fromkeys(state.status for state in State))
"""The statuses that a current version can have."""


class Way(StrEnum):
    """In which order a search goes: by chain or serial (newest first), or by holder and place on its pages."""

    CHAIN = "chain"
    HOLDER = "holder"
    SERIAL = "serial"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: a chain or serial, or a holder and the slot on its pages."""

    number: int
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for; None where it does not matter. `words` are parts of one name, folded."""

    words: tuple[str, ...] = ()
    number: str | None = None
    licence_number: str | None = None
    site: str | None = None
    device: str | None = None
    certificate_type: str | None = None
    state: State | None = None
    issuing_body: str | None = None

    @property
    def way(self) -> Way:
        if self.number or self.device or self.site:
            return Way.CHAIN
        return Way.HOLDER if self.licence_number or self.words else Way.SERIAL

    def after(self, place: Place) -> str:
        """Return what a caller sends to get what comes after `place`."""
        return "-".join(filter(None, (self._digest(), place.holder, str(place.number))))

    def place_of(self, after: str) -> Place:
        """Read what `after` gave; FieldsError where it is of a wrong form or of another search."""
        form = _AFTER.fullmatch(after)
        if form is None or bool(form[2]) != (self.way is Way.HOLDER):
            raise FieldsError((FieldProblem("after", "form"),))
        if form[1] != self._digest():
            raise FieldsError((FieldProblem("after", "other_search"),))
        return Place(int(form[3]), form[2] or "")

    def fits(
        self, certificate_type: str, status: str, issuing_body: str, days: tuple[str, str | None], today: date
    ) -> bool:
        """Say whether a certificate is of the type, body and state wanted; `days` are its first and last, ISO 8601."""
        if self.certificate_type not in (None, certificate_type) or self.issuing_body not in (None, issuing_body):
            return False
        if self.state is None:
            return status in CURRENT
        first, last = days
        if status != self.state.status:
            return False
        if self.state is State.EXPIRED:
            return last is not None and last < today.isoformat()
        return self.state is not State.IN_FORCE or first <= today.isoformat() <= (last or today.isoformat())

    def names(self, names: Iterable[str]) -> bool:
        """Say whether every word stands in one of a holder's names."""
        known = [folded_name(name) for name in names] if self.words else []
        return all(any(word in name for name in known) for word in self.words)

    def _digest(self) -> str:
        return sha256(canonical_json(asdict(self))).hexdigest()[:16]


def read_search(
    given: Iterable[tuple[str, str]], *, catalogue: Catalogue, overrides: Container[str]
) -> tuple[Wanted, Place | None]:
    """Read filters and `after`; an empty one counts as left out. FieldsError names each member and rule broken."""
    problems: list[FieldProblem] = []
    texts = _read_texts(given, problems)
    wanted = Wanted(
        words=_read_words(texts.get("name", ""), problems),
        number=texts.get("number"),
        licence_number=_read_licence_number(texts.get("licence_number"), overrides, problems),
        site=texts.get("site"),
        device=texts.get("device"),
        certificate_type=_read_type(texts.get("type"), catalogue, problems),
        state=_read_state(texts.get("state"), problems),
        issuing_body=_read_body(texts.get("issuing_body"), problems),
    )
    if not problems and wanted == Wanted():
        problems.append(FieldProblem("filter", "one_at_least"))
    if problems:
        raise FieldsError(tuple(problems))
    return wanted, wanted.place_of(texts["after"]) if "after" in texts else None


def _read_texts(given: Iterable[tuple[str, str]], problems: list[FieldProblem]) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for name, value in given:
        if name not in _LENGTHS:
            problems.append(FieldProblem("filter", "unknown"))
            continue
        if name in texts:
            problems.append(FieldProblem(name, "twice"))
        try:
            texts[name] = parse_plain_text(value, max_length=_LENGTHS[name])
        except PlainTextError as error:
            problems.append(FieldProblem(name, error.rule))
    return {name: text for name, text in texts.items() if text}


def _read_words(name: str, problems: list[FieldProblem]) -> tuple[str, ...]:
    """Read the parts of a name: what stands between spaces, each of two characters at least."""
    words = tuple(dict.fromkeys(folded_name(word) for word in name.split()))
    if any(len(word) < SHORTEST for word in words):
        problems.append(FieldProblem("name", "one_character"))
    return words


def _read_licence_number(text: str | None, overrides: Container[str], problems: list[FieldProblem]) -> str | None:
    if text is None:
        return None
    try:
        return parse_licence_number(text, overrides=overrides)
    except LicenceNumberCheckError:
        problems.append(FieldProblem("licence_number", "check_digit"))
    except LicenceNumberFormError:
        problems.append(FieldProblem("licence_number", "form"))
    return None


def _read_type(code: str | None, catalogue: Catalogue, problems: list[FieldProblem]) -> str | None:
    try:
        return catalogue.get(code).code if code is not None else None
    except CertificateTypeUnknownError:
        problems.append(FieldProblem("type", "type_unknown"))
        return None


def _read_state(text: str | None, problems: list[FieldProblem]) -> State | None:
    if text is not None and text not in list(State):
        problems.append(FieldProblem("state", "choice"))
        return None
    return None if text is None else State(text)


def _read_body(text: str | None, problems: list[FieldProblem]) -> str | None:
    code = None if text is None else as_typed(text)
    if code is not None and not _BODY.fullmatch(code):
        problems.append(FieldProblem("issuing_body", "form"))
        return None
    return code
