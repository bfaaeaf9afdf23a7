"""Taking back a version that was recorded by mistake (误录作废): its line goes, the version it replaced counts again.

What counts again is about its device again, and a licence names its holder again. The caller holds the rows of all
holders the chain has had, and has set the version's own status.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import LICENCE_TYPE, disclosed_values
from hub.errors import OrderError
from hub.steps.certificates.recomposition import Place
from hub.store.certificate import CertificateReader, CertificateWriter, StoredChain
from hub.store.enterprise import EnterpriseWriter, LockedEnterprise
from hub.store.name_part import NamePartWriter
from hub.store.relation import RelationReader, RelationWriter
from schemas.certificate import ENDED, Act, Certificate, RecordedChange, Status, standing
from schemas.certificate_type import SubjectKind
from schemas.order import UNNAMED_SUBJECT
from signing.jws import parse_json


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a version back changed: the line that goes, and the holder that has its name before back, if any."""

    left: Place
    renamed: str | None = None


def take_back(
    mistake: Certificate,
    change: Mapping[str, Any],
    *,
    holders: Mapping[str, LockedEnterprise],
    connection: Connection,
) -> Taken:
    """Let a chain go on as if the version had never been; `change` is the row of the change that voids it.

    Raises OrderError not_current for a version that another has replaced, chain_busy while one is being sealed,
    device_elsewhere when the version before would count again of a device that another certificate is about by now.
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
        return Taken(left, _name_by_what_is_left(mistake, holders[chain.licence_number], reader, connection))
    if _restore(previous, mistake, change, reader, writer, connection) not in ENDED:
        claim_device_again(previous, connection)
    _point_back(chain, previous, mistake, holders, reader, writer, connection)
    is_renamed = mistake.certificate_type == LICENCE_TYPE and mistake.source is None
    renamed = _name_again(mistake, previous, holders, reader, connection) if is_renamed else None
    return Taken(left, renamed)


def first_day(serial: int, connection: Connection) -> date:
    """Return the day from which a sealed version works in law, as its record says."""
    payload = CertificateReader(connection).records([serial])[serial].payload
    return date.fromisoformat(parse_json(payload)["works_from"])


def claim_device_again(certificate: Certificate, connection: Connection) -> None:
    """Let a version that counts again be about its device; OrderError device_elsewhere when another is by now."""
    reader = CertificateReader(connection)
    subject = parse_json(reader.records([certificate.serial])[certificate.serial].payload)["subject"]
    if subject["kind"] != SubjectKind.DEVICE or subject["id"] == UNNAMED_SUBJECT:
        return
    key = (str(subject["id"]), certificate.certificate_type)
    other = reader.device_chains([key]).get(key)
    if other is not None and other.chain != certificate.chain and reader.is_live(other):
        raise OrderError("device_elsewhere", subject_id=key[0])
    CertificateWriter(connection).claim_devices({key: certificate.chain})


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
) -> Status:
    """Undo that the previous version was replaced; one that had ended before keeps its ending. Return its status."""
    changes = reader.changes([previous.serial])[previous.serial]
    replaced = [each for each in changes if each.act == Act.SUPERSEDE and each.act_id == mistake.act_id]
    if not replaced:
        return Status(previous.status)
    kept: list[RecordedChange] = [each for each in changes if each.act_id != mistake.act_id]
    after = standing(first_day(previous.serial, connection), kept)
    writer.mark_undone(previous.serial, mistake.act_id, undone_by=change["act_id"])
    writer.set_status(previous.serial, status=after.status, since=after.since, until=after.until)
    undone = {"serial": previous.serial, "act": Act.UNDO.value, "from_status": previous.status}
    writer.add_changes([{**change, **undone, "to_status": after.status.value, "until": None, "public_until": None}])
    return after.status


def _point_back(
    chain: StoredChain,
    previous: Certificate,
    mistake: Certificate,
    holders: Mapping[str, LockedEnterprise],
    reader: CertificateReader,
    writer: CertificateWriter,
    connection: Connection,
) -> None:
    versions = reader.versions_of([chain.chain])[chain.chain]
    left = [each.serial for each in versions if each.status != Status.VOIDED and each.serial != mistake.serial]
    records = reader.records(left)
    public = {serial: disclosed_values(record.public_disclosures) for serial, record in records.items()}
    number = public[previous.serial].get("certificate_number", chain.number)
    # Unless a version further back bears it truly.
    if chain.number not in {each.get("certificate_number", chain.number) for each in public.values()}:
        writer.free_number(chain.chain, number=chain.number)
    values: dict[str, Any] = {"current": previous.serial, "issuing_body": previous.issuing_body, "number": number}
    if previous.licence_number != chain.licence_number:
        holder = holders[previous.licence_number]
        values |= {"licence_number": previous.licence_number, "slot": holder.chains}
        holder.chains += 1
        EnterpriseWriter(connection).keep([holder])
    writer.update_chain(chain.chain, **values)


def _name_again(
    mistake: Certificate,
    previous: Certificate,
    holders: Mapping[str, LockedEnterprise],
    reader: CertificateReader,
    connection: Connection,
) -> str:
    """Let a holder have the name and address of the licence that counts again; it never had the mistake's."""
    holder, right = holders[previous.licence_number], _public(previous, reader)
    if holder.name == _public(mistake, reader)["holder_name"] != right["holder_name"]:
        _take_name(holder, right["holder_name"], mistake, connection)
    holder.address = right.get("holder_address", "")
    EnterpriseWriter(connection).keep([holder])
    return holder.licence_number


def _name_by_what_is_left(
    mistake: Certificate, holder: LockedEnterprise, reader: CertificateReader, connection: Connection
) -> str | None:
    """Let a holder that a mistake named be named by what is left: its licence, else the first of its permits.

    With nothing left it has none. Returns the holder whose name is another, if it is.
    """
    left = reader.current_of(holder.licence_number)
    licences = [each for each in left if each.certificate_type == LICENCE_TYPE]
    is_named_by_licence = bool(licences) and mistake.certificate_type != LICENCE_TYPE
    if is_named_by_licence or holder.name != _public(mistake, reader).get("holder_name", ""):
        return None
    source = licences[-1] if licences else left[0] if left else None
    right = _public(source, reader) if source else {}
    if right.get("holder_name", "") != holder.name:
        _take_name(holder, right.get("holder_name", ""), mistake, connection)
    holder.address = right.get("holder_address", "")
    EnterpriseWriter(connection).keep([holder])
    return holder.licence_number


def _take_name(holder: LockedEnterprise, right: str, mistake: Certificate, connection: Connection) -> None:
    """Give a holder its name back: that it had the mistake's, and gave up its own for it, never was."""
    wrong, holder.name = holder.name, right
    until_on = first_day(mistake.serial, connection)
    RelationWriter(connection).drop_former_name_until(holder.licence_number, right, until_on)
    former = [name for name, _ in RelationReader(connection).former_names(holder.licence_number)]
    NamePartWriter(connection).forget(holder.licence_number, wrong, left=[holder.name, *former])


def _public(certificate: Certificate, reader: CertificateReader) -> dict[str, str]:
    return disclosed_values(reader.records([certificate.serial])[certificate.serial].public_disclosures)
