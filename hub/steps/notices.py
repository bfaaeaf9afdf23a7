"""Telling others what an act means for them: tasks for bodies, word to whoever pulled; in the act's own transaction.

A task waits until an act on its certificate, or a signed word, closes it; its last day is that of a legal clock. What
is told holds codes, identifiers and counts, never a field of a certificate.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import LICENCE_TYPE
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.exchange import ExchangeReader
from hub.store.notice import NoticeReader, NoticeWriter
from hub.store.parties import PartyReader
from schemas.certificate import ENDED, Certificate, Status, civil_date
from schemas.clocks import ClockCode
from schemas.evidence import Kind
from schemas.parties import System
from schemas.telling import Telling, tellings
from signing.jws import unverified_payload


class NoticeKind(StrEnum):
    """What somebody is told of; those with a clock are tasks."""

    LICENCE_ENDED = "licence_ended"
    LICENCE_ENDED_TOLD = "licence_ended_told"
    LICENCE_GOES_ON_TOLD = "licence_goes_on_told"
    CERTIFICATE_WRONG = "certificate_wrong"
    CERTIFICATE_RIGHT_AGAIN = "certificate_right_again"
    TO_BE_CHANGED = "to_be_changed"
    PENALTY = "penalty"
    CONFLICT = "conflict"
    UNCLASSIFIED = "unclassified"
    CORRECTION_ASKED = "correction_asked"
    RENEWAL_TO_DECIDE = "renewal_to_decide"
    ANNOTATED = "annotated"
    PUBLISHED_LATE = "published_late"
    MATERIAL_ISSUED = "material_issued"
    ACCESS_DISPUTED = "access_disputed"
    DECISION_DISPUTED = "decision_disputed"
    WINDOW_REFUSED = "window_refused"
    VISITOR_REPORT = "visitor_report"
    SEAL_COMPROMISED = "seal_compromised"
    SHARING_ASKED = "sharing_asked"
    SHARING_ANSWERED = "sharing_answered"
    SHARING_SILENT = "sharing_silent"
    SHARING_TO_CONFIRM = "sharing_to_confirm"
    PULL_TO_REVIEW = "pull_to_review"
    PULL_NOT_JUSTIFIED = "pull_not_justified"


CLOCKS: Mapping[NoticeKind, ClockCode] = {
    NoticeKind.LICENCE_ENDED: ClockCode.LICENCE_END_TASK,
    NoticeKind.PENALTY: ClockCode.PENALTY_TASK,
    NoticeKind.CONFLICT: ClockCode.CONFLICT,
    NoticeKind.UNCLASSIFIED: ClockCode.CONFLICT,
    NoticeKind.CORRECTION_ASKED: ClockCode.CORRECTION_REQUEST,
    NoticeKind.RENEWAL_TO_DECIDE: ClockCode.RENEWAL_DECISION,
    NoticeKind.ACCESS_DISPUTED: ClockCode.ACCESS_OBJECTION,
    NoticeKind.DECISION_DISPUTED: ClockCode.DECISION_OBJECTION,
    NoticeKind.WINDOW_REFUSED: ClockCode.WINDOW_REFUSAL,
    NoticeKind.VISITOR_REPORT: ClockCode.VISITOR_REPORT,
    NoticeKind.SEAL_COMPROMISED: ClockCode.RESEALING,
    NoticeKind.SHARING_SILENT: ClockCode.SHARING_SILENCE,
    NoticeKind.SHARING_TO_CONFIRM: ClockCode.ACCESS_REVIEW,
    NoticeKind.PULL_TO_REVIEW: ClockCode.PULL_REVIEW,
}
# Answered by whoever they are for, a department that issues nothing and the operator too.
ANSWERED_BY_ANY = frozenset(
    {
        NoticeKind.ACCESS_DISPUTED, NoticeKind.DECISION_DISPUTED, NoticeKind.WINDOW_REFUSED, NoticeKind.SHARING_SILENT,
        NoticeKind.VISITOR_REPORT,
    }
)  # fmt: skip
_TOLD_AS: Mapping[Telling, NoticeKind] = {
    Telling.RECORD_WRONG: NoticeKind.CERTIFICATE_WRONG,
    Telling.RECORD_RIGHT_AGAIN: NoticeKind.CERTIFICATE_RIGHT_AGAIN,
    Telling.LICENCE_ENDED: NoticeKind.LICENCE_ENDED_TOLD,
    Telling.LICENCE_GOES_ON: NoticeKind.LICENCE_GOES_ON_TOLD,
}
# Closed by an order of their own, which decides what they ask.
ANSWERED_BY_ORDER = frozenset({NoticeKind.SHARING_ASKED, NoticeKind.SHARING_TO_CONFIRM, NoticeKind.PULL_TO_REVIEW})


def recipients_of(system: System, connection: Connection) -> list[str]:
    """Return whose notices a system reads and answers: its department's, and those of the department's bodies."""
    return [system.department, *PartyReader(connection).bodies_of(system.department)]


class Notices:
    """What one act has others told, written in its transaction; `add` gathers, `keep` writes."""

    def __init__(self, connection: Connection, *, act_id: str, registry: Registry, now: datetime) -> None:
        self._connection = connection
        self._act_id = act_id
        self._registry = registry
        self._now = now
        self._rows: list[dict[str, Any]] = []

    def add(
        self,
        recipient: str,
        kind: NoticeKind,
        facts: Mapping[str, Any],
        *,
        start: date | None = None,
        licence_number: str | None = None,
        serial: int | None = None,
        clock: ClockCode | None = None,
    ) -> None:
        """Tell one recipient; a task gets the last day of its clock, which runs from `start`, or from today.

        `clock` is that of a task whose kind has several.
        """
        clock = clock or CLOCKS.get(kind)
        due = self._registry.due(clock, start or civil_date(self._now)) if clock else None
        row = {
            "recipient": recipient,
            "kind": kind.value,
            "licence_number": licence_number,
            "serial": serial,
            "facts": dict(facts),
            "state": "open" if due else "told",
            "due_on": due.on if due else None,
            "due_provisional": due.provisional if due else None,
            "recorded_at": self._now,
            "act_id": self._act_id,
        }
        self._rows.append(row)

    def keep(self) -> list[int]:
        """Write what was gathered, and put each into the outbox; return the numbers in the order gathered."""
        numbers = NoticeWriter(self._connection).add(self._rows)
        self._rows = []
        return numbers

    def tell_recipients(
        self,
        kind: Kind,
        act: str,
        *,
        of: Certificate | None = None,
        holder: str | None = None,
        why: str | None = None,
        undone: str | None = None,
    ) -> None:
        """Tell whom the table of tellings names of an act (`schemas/telling.py`) on a certificate, or on a holder.

        `why` is how a licence ended, where the act's own word does not say it; `undone` the act that this one undoes.
        """
        for each in tellings(kind, act, undone=undone):
            is_of_licence = each in (Telling.LICENCE_ENDED, Telling.LICENCE_GOES_ON)
            if not is_of_licence and of is not None:
                self._tell_of_record(of, _TOLD_AS[each], act)
            elif is_of_licence and (of is None or of.certificate_type == LICENCE_TYPE):
                self._tell_of_licence(of.licence_number if of else holder or "", each, why or act)

    def _tell_of_record(self, certificate: Certificate, told_as: NoticeKind, act: str) -> None:
        """Tell everyone who has a version by any way since the last days (a setting), each once."""
        holder, serial = certificate.licence_number, certificate.serial
        handed = {
            requester
            for requester, note in self._delivered(holder)
            if any(each["identifier"] == certificate.identifier for each in note["presentations"])
        }
        answered = {requester for requester, serials in self._affirmed(holder) if serial in serials}
        facts = {"identifier": certificate.identifier, "act": act}
        for each in sorted(handed | answered):
            self.add(each, told_as, facts, licence_number=holder, serial=serial)

    def _tell_of_licence(self, licence_number: str, telling: Telling, why: str) -> None:
        """Tell everyone who has a record of a holder; of an end, open a task at each body with one in force."""
        if telling is Telling.LICENCE_ENDED:
            self._ask_bodies(licence_number, why)
        handed = {requester for requester, _ in (*self._delivered(licence_number), *self._affirmed(licence_number))}
        for requester in sorted(handed):
            self.add(requester, _TOLD_AS[telling], {"why": why}, licence_number=licence_number)

    def _ask_bodies(self, licence_number: str, why: str) -> None:
        current = CertificateReader(self._connection).current_of(licence_number)
        counts: dict[str, int] = {}
        for each in current:
            if Status(each.status) not in ENDED and each.certificate_type != LICENCE_TYPE:
                counts[each.issuing_body] = counts.get(each.issuing_body, 0) + 1
        for body, count in sorted(counts.items()):
            facts = {"why": why, "certificates": count}
            self.add(body, NoticeKind.LICENCE_ENDED, facts, licence_number=licence_number)

    def tell_late(self, certificate: Certificate) -> None:
        """Tell a body that a certificate came after the last day to publish (双公示) and deliver what it decided."""
        today = civil_date(self._now)
        for clock in (ClockCode.PUBLICATION, ClockCode.CERTIFICATE_DELIVERY):
            due = self._registry.due(clock, certificate.decided_on)
            if today > due.on:
                facts = {"identifier": certificate.identifier, "clock": clock.value, "due_on": due.on.isoformat()}
                self.add(
                    certificate.issuing_body,
                    NoticeKind.PUBLISHED_LATE,
                    facts | {"provisional": due.provisional},
                    licence_number=certificate.licence_number,
                    serial=certificate.serial,
                )

    def close_about(self, serial: int) -> None:
        """Close the tasks about a certificate: an act of its body has come."""
        for each in NoticeReader(self._connection).open_about(serial):
            NoticeWriter(self._connection).close(each.number, act_id=self._act_id, now=self._now)

    def close_of_key(self, kind: NoticeKind, key_id: str) -> None:
        """Close the tasks of a kind about a key: nothing is left to do about it."""
        for each in NoticeReader(self._connection).open_of_kind(kind):
            if each.facts.get("key_id") == key_id:
                NoticeWriter(self._connection).close(each.number, act_id=self._act_id, now=self._now)

    def _delivered(self, licence_number: str) -> list[tuple[str, dict[str, Any]]]:
        found = ExchangeReader(self._connection).delivered_since(licence_number, self._since)
        return [(requester, unverified_payload(note)) for requester, note in found]

    def _affirmed(self, licence_number: str) -> list[tuple[str, list[int]]]:
        return ExchangeReader(self._connection).affirmed_since(licence_number, self._since)

    @property
    def _since(self) -> datetime:
        return self._now - timedelta(days=self._registry.terms.tell_days)
