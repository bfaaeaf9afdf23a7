"""How the registry holds what was shown, all read at one moment, and what it says of it now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.decisions.facts import Surroundings, facts_of, head_licence_state
from hub.decisions.verification import judge, passed
from hub.public.examination.proof import NoteProof
from hub.store.answer import AnswerReader
from hub.store.certificate import CertificateReader, StoredRecord
from hub.store.erasure import ErasureReader
from schemas.certificate import Certificate
from schemas.verdict import SEAL_OVER, Check, CheckName, Facts, Result, Surface, Verdict

NOT_ISSUED = Check(CheckName.STATUS, Result.FAILED, "record_not_issued")
ERASED = Check(CheckName.RIGHT_TO_HOLD, Result.UNKNOWN, "content_erased")
_NOTE_PROVEN = Check(CheckName.RIGHT_TO_HOLD, Result.PASSED, "seal_time_proven")
_NOTE_UNPROVEN = Check(CheckName.RIGHT_TO_HOLD, Result.UNKNOWN, "seal_time_unproven")
OTHER_BYTES = Check(CheckName.STATUS, Result.FAILED, "not_issued_file")


@dataclass(frozen=True, slots=True)
class Held:
    """What the registry holds of some certificates, by identifier."""

    certificates: Mapping[str, Certificate]
    records: Mapping[int, StoredRecord]
    bodies: Mapping[int, Mapping[str, Any]]
    heads: Mapping[str, dict[str, Any]]
    erased: Mapping[int, frozenset[str]]

    def facts(self, known: Facts, certificate: Certificate, surroundings: Surroundings, now: datetime) -> Facts:
        """Return what the registry knows of a certificate now, with the findings on what was shown."""
        body, head = self.bodies[certificate.serial], self.heads[certificate.licence_number]
        facts = facts_of(dict(body), head_licence_state(head, now), surroundings)
        # A key that is over says no more about the very record that is held: how that stands is known here, with the
        # seal that was put beside it since.
        is_known = known.trust == passed(CheckName.TRUST) or known.trust.reason in SEAL_OVER
        trust = facts.trust if is_known else known.trust
        return replace(facts, seal=known.seal, trust=trust, right_to_hold=known.right_to_hold)

    def judge_named(self, identifier: str, known: Facts, surroundings: Surroundings, now: datetime) -> Verdict:
        """Judge the certificate of that name, of which nothing was shown that could be compared."""
        certificate = self.certificates.get(identifier)
        if certificate is None:
            facts = not_issued(known, surroundings)
        else:
            facts = self.facts(known, certificate, surroundings, now)
        return judge(facts, surface=Surface.EXAMINATION, now=now)


def right_in_time(right: NoteProof, note: str | None, surroundings: Surroundings) -> NoteProof:
    """Return the right that a note gives whose key is over: as it gave it, where it is proven older than that."""
    if right.note is None or note is None or right.right_to_hold.reason not in SEAL_OVER:
        return right
    if not surroundings.in_time.note(note, right.note.serial, right.key_id):
        return replace(right, right_to_hold=_NOTE_UNPROVEN)
    return replace(right, right_to_hold=_NOTE_PROVEN)


def not_issued(known: Facts, surroundings: Surroundings) -> Facts:
    """Return the facts of something genuine that the registry does not hold, or that a rolled-back store lost."""
    return replace(known, status_finding=NOT_ISSUED, log=surroundings.log)


def read_held(identifiers: Sequence[str], connection: Connection) -> Held:
    """Read what is held of the certificates with these identifiers; unknown ones are left out."""
    certificates = CertificateReader(connection).by_identifier(sorted(set(identifiers)))
    serials = sorted(each.serial for each in certificates.values())
    holders = sorted({each.licence_number for each in certificates.values()})
    answers = AnswerReader(connection)
    return Held(
        certificates,
        CertificateReader(connection).records(serials),
        answers.certificates(serials),
        answers.heads(holders),
        ErasureReader(connection).fields(serials),
    )


def without_erased(facts: Facts) -> Facts:
    """Return the facts of something genuine that shows what was erased since: nobody is to rely on it any more.

    What fails besides, the note that ended or the status, is told first.
    """
    return replace(facts, right_to_hold=ERASED) if facts.right_to_hold.result is Result.PASSED else facts
