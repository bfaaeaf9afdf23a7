"""What a department's issuing bodies have before them: the certificates they may change, the types they may issue.

Read to fill in a form; whether a body may act is decided when it orders (`hub/registry/status.py`,
`hub/registry/issuance.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.decisions.answers import LICENCE_TYPE, disclosed_values
from hub.errors import NotFoundError
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.enterprise import EnterpriseReader
from hub.store.parties import PartyReader
from hub.store.reference import ReferenceReader
from schemas.certificate import CHANGES, Act, Certificate, Status, civil_date


@dataclass(frozen=True, slots=True)
class Changeable:
    """A certificate, the body of the department that acts on it, what it may order, and what an undo would take back.

    `acts` are those that the table of changes has from its status; `undoes` is the act that UNDO takes back, or "".
    """

    certificate: Certificate
    issuing_body: str
    acts: tuple[Act, ...]
    undoes: str


@dataclass(frozen=True, slots=True)
class Prefilled:
    """What is known of a holder that a new certificate says too; `earlier` are its certificates of that type."""

    licence_number: str
    name: str
    address: str
    fields: Mapping[str, str]
    earlier: tuple[Certificate, ...]


def certificates_at(page: str, department: str, *, registry: Registry) -> list[Certificate]:
    """Return the certificate whose public page that is, or those that the department's bodies issued to a holder."""
    _, kind, reference = page.split("/", 2)
    with registry.database.read() as connection:
        reader = CertificateReader(connection)
        if kind == "c":
            found = reader.by_reference(reference)
            return [found] if found else []
        claim = ReferenceReader(connection).get(reference) if kind == "q" else None
        held = reader.current_of(claim.licence_number) if claim else []
        bodies = set(PartyReader(connection).bodies_of(department))
    return [each for each in held if each.issuing_body in bodies]


def changeable(identifier: str, department: str, *, registry: Registry) -> Changeable:
    """Return what may be ordered for a certificate by a body of the department.

    Raises NotFoundError certificate_not_found.
    """
    with registry.database.read() as connection:
        reader = CertificateReader(connection)
        found = reader.by_identifier([identifier]).get(identifier)
        bodies = PartyReader(connection).bodies_of(department)
        if found is None or not bodies:
            raise NotFoundError("certificate_not_found")
        changes = reader.changes([found.serial])[found.serial]
    counting = [each for each in changes if each.undone_by is None and each.act != Act.UNDO]
    acts = [act for status, act in CHANGES if status is Status(found.status) and act is not Act.SUPERSEDE]
    undoes = counting[-1].act_id if counting and counting[-1].act not in (Act.SUPERSEDE, Act.VOID) else ""
    # A superior or a successor acts in its own name.
    body = found.issuing_body if found.issuing_body in bodies else bodies[0]
    return Changeable(found, body, (*acts, *((Act.UNDO,) if undoes else ())), undoes)


def types_in_charge(department: str, *, registry: Registry, now: datetime) -> dict[str, list[str]]:
    """Return certificate type → the department's bodies that are in charge of it today."""
    with registry.database.read() as connection:
        parties = PartyReader(connection)
        mine, in_charge = set(parties.bodies_of(department)), parties.in_charge(civil_date(now))
    own = {code: [each for each in bodies if each in mine] for code, bodies in in_charge.items()}
    return {code: bodies for code, bodies in own.items() if bodies}


def prefill(licence_number: str, certificate_type: str, *, registry: Registry) -> Prefilled:
    """Return what is known of a holder already, of what its business licence says publicly and of its register."""
    with registry.database.read() as connection:
        known = EnterpriseReader(connection).get(licence_number)
        reader = CertificateReader(connection)
        earlier = tuple(reader.current_of(licence_number, [certificate_type]))
        fields = _licence_fields(licence_number, reader)
    name, address = (known.name, known.address) if known else ("", "")
    return Prefilled(licence_number, name, address, fields, earlier)


def _licence_fields(licence_number: str, reader: CertificateReader) -> Mapping[str, str]:
    held = reader.current_of(licence_number, [LICENCE_TYPE])
    if not held:
        return {}
    record = reader.records([held[0].serial])[held[0].serial]
    return disclosed_values(record.public_disclosures)
