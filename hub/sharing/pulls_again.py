"""Pulls that a recovered store lost, recorded again by the delivery note that the hub signed: nothing is handed over.

Whether the very decision and the very delivery come of it, leaf by leaf, the recovery asks itself
(`hub/custody/recovery/`).
Decision: 1 the note was signed by the hub's key of that moment, and its digest is sealed by a delivery of the lost log
2 the request, which its requester signed, is decided again at that moment, under the name that the note bears: on the
line of the sharing table that the store has for that day, or on the grant, which counts as it stood (the log has its
use) 3 the note says as the decision does: of whom, for whom, for what, and of each certificate the very digest of what
may be disclosed 4 decision, use and entry are committed, its use as used              <- COMMIT POINT
Delivery: 5 the decision is here, allowed, and the note's 6 note and entry are committed            <- COMMIT POINT

Lost for good, as no signature and no leaf holds it: the answer that was kept a day for the same request (its files are
the requester's); the fraction of the second at which its copies end (a note names whole ones); which version of a line
it stood on, and what it gave of types of which nothing was found, where no version of the lost days changes what a note
shows (both are then as the store's line has them); and what a pull by item asked to be told of. So pulls by item are
named only; and so are, as the name of their decision is in nothing that anybody signed: refused pulls, pulls that found
nothing, comparisons, questions, and the rows of files of pulls, whose statement asks for all of them at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from hub.errors import NotFoundError, OrderError
from hub.steps.certificates.intentions import new_name
from hub.steps.consent.signer_status import standing_then
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import cause_of, permitted_names, present_as_delivered, presentation_digest
from hub.steps.sharing.pulling import Asking, decide_named, record_one
from hub.steps.sharing.statutory import caps_of_day
from hub.store.certificate import CertificateReader
from hub.store.enterprise import EnterpriseWriter
from hub.store.entry import EntryWriter
from hub.store.erasure import ErasureReader
from hub.store.exchange import ExchangeReader, ExchangeWriter, StoredDecision
from hub.store.sharing import SharingReader
from schemas.certificate import Certificate, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.exchange import NOTE_TYP, ON_SENTENCE, PullRequest
from schemas.parties import Officer, System
from signing.errors import MalformedTokenError
from signing.jws import VerificationKey, parse_json, verify_compact


@dataclass(frozen=True, slots=True)
class Note:
    """A delivery note that this hub signed: the token, and what it says (`schemas.exchange.note_payload`)."""

    jws: str
    said: Mapping[str, Any]

    @property
    def lines(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.said["presentations"]
        return found


def read_note(jws: str, *, registry: Registry, at: datetime) -> Note:
    """Return a note that the hub's key of that moment signed. Raises SigningError."""

    def find_key(kid: str) -> VerificationKey:
        return registry.trust().listed_key(kid, use="notes", at=at)

    said = parse_json(verify_compact(jws, find_key=find_key, typ=NOTE_TYP).payload)
    if not isinstance(said, dict) or said.get("iss") != registry.origin:
        raise MalformedTokenError("the note is none of this hub's")
    return Note(jws, said)


def decide_again(
    request: PullRequest,
    note: Note,
    *,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
    key: str,
    registry: Registry,
    now: datetime,
) -> StoredDecision:
    """Record the decision again that led to a note (steps 2 to 4); `now` is when it was made.

    Raises OrderError pull_by_item, note_differs; NotFoundError certificate_not_found; HubError of the flow.
    """
    if request.by_item:
        raise OrderError("pull_by_item")
    rule = grant = None
    if request.basis in ON_SENTENCE:
        grant = standing_then(request.basis_reference, registry=registry)
    else:
        with registry.database.read() as connection:
            rule = SharingReader(connection).in_force(request.basis_reference, civil_date(now))
    asking = Asking(system, officer, verified.digest, caps_of_day(system, officer, registry.terms))
    decided = decide_named(str(note.said["serial"]), request, rule, grant, asking=asking, registry=registry, now=now)
    return record_one(
        decided, verified=verified, asking=asking, key=key, registry=registry, now=now,
        also=partial(_hold_to, note, request, registry),
    )  # fmt: skip


def deliver_again(note: Note, *, registry: Registry, now: datetime) -> None:
    """Record the delivery again that a note was signed over (steps 5 and 6); `now` is when it was made.

    Raises OrderError decision_missing, note_differs; NotFoundError certificate_not_found.
    """

    def record(connection: Connection) -> None:
        EnterpriseWriter(connection).lock_known({str(note.said["holder"])})
        decision = ExchangeReader(connection).decision(str(note.said["serial"]))
        if decision is None or not decision.allowed or decision.use_state == "released":
            raise OrderError("decision_missing")
        _require_said(note, decision)
        _certificates(note, decision, connection)
        digest = sha256(note.jws.encode()).hexdigest()
        act = ActFacts(Kind.DELIVERY, new_name(registry), now, None, None, digest, decision.act_id)
        writer = ExchangeWriter(connection)
        # A grant's use was only reserved where the backup was made between decision and delivery.
        writer.settle_use(decision.decision, "used")
        writer.add_delivery(
            {
                "decision": decision.decision,
                "serial_number": decision.decision,
                "requester": decision.requester,
                "licence_number": decision.licence_number,
                "note": note.jws,
                "ends_at": datetime.fromisoformat(str(note.said["ends_at"])),
                "recorded_at": now,
                "act_id": act.act_id,
            }
        )
        EntryWriter(connection, registry.random).add([act])

    registry.database.write(record)


def _hold_to(
    note: Note, request: PullRequest, registry: Registry, decision: StoredDecision, connection: Connection
) -> None:
    """Hold a decision to the note that it led to, and keep its use as used."""
    if not decision.allowed:
        return  # that is another act than the log has
    _require_said(note, decision)
    if note.said["cause"] != cause_of(request, decision, registry, connection):
        raise OrderError("note_differs")
    certificates = _certificates(note, decision, connection)
    records = CertificateReader(connection).records([each.serial for each in certificates.values()])
    for line in note.lines:
        certificate = certificates[line["identifier"]]
        names = permitted_names(certificate, decision, registry, connection)
        document = present_as_delivered(
            records[certificate.serial], names, certificate.serial, {line["sha256"]}, registry
        )  # fmt: skip
        is_whole = not ErasureReader(connection).of(certificate.serial)
        if is_whole and presentation_digest(document) != line["sha256"]:
            raise OrderError("note_differs")
    ExchangeWriter(connection).settle_use(decision.decision, "used")


def _require_said(note: Note, decision: StoredDecision) -> None:
    said = note.said
    basis = {"kind": decision.basis, "reference": decision.basis_reference}
    told = (said["holder"], said["requester"]["licence_number"], said["officer"], said["item_code"])
    kept = (decision.licence_number, decision.requester, decision.officer, decision.item_code)
    if (told, said["case_number"], said["basis"]) != (kept, decision.case_number, basis):
        raise OrderError("note_differs")


def _certificates(note: Note, decision: StoredDecision, connection: Connection) -> dict[str, Certificate]:
    """Return what a note was signed over, by identifier; it has to be here, and the holder's."""
    named = [str(each["identifier"]) for each in note.lines]
    found = CertificateReader(connection).by_identifier(named)
    if found.keys() != set(named):
        raise NotFoundError("certificate_not_found")
    if any(each.licence_number != decision.licence_number for each in found.values()):
        raise OrderError("note_differs")
    return found
