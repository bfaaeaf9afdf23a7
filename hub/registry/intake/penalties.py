"""Rows of a penalty file (双公示, 行政处罚): a task at the issuing body for what one of them suspends or strips.

Whoever punishes is seldom who issued; only the issuing body changes its certificate, so a row changes no status. The
task is opened in the transaction that records its row, once for a decision and a certificate, whatever file repeats it.
A row that names no certificate on record, or several, or that cannot be read, waits in the queue with its reason.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connectors.contract import Row, RowProblem
from hub.registry.intake.holdings import Rehearsal
from hub.registry.intake.queue import addressee
from hub.steps.certificates.holders import lock_holders
from hub.steps.notices import NoticeKind, Notices
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.intake import StoredIntake
from hub.store.notice import NoticeReader
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import ENDED, Certificate, Status, civil_date
from schemas.parties import System
from schemas.penalty import UNKNOWN, HeldPermit, PenaltyRow, named_certificate, read_penalty_header, read_penalty_row

_REFUSED_RULES = frozenset({"natural_person"})
_OBJECT = "object"


@dataclass(frozen=True, slots=True)
class PenaltyReading:
    """One row as read: its penalty, or the result it has already (nothing, refused, queued) with its problems."""

    number: int
    penalty: PenaltyRow | None
    result: str | None
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with the chain of the certificate that it is about; None where it is about none that can be told."""

    reading: PenaltyReading
    chain: int | None


def penalty_reader(header: tuple[str, ...], overrides: Container[str]) -> Callable[[Row | RowProblem], PenaltyReading]:
    """Return what reads the rows of a penalty file; raises ColumnUnknownError."""
    columns = read_penalty_header(header)

    def read(row: Row | RowProblem) -> PenaltyReading:
        if isinstance(row, RowProblem):
            place = f"column:{row.column}" if row.column is not None else "row"
            return PenaltyReading(row.number, None, "refused", (FieldProblem(place, str(row.rule)),))
        try:
            penalty = read_penalty_row(row.values, columns, overrides=overrides)
        except FieldsError as error:
            is_refused = any(each.rule in _REFUSED_RULES for each in error.problems)
            return PenaltyReading(row.number, None, "refused" if is_refused else "queued", error.problems)
        return PenaltyReading(row.number, penalty, None if penalty else "nothing")

    return read


class Penalties:
    """Judges the rows of one penalty file and opens their tasks; in a dry run it says what it would open."""

    def __init__(self, intake: StoredIntake, system: System, registry: Registry, rehearsal: Rehearsal | None) -> None:
        self._intake = intake
        self._system = system
        self._registry = registry
        self._rehearsal = rehearsal

    def judge(self, readings: Sequence[PenaltyReading]) -> list[Judged]:
        """Say of each row which certificate it is about."""
        held: dict[str, list[Certificate]] = {}
        permits: dict[str, list[HeldPermit]] = {}
        judged = []
        with self._registry.database.read() as connection:
            for reading in readings:
                penalty = reading.penalty
                if penalty is None:
                    judged.append(Judged(reading, None))
                    continue
                holder = penalty.licence_number
                if holder not in permits:
                    held[holder] = CertificateReader(connection).current_of(holder)
                    permits[holder] = _permits(held[holder], connection)
                judged.append(self._judge_one(reading, penalty, held[holder], permits[holder]))
        return judged

    def _judge_one(
        self,
        reading: PenaltyReading,
        penalty: PenaltyRow,
        held: Sequence[Certificate],
        permits: Sequence[HeldPermit],
    ) -> Judged:
        naming = named_certificate(
            penalty.named, permits, licence_number=penalty.licence_number, catalogue=self._registry.catalogue
        )
        if naming.rule is not None:
            problem = FieldProblem(_OBJECT, naming.rule)
            return Judged(PenaltyReading(reading.number, None, "queued", (problem,)), None)
        (found,) = (each for each in held if each.serial == naming.serial)
        return Judged(reading, found.chain)

    def settle(self, judged: Sequence[Judged], now: datetime, connection: Connection) -> list[dict[str, Any]]:
        """Open the tasks, and return what the outcome says of each row; the caller records it in this transaction."""
        reader = CertificateReader(connection)
        chains = sorted({each.chain for each in judged if each.chain is not None})
        # Two files with the same row at once: the second waits here, and then sees the first one's task.
        holders = {each.licence_number: ("", "") for each in reader.chains(chains).values()}
        lock_holders(holders, connection=connection, registry=self._registry, now=now)
        known = reader.chains(chains)
        current = reader.by_serial(sorted({each.current for each in known.values() if each.current is not None}))
        by_chain = {each.chain: each for each in current.values()}
        told = _told(chains, connection)
        notices = Notices(connection, act_id=self._intake.intake, registry=self._registry, now=now)
        addressed = addressee(self._system, connection)
        rows = []
        for each in judged:
            certificate = by_chain.get(each.chain) if each.chain is not None else None
            penalty = each.reading.penalty
            if penalty is None:
                rows.append(self._row(each.reading, each.reading.result or "queued", each.reading.problems, None))
                continue
            if certificate is None:  # it was taken back as a mistake meanwhile
                rows.append(self._row(each.reading, "queued", (FieldProblem(_OBJECT, UNKNOWN),), None))
                continue
            if penalty.decided_on > civil_date(now):
                problem = FieldProblem("decided_on", "decided_in_future")
                rows.append(self._row(each.reading, "queued", (problem,), None))
                continue
            rule = self._why_not(each.reading.number, penalty, certificate, told)
            if rule is not None:
                rows.append(self._row(each.reading, "nothing", (FieldProblem(_OBJECT, rule),), certificate))
                continue
            told.add((certificate.chain, penalty.decision_number))
            rows.append(self._row(each.reading, self._result(), (), certificate))
            if self._rehearsal is None:
                facts = _facts(penalty) | {"intake": self._intake.intake, "row": each.reading.number}
                notices.add(
                    addressed(certificate.issuing_body), NoticeKind.PENALTY, facts,
                    licence_number=certificate.licence_number, serial=certificate.serial,
                )  # fmt: skip
        notices.keep()
        return rows

    def _result(self) -> str:
        return "task" if self._rehearsal is None else "would_task"

    def _why_not(
        self, row: int, penalty: PenaltyRow, certificate: Certificate, told: set[tuple[int, str]]
    ) -> str | None:
        """Return why no task is opened: the decision was told before, or the certificate has ended already."""
        name = f"{certificate.chain}/{penalty.decision_number}"
        if (certificate.chain, penalty.decision_number) in told:
            return "penalty_told"
        if Status(certificate.status) in ENDED:
            return "penalty_ended"
        if self._rehearsal is not None and not self._rehearsal.is_first(name, row):
            return "penalty_told"
        return None

    def _row(
        self,
        reading: PenaltyReading,
        result: str,
        problems: Sequence[FieldProblem],
        certificate: Certificate | None,
    ) -> dict[str, Any]:
        return {
            "intake": self._intake.intake,
            "row": reading.number,
            "result": result,
            "identifier": certificate.identifier if certificate else None,
            "chain": certificate.chain if certificate else None,
            "problems": [{"field": each.field, "rule": each.rule} for each in problems] or None,
        }


def _permits(held: Sequence[Certificate], connection: Connection) -> list[HeldPermit]:
    chains = CertificateReader(connection).chains(sorted(each.chain for each in held))
    return [
        HeldPermit(each.serial, each.certificate_type, chains[each.chain].number, each.status)
        for each in held
        if each.chain in chains
    ]


def _told(chains: Sequence[int], connection: Connection) -> set[tuple[int, str]]:
    """Return (chain, decision number) of the penalties that were told about any version of these certificates."""
    versions = CertificateReader(connection).versions_of(chains)
    chain_of = {each.serial: chain for chain, found in versions.items() for each in found}
    notices = NoticeReader(connection).about(sorted(chain_of), NoticeKind.PENALTY.value)
    return {(chain_of[each.serial or 0], str(each.facts["decision_number"])) for each in notices}


def _facts(penalty: PenaltyRow) -> dict[str, Any]:
    return {
        "decision_number": penalty.decision_number,
        "penal_body": penalty.body_number or None,
        "decided_on": penalty.decided_on.isoformat(),
        "asked": penalty.asked.value,
        "public_until": penalty.public_until.isoformat() if penalty.public_until else None,
    }
