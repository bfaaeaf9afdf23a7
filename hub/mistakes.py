"""Taking back a version that was recorded by mistake (误录作废): its line goes, the version it replaced counts again.

The caller holds the rows of all holders the chain has had, and has set the version's own status.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from hub.answers import disclosed_values
from hub.errors import OrderError
from hub.recomposition import Place
from hub.store.certificate import CertificateReader, CertificateWriter, StoredChain
from hub.store.enterprise import EnterpriseWriter, LockedEnterprise
from schemas.certificate import Act, Certificate, RecordedChange, Status, standing
from signing.jws import parse_json


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a version back changed: the line that goes, and the serial of the version that counts again."""

    left: Place
    restored: int | None


def take_back(
    mistake: Certificate,
    change: Mapping[str, Any],
    *,
    holders: Mapping[str, LockedEnterprise],
    connection: Connection,
) -> Taken:
    """Let a chain go on as if the version had never been; `change` is the row of the change that voids it.

    Raises OrderError not_current for a version that another has replaced, chain_busy while one is being sealed.
    """
    reader, writer = CertificateReader(connection), CertificateWriter(connection)
    chain = reader.chains([mistake.chain])[mistake.chain]
    if chain.current != mistake.serial:
        raise OrderError("not_current", identifier=mistake.identifier)
    if chain.open is not None:
        raise OrderError("chain_busy", identifier=mistake.identifier)
    left = (chain.licence_number, chain.slot)
    previous = _replaced_by(mistake, reader)
    if previous is None:
        # The certificate that truly bears the number may be recorded now.
        writer.free_number(chain.chain)
        writer.update_chain(chain.chain, current=None)
        return Taken(left, None)
    _restore(previous, mistake, change, reader, writer, connection)
    _point_back(chain, previous, holders, reader, writer, connection)
    return Taken(left, previous.serial)


def first_day(serial: int, connection: Connection) -> date:
    """Return the day from which a sealed version works in law, as its record says."""
    payload = CertificateReader(connection).records([serial])[serial].payload
    return date.fromisoformat(parse_json(payload)["works_from"])


def _replaced_by(mistake: Certificate, reader: CertificateReader) -> Certificate | None:
    versions = reader.versions_of([mistake.chain])[mistake.chain]
    before = [each for each in versions if each.version < mistake.version and each.status != Status.VOIDED]
    return before[-1] if before else None


def _restore(
    previous: Certificate,
    mistake: Certificate,
    change: Mapping[str, Any],
    reader: CertificateReader,
    writer: CertificateWriter,
    connection: Connection,
) -> None:
    """Undo that the previous version was replaced; one that had ended before keeps its ending."""
    changes = reader.changes([previous.serial])[previous.serial]
    replaced = [each for each in changes if each.act == Act.SUPERSEDE and each.act_id == mistake.act_id]
    if not replaced:
        return
    kept: list[RecordedChange] = [each for each in changes if each.act_id != mistake.act_id]
    after = standing(first_day(previous.serial, connection), kept)
    writer.mark_undone(previous.serial, mistake.act_id, undone_by=change["act_id"])
    writer.set_status(previous.serial, status=after.status, since=after.since, until=after.until)
    undone = {"serial": previous.serial, "act": Act.UNDO.value, "from_status": previous.status}
    writer.add_changes([{**change, **undone, "to_status": after.status.value, "until": None, "public_until": None}])


def _point_back(
    chain: StoredChain,
    previous: Certificate,
    holders: Mapping[str, LockedEnterprise],
    reader: CertificateReader,
    writer: CertificateWriter,
    connection: Connection,
) -> None:
    public = disclosed_values(reader.records([previous.serial])[previous.serial].public_disclosures)
    number = public.get("certificate_number", chain.number)
    if number != chain.number:
        writer.free_number(chain.chain, number=chain.number)
    values: dict[str, Any] = {"current": previous.serial, "issuing_body": previous.issuing_body, "number": number}
    if previous.licence_number != chain.licence_number:
        holder = holders[previous.licence_number]
        values |= {"licence_number": previous.licence_number, "slot": holder.chains}
        holder.chains += 1
        EnterpriseWriter(connection).keep([holder])
    writer.update_chain(chain.chain, **values)
