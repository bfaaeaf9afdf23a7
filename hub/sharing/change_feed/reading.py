"""Reading the change feed: a requester's system asks what was done, since a cursor, to what it has a basis for.

1 the cursor is read (`cursor.py`): it is of the log that is written now
2 the next places of the log are taken, at most `WINDOW` of them and none beyond its published head, with the acts on
  certificates that stand there
3 each certificate is held against the bases of the caller now (`grounds.py`); what has none is passed over
4 what is told, of whom and on which basis, is committed with its entry; bases are looked at again   <- COMMIT POINT
5 the page is answered with the next cursor, and whether more waits

A page is one act, with a line in the ledger of each holder it tells of; one that tells nothing is no act, as nobody's
data was seen. Reading changes nothing: the same cursor may be asked again, and is another act then.
What a compromised key puts in doubt is no act on a certificate; whoever holds such a record is told
(`hub/steps/notices.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from connectors.contract import ELicence
from hub.errors import OrderError
from hub.sharing.change_feed.cursor import cursor_at, place_of
from hub.sharing.change_feed.grounds import Ground, Grounds, gather_grounds, still_stands
from hub.steps.certificates.intentions import new_name
from hub.steps.registry import Registry
from hub.steps.sharing.pulling import require_sound
from hub.store.certificate import CertificateReader
from hub.store.change_feed import ChangeReadingWriter, StoredChangeReading
from hub.store.entry import EntryReader, EntryWriter, PlacedAct
from hub.store.log import LogStore
from schemas.certificate import Act, Cause, Certificate, RecordedChange
from schemas.change_feed import Happened, told_digest
from schemas.evidence import ActFacts, Kind
from schemas.parties import System

WINDOW = 1_000
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a page, and on what it is told; `replaced_by` only to whom that version may be told of too."""

    act: PlacedAct
    certificate: Certificate
    happened: Happened
    ground: Ground
    status: str | None = None
    cause: str | None = None
    replaced_by: str | None = None


def read_changes(
    cursor: str | None,
    *,
    limit: int,
    system: System,
    registry: Registry,
    store: LogStore,
    e_licence: ELicence,
    now: datetime,
) -> dict[str, Any]:
    """Return one page of changes behind a cursor; `limit` is how many at most, but the lines of one act stay together.

    Raises StoreError, OrderError cursor_form, cursor_recovered, cursor_other_log, cursor_ahead, act_under_way.
    """
    require_sound(registry, now)
    # The head first: whatever it covers was committed before.
    head = store.head()
    start, end = place_of(cursor, head, store), head.first_place + head.size
    until = min(start + WINDOW, end)
    for _ in range(_ATTEMPTS):
        acts, done = _Acts.read(start, until, registry), _Page()
        grounds = gather_grounds(acts.certificates, system=system, registry=registry, e_licence=e_licence, now=now)
        done.fill(acts, grounds, limit, until)
        act_id = _record(done.changes, system, registry, now)
        if act_id is not None or not done.changes:
            return {
                "changes": [_told(each) for each in done.changes],
                "cursor": cursor_at(done.until, head),
                "more": done.until < end,
                "act_id": act_id,
            }
    raise OrderError("act_under_way")  # bases kept ending meanwhile: nothing was told


# --- step 2 -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Acts:
    """The acts that stand in some places, with the versions and the changes of the chains they were done to."""

    acts: Sequence[PlacedAct]
    versions: Mapping[int, Certificate]
    siblings: Mapping[int, Sequence[int]]
    changes: Mapping[int, Sequence[RecordedChange]]

    @classmethod
    def read(cls, start: int, until: int, registry: Registry) -> "_Acts":
        with registry.database.read() as connection:
            acts = EntryReader(connection).about_certificates(start, until)
            reader = CertificateReader(connection)
            chains = {each.chain for each in reader.by_serial(sorted({act.serial for act in acts})).values()}
            found = reader.versions_of(sorted(chains))
            versions = {each.serial: each for chain in found.values() for each in chain}
            changes = reader.changes(sorted(versions))
        siblings = {each.serial: [one.serial for one in chain] for chain in found.values() for each in chain}
        return cls(acts, versions, siblings, changes)

    @property
    def certificates(self) -> list[Certificate]:
        return list(self.versions.values())

    def changed_by(self, act: PlacedAct) -> list[RecordedChange]:
        """Return what an act did to the status of its certificate and of those before it."""
        serials = self.siblings.get(act.serial, ())
        return [change for serial in serials for change in self.changes[serial] if change.act_id == act.act_id]


# --- step 3 -----------------------------------------------------------------------------------------------------


class _Page:
    """What is told so far, and up to which place all is read."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.until = 0

    def fill(self, acts: _Acts, grounds: Grounds, limit: int, until: int) -> None:
        for act in acts.acts:
            lines = _lines(act, acts, grounds)
            if lines and self.changes and len(self.changes) + len(lines) > limit:
                self.until = act.place
                return
            self.changes += lines
        self.until = until


def _lines(act: PlacedAct, acts: _Acts, grounds: Grounds) -> list[Change]:
    certificate = acts.versions[act.serial]
    ground, changed = grounds.find(certificate), acts.changed_by(act)
    if act.kind == Kind.ISSUE:
        replaced = [_replaced(act, each, certificate, ground, acts, grounds) for each in changed]
        told = [each for each in replaced if each is not None]
        return told or ([Change(act, certificate, Happened.ISSUED, ground)] if ground else [])
    if act.kind == Kind.CHANGE_STATUS:
        return [each for change in changed if (each := _changed(act, change, acts, grounds)) is not None]
    return [Change(act, certificate, _OTHER_ACTS[act.kind], ground)] if ground else []


_OTHER_ACTS: Mapping[str, Happened] = {
    Kind.ANNOTATE: Happened.ANNOTATED,
    Kind.ERASE: Happened.ERASED,
    Kind.RESEAL: Happened.RESEALED,
}


def _replaced(
    act: PlacedAct,
    change: RecordedChange,
    by: Certificate,
    ground_of_new: Ground | None,
    acts: _Acts,
    grounds: Grounds,
) -> Change | None:
    old = acts.versions[change.serial]
    ground = grounds.find(old)
    if ground is None:
        return None
    happened = Happened.CORRECTED if change.cause == Cause.CORRECT else Happened.REPLACED
    replaced_by = by.identifier if ground_of_new else None
    return Change(act, old, happened, ground, change.to_status, change.cause, replaced_by)


def _changed(act: PlacedAct, change: RecordedChange, acts: _Acts, grounds: Grounds) -> Change | None:
    certificate = acts.versions[change.serial]
    ground = grounds.find(certificate)
    happened = Happened.VOIDED if change.act == Act.VOID else Happened.STATUS_CHANGED
    return None if ground is None else Change(act, certificate, happened, ground, change.to_status)


# --- steps 4 and 5 ----------------------------------------------------------------------------------------------


def _record(changes: Sequence[Change], system: System, registry: Registry, now: datetime) -> str | None:
    """Commit what a page tells; return the act, or None where there is nothing to tell or a basis is gone."""
    return registry.database.write(partial(_commit, changes, system, registry, now)) if changes else None


def _commit(
    changes: Sequence[Change], system: System, registry: Registry, now: datetime, connection: Connection
) -> str | None:
    grounds = {each.ground for each in changes}
    if not all(still_stands(each, system=system, connection=connection, now=now) for each in grounds):
        return None
    act_id, told = new_name(registry), _by_holder(changes)
    rows = [
        StoredChangeReading(
            new_name(registry), system.code, system.department, number, ground.kind, ground.reference,
            {code: sorted(names) for code, names in types.items()}, now, act_id,
        )
        for (number, ground), types in told.items()
    ]  # fmt: skip
    ChangeReadingWriter(connection).add(rows)
    sealed = told_digest((each.licence_number, each.basis, each.basis_reference, each.told) for each in rows)
    EntryWriter(connection, registry.random).add([ActFacts(Kind.READ_CHANGES, act_id, now, None, None, sealed, None)])
    return act_id


def _by_holder(changes: Sequence[Change]) -> dict[tuple[str, Ground], dict[str, set[str]]]:
    told: dict[tuple[str, Ground], dict[str, set[str]]] = {}
    for each in changes:
        certificate = each.certificate
        types = told.setdefault((certificate.licence_number, each.ground), {})
        names = types.setdefault(certificate.certificate_type, set())
        names |= {certificate.identifier} | ({each.replaced_by} if each.replaced_by else set())
    return told


def _told(change: Change) -> dict[str, Any]:
    return {
        "place": change.act.place,
        "at": change.act.recorded_at.isoformat(),
        "act_id": change.act.act_id,
        "licence_number": change.certificate.licence_number,
        "certificate_type": change.certificate.certificate_type,
        "identifier": change.certificate.identifier,
        "happened": change.happened.value,
        "status": change.status,
        "cause": change.cause,
        "replaced_by": change.replaced_by,
        "basis": {"kind": change.ground.kind, "reference": change.ground.reference},
    }
