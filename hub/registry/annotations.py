"""Annotations on a certificate: made by its body or another authority, lifted, and a penalty's credit repaired.

1 the order is read: kind, document, days
2 the acting body may: the certificate's own (`hub/steps/orders/charge.py`), or an authority that was enrolled for the
  kind
3 the kind fits the certificate, and its days fit each other; a renewal's end follows from the law, not from the order
4 annotation, answers, notices, entry and kept answer are committed together      <- COMMIT POINT

An annotation changes no status. A renewal filed in time carries its certificate past its last day until the clock for
the decision has run (行政许可法 art. 50); a refused one ends that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection

from hub.decisions.answers import LICENCE_TYPE
from hub.errors import NotFoundError, OrderError
from hub.steps.certificates.holders import lock_holders
from hub.steps.certificates.recomposition import bodies_from_store, rewrite
from hub.steps.notices import NoticeKind, Notices
from hub.steps.orders.charge import require_body, require_own_body, stands_for
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.seconding import spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.annotation import AnnotationReader, AnnotationWriter
from hub.store.certificate import CertificateReader, CertificateWriter
from hub.store.entry import EntryWriter
from schemas.annotation import ANNOTATION_RULES, LASTING, AnnotationKind, Author, RecordedAnnotation
from schemas.certificate import ENDED, Act, Certificate, Status, civil_date
from schemas.clocks import ClockCode
from schemas.evidence import ActFacts, Kind
from schemas.parties import IssuingBody, System
from schemas.working_days import PeriodError

Step = Literal["note", "lift", "repair"]
_STEPS: tuple[Step, ...] = ("note", "lift", "repair")
_PENALTIES = frozenset({Act.SUSPEND.value, Act.STRIP.value})
_RENEWALS = frozenset({AnnotationKind.RENEWAL_ACCEPTED, AnnotationKind.RENEWAL_REFUSED})


@dataclass(frozen=True, slots=True)
class AnnotationOrder:
    """What is ordered about one certificate: to note `kind`, to lift what `earlier` noted, to repair after `earlier`.

    `from_on` is the day from which it counts: of a note, of its lifting, of the repair.
    """

    step: Step
    identifier: str
    issuing_body: str
    kind: AnnotationKind | None
    earlier: str | None
    document_name: str
    document_number: str
    document_date: date
    from_on: date
    until_on: date | None


def read_annotation_order(content: Mapping[str, Any]) -> AnnotationOrder:
    """Read the content of an order about annotations; FieldsError names every member and rule that is wrong."""
    reading = OrderReading(content)
    step = reading.choice("step", _STEPS)
    kind = reading.choice("kind", tuple(AnnotationKind)) if step == "note" else None
    earlier = reading.text("earlier", 64) if step in ("lift", "repair") else None
    from_on, until_on = reading.day("from_on"), reading.optional_day("until_on")
    if until_on is not None and (step != "note" or kind in _RENEWALS):
        reading.problem("until_on", "not_here")
    elif until_on is not None and until_on < from_on:
        reading.problem("until_on", "reversed")
    order = AnnotationOrder(
        step=step or "note",
        identifier=reading.text("identifier", 128),
        issuing_body=reading.text("issuing_body", 18),
        kind=AnnotationKind(kind) if kind else None,
        earlier=earlier,
        document_name=reading.text("document_name", 256),
        document_number=reading.text("document_number", 128),
        document_date=reading.day("document_date"),
        from_on=from_on,
        until_on=until_on,
    )
    reading.refuse_problems()
    return order


def annotate(
    order: AnnotationOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Note, lift or repair; the same request under the same idempotency `key` gives the same answer.

    Raises OrderError, StatementError, NotFoundError.
    """
    work = partial(_commit, order, verified, seconds, system, registry, now)
    return act_once(
        work,
        issuing_body=order.issuing_body,
        verified=verified,
        system=system,
        key=key,
        registry=registry,
        now=now,
    )


def _commit(
    order: AnnotationOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    if max(order.document_date, order.from_on) > civil_date(now):
        raise OrderError("decision_in_future")
    found = CertificateReader(connection).by_identifier([order.identifier]).get(order.identifier)
    if found is None:
        raise NotFoundError("certificate_not_found")
    # What lasts is told by the version that counts, which may be another holder's by now.
    versions = CertificateReader(connection).versions_of([found.chain])[found.chain]
    holders = {each.licence_number: ("", "") for each in versions}
    locked = lock_holders(holders, connection=connection, registry=registry, now=now)
    certificate = CertificateReader(connection).by_serial([found.serial])[found.serial]
    number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
    act = _Act(order, certificate, system, number, act_id, registry, now, connection)
    {"note": act.note, "lift": act.lift, "repair": act.repair}[order.step]()
    entry = _entry(order, certificate, verified, now, act_id)
    EntryWriter(connection, registry.random).add([entry], about=[certificate.serial])
    current = CertificateReader(connection).chains([found.chain])[found.chain].current
    # What is lifted may stand on any of them.
    changed = {each.serial for each in versions} if order.step == "lift" else {certificate.serial}
    serials = sorted(changed | {current or certificate.serial})
    rewrite(connection, bodies_from_store(connection, serials, catalogue=registry.catalogue), locked)
    return {"identifier": order.identifier, "act_id": act_id, "recorded_at": now.isoformat()}


@dataclass(frozen=True, slots=True)
class _Act:
    """One act about annotations, inside the transaction that holds the holder's row."""

    order: AnnotationOrder
    certificate: Certificate
    system: System
    statement: int
    act_id: str
    registry: Registry
    now: datetime
    connection: Connection

    def note(self) -> None:
        kind, certificate = self.order.kind, self.certificate
        if kind is None:
            raise OrderError("annotation_kind")
        body = self._author(kind)
        if ANNOTATION_RULES[kind].only_licence and certificate.certificate_type != LICENCE_TYPE:
            raise OrderError("annotation_only_licence", kind=kind.value)
        self._require_current()
        earlier = self._noted()
        if any(self._is_same(each) for each in earlier):
            raise OrderError("annotation_there", kind=kind.value)
        until_on = self._renewal(kind, earlier) if kind in _RENEWALS else self.order.until_on
        AnnotationWriter(self.connection).add(self._row(kind, body, until_on))
        self._tell(kind)

    def lift(self) -> None:
        found = next((each for each in self._noted() if each.act_id == self.order.earlier), None)
        if found is None:
            raise NotFoundError("annotation_not_found")
        body = require_own_body(self.order.issuing_body, self.system, self.connection, civil_date(self.now))
        if not stands_for(body, found.authority, self.connection):
            raise OrderError("body_not_in_charge", issuing_body=self.order.issuing_body)
        if found.lifted_on is not None:
            raise OrderError("annotation_lifted")
        if self.order.from_on < found.from_on:
            raise OrderError("out_of_order", identifier=self.order.identifier)
        AnnotationWriter(self.connection).lift(
            found.number, lifted_on=self.order.from_on, now=self.now, act_id=self.act_id
        )

    def repair(self) -> None:
        require_body(self.order.issuing_body, self.certificate, self.system, self.connection, civil_date(self.now))
        serial = self.certificate.serial
        changes = CertificateReader(self.connection).changes([serial])[serial]
        penalty = next((each for each in changes if each.act_id == self.order.earlier), None)
        if penalty is None or penalty.act not in _PENALTIES:
            raise NotFoundError("penalty_not_found")
        if self.order.from_on < penalty.works_from:
            raise OrderError("out_of_order", identifier=self.order.identifier)
        if penalty.repaired_on is not None:
            raise OrderError("penalty_repaired")
        CertificateWriter(self.connection).mark_repaired(serial, penalty.act_id, self.order.from_on)

    def _noted(self) -> list[RecordedAnnotation]:
        """Return what was noted on the certificate, and of what lasts also what was noted on its other versions."""
        chain, own = self.certificate.chain, self.certificate.serial
        versions = CertificateReader(self.connection).versions_of([chain])[chain]
        noted = AnnotationReader(self.connection).of([each.serial for each in versions])
        everything = (each for found in noted.values() for each in found)
        return [each for each in everything if each.serial == own or AnnotationKind(each.kind) in LASTING]

    def _author(self, kind: AnnotationKind) -> IssuingBody:
        today = civil_date(self.now)
        if ANNOTATION_RULES[kind].author is Author.ISSUER:
            return require_body(self.order.issuing_body, self.certificate, self.system, self.connection, today)[0]
        body = require_own_body(self.order.issuing_body, self.system, self.connection, today)
        if kind not in body.annotates:
            raise OrderError("body_not_in_charge", issuing_body=self.order.issuing_body)
        return body

    def _require_current(self) -> None:
        chain = CertificateReader(self.connection).chains([self.certificate.chain])[self.certificate.chain]
        if chain.current != self.certificate.serial:
            raise OrderError("not_current", identifier=self.order.identifier)

    def _is_same(self, earlier: RecordedAnnotation) -> bool:
        same = (earlier.kind, earlier.authority, earlier.document_number)
        return earlier.lifted_on is None and same == (
            self.order.kind,
            self.order.issuing_body,
            self.order.document_number,
        )

    def _renewal(self, kind: AnnotationKind, earlier: Sequence[RecordedAnnotation]) -> date | None:
        """Return until when a renewal under way carries the certificate; None for a refusal, which ends the other."""
        accepted = [each for each in earlier if each.kind == AnnotationKind.RENEWAL_ACCEPTED and not each.lifted_on]
        if kind is AnnotationKind.RENEWAL_REFUSED:
            if not accepted:
                raise OrderError("renewal_not_filed", identifier=self.order.identifier)
            if any(self.order.from_on < each.from_on for each in accepted):
                raise OrderError("out_of_order", identifier=self.order.identifier)
            for each in accepted:
                AnnotationWriter(self.connection).lift(
                    each.number, lifted_on=self.order.from_on, now=self.now, act_id=self.act_id
                )
            return None
        last_day, filed_on = self.certificate.valid_to, self.order.from_on
        if accepted:
            raise OrderError("annotation_there", kind=kind.value)
        if last_day is None or Status(self.certificate.status) in ENDED or filed_on > last_day:
            raise OrderError("renewal_not_possible", identifier=self.order.identifier)
        certificate_type = self.registry.catalogue.get(self.certificate.certificate_type, self.certificate.type_version)
        window = certificate_type.renewal_window_days
        in_time = window is not None and filed_on <= last_day - timedelta(days=window)
        try:
            return self.registry.due(ClockCode.RENEWAL_DECISION, last_day).on if in_time else last_day
        except PeriodError:  # its last day is the last there is
            raise OrderError("renewal_not_possible", identifier=self.order.identifier) from None

    def _row(self, kind: AnnotationKind, body: IssuingBody, until_on: date | None) -> dict[str, Any]:
        return {
            "serial": self.certificate.serial,
            "kind": kind.value,
            "authority": body.licence_number,
            "authority_name": body.name_zh,
            "document_name": self.order.document_name,
            "document_number": self.order.document_number,
            "document_date": self.order.document_date,
            "from_on": self.order.from_on,
            "until_on": until_on,
            "statement": self.statement,
            "recorded_at": self.now,
            "act_id": self.act_id,
        }

    def _tell(self, kind: AnnotationKind) -> None:
        notices = Notices(self.connection, act_id=self.act_id, registry=self.registry, now=self.now)
        certificate = self.certificate
        facts = {"identifier": certificate.identifier, "kind": kind.value}
        notices.tell_recipients(Kind.ANNOTATE, kind, of=certificate)
        if kind is AnnotationKind.RENEWAL_REFUSED:
            notices.close_about(certificate.serial)
        elif kind is AnnotationKind.RENEWAL_ACCEPTED:
            notices.add(
                certificate.issuing_body, NoticeKind.RENEWAL_TO_DECIDE, facts, start=self.order.from_on,
                licence_number=certificate.licence_number, serial=certificate.serial,
            )  # fmt: skip
        elif ANNOTATION_RULES[kind].author is Author.AUTHORITY:
            notices.add(
                certificate.issuing_body, NoticeKind.ANNOTATED, facts,
                licence_number=certificate.licence_number, serial=certificate.serial,
            )  # fmt: skip
        notices.keep()


def _entry(
    order: AnnotationOrder, certificate: Certificate, verified: VerifiedStatement, now: datetime, act_id: str
) -> ActFacts:
    return ActFacts(
        kind=Kind.ANNOTATE,
        act_id=act_id,
        recorded_at=now,
        works_from=order.from_on.isoformat(),
        statement_digest=verified.digest,
        sealed_digest=certificate.payload_sha256,
        previous_act=certificate.act_id,
    )
