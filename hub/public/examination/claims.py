"""Reading what a seal or a hub key covers: the claims of a record, of a delivery note, of signed answers.

They are read after their signature held, and still strictly: a key holder's mistake must not become ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from schemas.certificate import Status
from schemas.predicates import Predicate, PredicateAnswer, PredicateKind
from schemas.verdict import Check, CheckName, Outcome, Result, Verdict
from schemas.wording import REASONS

M = TypeVar("M", Status, Outcome, CheckName, Result, PredicateAnswer, PredicateKind)
_LONGEST_TEXT = 4096
_HUB_SEALED = frozenset({"collected", "legacy"})


class ClaimsFormError(ValueError):
    """Signed content that is not what its type promises; `member` names what is wrong."""

    def __init__(self, member: str) -> None:
        super().__init__(f"{member} is missing or of a wrong form")
        self.member = member


@dataclass(frozen=True, slots=True)
class RecordClaims:
    """What a record's payload says openly. `list_uri` and `list_index` are its place in a status list."""

    issuer: str
    licence_number: str
    identifier: str
    certificate_type: str
    type_version: int
    type_digest: str
    issuing_body: str
    valid_from: date
    valid_to: date | None
    is_collected: bool
    list_uri: str
    list_index: int


@dataclass(frozen=True, slots=True)
class Presentation:
    """One record as a delivery note names it: its digest as delivered, and how it stood then."""

    identifier: str
    certificate_type: str
    sha256: str
    status: Status
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Note:
    """A delivery note: to whom, for which case, when and until when, of whom, over which presentations."""

    issuer: str
    serial: str
    requester: str
    requester_name: str
    cause: str
    item_code: str
    case_number: str
    holder: str
    made_at: datetime
    ends_at: datetime
    as_of: datetime
    presentations: tuple[Presentation, ...]

    def presentation(self, sha256: str, identifier: str) -> Presentation | None:
        """Return what the note says of the record with this digest and identifier."""
        found = (each for each in self.presentations if (each.sha256, each.identifier) == (sha256, identifier))
        return next(found, None)


@dataclass(frozen=True, slots=True)
class ToldCertificate:
    """One certificate in a signed answer, with the verdict it told."""

    identifier: str
    certificate_type: str
    type_version: int
    number: str
    body_name: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """A scan's answer as the hub signed it, good until `expires_at`."""

    issuer: str
    expires_at: datetime
    as_of: datetime
    holder: str
    holder_name: str
    certificates: tuple[ToldCertificate, ...]


@dataclass(frozen=True, slots=True)
class ToldPredicate:
    """One question as it was answered: to whom, for which case, of whom, and what was true then.

    `predicate` has the argument it was asked with. `act` is under which the log has this answer.
    """

    issuer: str
    predicate: Predicate
    answer: PredicateAnswer
    as_of: datetime
    requester: str
    holder: str
    item_code: str
    case_number: str
    decision: str
    act: str


def read_record_claims(claims: Mapping[str, Any]) -> RecordClaims:
    """Read a record's claims; raises ClaimsFormError."""
    kind, place = _object(claims, "certificate_type"), _object(_object(claims, "status"), "status_list")
    return RecordClaims(
        issuer=_text(claims, "iss"),
        licence_number=_text(claims, "licence_number"),
        identifier=_text(claims, "identifier"),
        certificate_type=_text(kind, "code"),
        type_version=_number(kind, "version"),
        type_digest=_text(kind, "digest"),
        issuing_body=_text(claims, "issuing_body"),
        valid_from=_day(claims, "valid_from"),
        valid_to=None if claims.get("valid_to", "") is None else _day(claims, "valid_to"),
        is_collected=_text(_object(claims, "origin"), "kind") in _HUB_SEALED,
        list_uri=_text(place, "uri"),
        list_index=_number(place, "idx"),
    )


def read_note(payload: Any) -> Note:
    """Read a delivery note's payload; raises ClaimsFormError."""
    note = _whole(payload)
    if note.get("v") != 1:
        raise ClaimsFormError("v")
    requester = _object(note, "requester")
    return Note(
        issuer=_text(note, "iss"),
        serial=_text(note, "serial"),
        requester=_text(requester, "licence_number"),
        requester_name=_text(requester, "name", empty=True),
        cause=_text(note, "cause"),
        item_code=_text(note, "item_code"),
        case_number=_text(note, "case_number"),
        holder=_text(note, "holder"),
        made_at=_moment(note, "made_at"),
        ends_at=_moment(note, "ends_at"),
        as_of=_moment(note, "as_of"),
        presentations=tuple(_presentation(each) for each in _array(note, "presentations")),
    )


def read_answer(payload: Any) -> SignedAnswer:
    """Read a signed answer's payload, of an enterprise or of one certificate; raises ClaimsFormError."""
    answer = _whole(payload)
    holder = _object(answer, "holder")
    as_of = _moment(answer, "as_of")
    if _text(answer, "kind") == "enterprise":
        told = tuple(_told(_whole(each), _whole(each), as_of) for each in _array(answer, "certificates"))
    else:
        told = (_told(_object(answer, "certificate"), answer, as_of),)
    return SignedAnswer(
        issuer=_text(answer, "iss"),
        expires_at=datetime.fromtimestamp(_number(answer, "exp"), UTC),
        as_of=as_of,
        holder=_text(holder, "licence_number"),
        holder_name=_text(holder, "name", empty=True),
        certificates=told,
    )


def read_predicate(payload: Any) -> ToldPredicate:
    """Read the payload of a signed answer to a predicate; raises ClaimsFormError."""
    told = _whole(payload)
    if told.get("v") != 1:
        raise ClaimsFormError("v")
    asked = _object(told, "predicate")
    predicate = Predicate(
        code=_text(asked, "code"),
        kind=_member(PredicateKind, asked, "kind"),
        certificate_type=_text(asked, "certificate_type"),
        field=None if asked.get("field") is None else _text(asked, "field"),
        argument=_text(asked, "argument"),
    )
    return ToldPredicate(
        issuer=_text(told, "iss"),
        predicate=predicate,
        answer=_member(PredicateAnswer, told, "answer"),
        as_of=_moment(told, "as_of"),
        requester=_text(told, "requester"),
        holder=_text(told, "holder"),
        item_code=_text(_object(told, "item"), "code"),
        case_number=_text(told, "case_number"),
        decision=_text(told, "decision"),
        act=_text(told, "act_id"),
    )


def _told(certificate: Mapping[str, Any], judged: Mapping[str, Any], as_of: datetime) -> ToldCertificate:
    verdict = _object(judged, "verdict")
    reason = _text(verdict, "reason")
    checks = tuple(_check(_whole(each)) for each in _array(judged, "checks")) if "checks" in judged else ()
    return ToldCertificate(
        identifier=_text(certificate, "identifier"),
        certificate_type=_text(certificate, "type"),
        type_version=_number(certificate, "type_version"),
        number=_text(certificate, "number", empty=True),
        body_name=_text(certificate, "body_name", empty=True),
        verdict=Verdict(
            outcome=_member(Outcome, verdict, "outcome"),
            reason=reason if reason in REASONS else "check_missing",
            since=None if verdict.get("since") is None else _day(verdict, "since"),
            checks=checks,
            as_of=as_of,
        ),
    )


def _check(told: Mapping[str, Any]) -> Check:
    reason = told.get("reason")
    known = reason if isinstance(reason, str) and reason in REASONS else None
    return Check(_member(CheckName, told, "name"), _member(Result, told, "result"), known)


def _presentation(value: Any) -> Presentation:
    each = _whole(value)
    return Presentation(
        identifier=_text(each, "identifier"),
        certificate_type=_text(each, "certificate_type"),
        sha256=_text(each, "sha256"),
        status=_member(Status, each, "status"),
        outcome=_member(Outcome, each, "outcome"),
    )


def _whole(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ClaimsFormError("the content")
    return value


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    if not isinstance(value, dict):
        raise ClaimsFormError(name)
    return value


def _array(holder: Mapping[str, Any], name: str) -> list[Any]:
    value = holder.get(name)
    if not isinstance(value, list):
        raise ClaimsFormError(name)
    return value


def _text(holder: Mapping[str, Any], name: str, *, empty: bool = False) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not (value or empty):
        raise ClaimsFormError(name)
    return value


def _number(holder: Mapping[str, Any], name: str) -> int:
    value = holder.get(name)
    # A moment of the year 9999 is the largest number that any of these can mean.
    if type(value) is not int or not 0 <= value <= 253_402_300_799:
        raise ClaimsFormError(name)
    return value


def _day(holder: Mapping[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(_text(holder, name))
    except ValueError:
        raise ClaimsFormError(name) from None


def _moment(holder: Mapping[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(holder, name))
    except ValueError:
        raise ClaimsFormError(name) from None
    if moment.tzinfo is None:
        raise ClaimsFormError(name)
    return moment


def _member(kind: type[M], holder: Mapping[str, Any], name: str) -> M:
    try:
        return kind(_text(holder, name))
    except ValueError:
        raise ClaimsFormError(name) from None
