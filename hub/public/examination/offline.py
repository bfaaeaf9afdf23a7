"""Verifying without the hub: a file, the trust list, and perhaps a status list; no database, no network.

The status of a delivered file is its note's, "as signed then, unknown since", unless a status list that is still fresh
says more. Statement, licence and data age are not possible here and are named so (`schemas.verdict.REQUIRED`).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.decisions.verification import judge, judge_told, restate
from hub.public.examination.forms import Examined, Form, ShownFile, read_examined
from hub.public.examination.known import empty_answer, facts_of_bytes, facts_of_note, refused_token
from hub.public.examination.listed import NOTES_PURPOSE, STATUS_PURPOSE
from hub.public.examination.proof import (
    FindType,
    NoteProof,
    answer_of,
    note_of,
    note_standing,
    predicate_of_token,
    prove_right,
    prove_seals,
    prove_token,
)
from hub.public.examination.report import (
    Examination,
    Finding,
    answer_facts,
    note_facts,
    predicate_facts,
    presentation_facts,
    record_facts,
    without_verdict,
)
from schemas.certificate import Status
from schemas.exchange import NOTE_TYP
from schemas.tokens import STATUS_LIST_TYP
from schemas.verdict import Check, CheckName, Facts, Result, Surface, Verdict
from signing.errors import MalformedTokenError, SignatureInvalidError
from signing.status_list import StatusValue, decode_status
from signing.trust import TrustList

_CLOCK_TOLERANCE = timedelta(minutes=5)
_LISTED = {
    StatusValue.VALID: Status.VALID,
    StatusValue.SUSPENDED: Status.SUSPENDED,
    StatusValue.APPLICATION_SPECIFIC: Status.SUPERSEDED,
}


@dataclass(frozen=True, slots=True)
class StatusList:
    """A status list whose signature held: whose places it tells, and from when until when it counts."""

    uri: str
    issued_at: datetime
    expires_at: datetime
    lst: str

    def is_fresh(self, now: datetime, max_age: timedelta | None) -> bool:
        """Say whether the list still counts at `now`, and is not older than the verifier allows."""
        young = max_age is None or now - self.issued_at <= max_age
        return young and self.issued_at <= now + _CLOCK_TOLERANCE and now < self.expires_at


def verify_offline(
    raw: bytes,
    *,
    trust: TrustList,
    find_type: FindType,
    status_token: str | None,
    now: datetime,
    max_age: timedelta | None,
) -> Examination:
    """Verify what a person has, with a verified trust list alone.

    `find_type` looks a certificate type up in the installed catalogue (which fields are public). `status_token` is a
    status list (JWT) fetched before; it speaks for the records it is about, while it is within its own term and not
    older than `max_age`. Raises MalformedTokenError or SignatureInvalidError for a status token that is not genuine.
    """
    listed = fresh_list(status_token, trust=trust, now=now, max_age=max_age)
    examined = read_examined(raw, origin=trust.origin)
    return verify_examined(examined, trust=trust, find_type=find_type, listed=listed, now=now)


def verify_examined(
    examined: Examined, *, trust: TrustList, find_type: FindType, listed: StatusList | None, now: datetime
) -> Examination:
    """Verify what was recognised; `listed` is a genuine status list that counts now, if there is one."""
    if examined.form is Form.SCAN_ANSWER:
        return _examine_answer(examined, trust, find_type, now)
    if examined.form is Form.NOTE:
        return _examine_note(examined, trust, find_type, now)
    if examined.form is Form.PREDICATE:
        return _examine_predicate(examined, trust, find_type, now)
    if not examined.files:
        return without_verdict(examined)
    findings = tuple(_examine_file(file, trust, find_type, listed, now) for file in examined.files)
    return Examination(examined.form, findings)


def fresh_list(token: str | None, *, trust: TrustList, now: datetime, max_age: timedelta | None) -> StatusList | None:
    """Return the list in a status token while it counts; raises as `read_status_list` does."""
    listed = read_status_list(token, trust=trust, now=now) if token is not None else None
    return listed if listed is not None and listed.is_fresh(now, max_age) else None


def read_status_list(token: str, *, trust: TrustList, now: datetime) -> StatusList:
    """Return a status list signed by a key that is for status now; SignatureInvalidError, MalformedTokenError."""
    proof = prove_token(token, typ=STATUS_LIST_TYP, purpose=STATUS_PURPOSE, trust=trust, now=now)
    if not (proof.seal.result is proof.trust.result is Result.PASSED):
        raise SignatureInvalidError("the status list is not signed by a key that is for status now")
    payload: Any = proof.payload
    try:
        issued_at, expires_at = payload["iat"], payload["exp"]
        uri, lst, bits = payload["sub"], payload["status_list"]["lst"], payload["status_list"]["bits"]
        if bits != 2 or not isinstance(uri, str) or not isinstance(lst, str):
            raise MalformedTokenError("the status list is not of two bits a place")
        return StatusList(uri, datetime.fromtimestamp(issued_at, UTC), datetime.fromtimestamp(expires_at, UTC), lst)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise MalformedTokenError("the status list lacks one of sub, iat, exp, status_list") from None


# --- each form ---


def _examine_file(
    file: ShownFile, trust: TrustList, find_type: FindType, listed: StatusList | None, now: datetime
) -> Finding:
    proven = prove_seals(file, trust=trust, now=now)
    right = prove_right(file, proven, find_type=find_type, trust=trust, now=now)
    facts, claims = facts_of_bytes(proven, right), proven.claims
    verdict = None
    if claims is not None and listed is not None and listed.uri == claims.list_uri:
        verdict = judge_by_list(facts, listed, claims.list_index, is_collected=claims.is_collected, now=now)
    verdict = verdict or judge(_with_delivered_status(facts, right), surface=Surface.OFFLINE, now=now)
    return Finding(verdict, record_facts(proven, right, find_type))


def _with_delivered_status(facts: Facts, right: NoteProof) -> Facts:
    if right.note is None or right.presentation is None:
        return facts
    return replace(facts, status=right.presentation.status, status_as_of=right.note.as_of)


def judge_by_list(facts: Facts, listed: StatusList, index: int, *, is_collected: bool, now: datetime) -> Verdict:
    """Return the verdict with what a list says of the record that has this place in it."""
    verdict = judge(_with_listed_status(facts, listed, index, is_collected), surface=Surface.OFFLINE, now=now)
    return replace(verdict, as_of=listed.issued_at)


def _with_listed_status(facts: Facts, listed: StatusList, index: int, is_collected: bool) -> Facts:
    try:
        value = StatusValue(decode_status(listed.lst, index))
    except MalformedTokenError:
        return facts
    if value is StatusValue.INVALID:
        return replace(facts, status_finding=Check(CheckName.STATUS, Result.FAILED, "status_ended"))
    if value is StatusValue.VALID and is_collected:
        # How long the source has been silent nobody tells here, so that nothing was recorded is no good news.
        return replace(facts, status_finding=Check(CheckName.STATUS, Result.UNKNOWN, "age_unknown"))
    return replace(facts, status=_LISTED[value])


def _examine_note(examined: Examined, trust: TrustList, find_type: FindType, now: datetime) -> Examination:
    token = prove_token(examined.token, typ=NOTE_TYP, purpose=NOTES_PURPOSE, trust=trust, now=now)
    note = note_of(token, trust)
    if note is None:
        return refused_token(examined, token)
    unseen = facts_of_note(token, note_standing(note, token, now))
    findings = [
        Finding(
            judge(replace(unseen, status=each.status, status_as_of=note.as_of), surface=Surface.OFFLINE, now=now),
            presentation_facts(note, each, find_type),
        )
        for each in note.presentations
    ]
    alone = Finding(judge(unseen, surface=Surface.OFFLINE, now=now), tuple(note_facts(note)))
    return Examination(examined.form, tuple(findings) or (alone,))


def _examine_answer(examined: Examined, trust: TrustList, find_type: FindType, now: datetime) -> Examination:
    token, answer = answer_of(examined.token, trust=trust, now=now)
    if answer is None:
        return refused_token(examined, token)
    if not answer.certificates:
        return empty_answer(examined, token, current=now < answer.expires_at)
    findings = tuple(
        Finding(
            restate(each.verdict, seal=token.seal, trust=token.trust, current=now < answer.expires_at),
            answer_facts(answer, each, find_type),
        )
        for each in answer.certificates
    )
    return Examination(examined.form, findings)


def _examine_predicate(examined: Examined, trust: TrustList, find_type: FindType, now: datetime) -> Examination:
    token, told = predicate_of_token(examined.token, trust=trust, now=now)
    if told is None:
        return refused_token(examined, token)
    verdict = judge_told(
        seal=token.seal,
        trust=token.trust,
        recorded=None,
        log=Check(CheckName.LOG, Result.NOT_POSSIBLE),
        in_time=False,
        as_of=told.as_of,
        surface=Surface.OFFLINE,
    )
    return Examination(examined.form, (Finding(verdict, predicate_facts(told, find_type)),))
