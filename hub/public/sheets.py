"""Whose code a printed sheet shows: an enterprise's or a certificate's, with the site it is to hang at.

1 the reference is looked up by key; a retired one is refused, as nobody should print it again
2 a site that is named is the enterprise's own and has not ended
Nothing is written. The door draws the sheet.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from hub.errors import NotFoundError, OrderError
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.enterprise import EnterpriseReader
from hub.store.reference import ReferenceClaim, ReferenceReader
from hub.store.subject import StoredSubject, SubjectReader
from schemas.catalogue import Catalogue
from schemas.certificate import civil_date
from schemas.identifiers import as_typed, parse_reference

_GROUP = 4


@dataclass(frozen=True, slots=True)
class Sticker:
    """What one frame says. `name` is "" for a holder without a trade name (无字号); `type_zh` "" for its own code."""

    kind: Literal["q", "c"]
    reference: str
    name: str
    licence_number: str
    type_zh: str = ""
    type_en: str = ""
    site_name: str = ""
    site_address: str = ""

    @property
    def typed(self) -> str:
        """The reference in groups of four, to be typed by hand."""
        return " ".join(self.reference[start : start + _GROUP] for start in range(0, len(self.reference), _GROUP))


def find_sticker(reference: str, *, site: str = "", registry: Registry) -> Sticker:
    """Return what a reference's frame says, with the site of that id ("" for none).

    Raises NotFoundError reference_not_found, reference_retired, OrderError subject_unknown, ReferenceFormError.
    """
    known = parse_reference(reference)
    with registry.database.read() as connection:
        claim = ReferenceReader(connection).get(known)
        if claim is None:
            raise NotFoundError("reference_not_found")
        if claim.retired_at is not None:
            raise NotFoundError("reference_retired", retired_on=civil_date(claim.retired_at).isoformat())
        place = _site_of(claim.licence_number, site, connection) if site else None
        return _sticker(claim, place, connection, registry.catalogue)


def _sticker(
    claim: ReferenceClaim, place: StoredSubject | None, connection: Connection, catalogue: Catalogue
) -> Sticker:
    enterprise = EnterpriseReader(connection).get(claim.licence_number)
    certificate = CertificateReader(connection).by_reference(claim.reference)
    if enterprise is None or (claim.serial is not None and certificate is None):
        raise NotFoundError("reference_not_found")
    kind = catalogue.get(certificate.certificate_type, certificate.type_version) if certificate else None
    return Sticker(
        kind="c" if certificate else "q",
        reference=claim.reference,
        name=enterprise.name.strip("* "),
        licence_number=claim.licence_number,
        type_zh=kind.name_zh if kind else "",
        type_en=kind.name_en if kind else "",
        site_name=place.name if place else "",
        site_address=place.address if place else "",
    )


def _site_of(licence_number: str, site: str, connection: Connection) -> StoredSubject:
    name = as_typed(site)
    found = SubjectReader(connection).among([name]).get(name) if name.isascii() and name.isprintable() else None
    if found is None or (found.kind, found.holder, found.ended_on) != ("site", licence_number, None):
        raise OrderError("subject_unknown")
    return found
