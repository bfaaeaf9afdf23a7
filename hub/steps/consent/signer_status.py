"""Whether a grant's signer still has a good e-licence: a positive status not older than a setting, or none.

Asked of the e-licence port when a grant is posted and again, before a pull is decided, once the last answer is too old.
No answer leaves the grant pending: pulls under it are refused, and the paper road is named.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import orjson
from sqlalchemy import Connection

from connectors.contract import ELicence, LicenceSigner
from hub.decisions.authorisation import DelegationStanding, GrantStanding
from hub.errors import GrantError
from hub.steps.consent.rights import is_frozen, representative_changed_at
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.delegation import DelegationReader
from hub.store.grant import GrantReader, GrantWriter, StoredGrant
from hub.store.presentation import PresentationReader, StoredRedemption
from schemas.exchange import Basis
from schemas.grant import Grant, parse_grant
from schemas.presentation import Presentation, parse_presentation
from signing.envelope import decrypt


def grant_context(digest: str) -> bytes:
    """Return what binds a grant's envelope to its grant."""
    return b"grant:" + digest.encode()


def basis_of(stored: StoredGrant) -> Basis:
    """Return which kind of basis a stored grant is."""
    return Basis.GRANT if stored.basis is None else Basis(stored.basis)


def opened_grant(stored: StoredGrant, registry: Registry) -> tuple[Grant | Presentation, LicenceSigner | None]:
    """Return the grant or presentation as signed, and its signer; None of a grant on paper."""
    content = orjson.loads(decrypt(stored.envelope, masters=registry.masters, context=grant_context(stored.digest)))
    parse = parse_presentation if basis_of(stored) is Basis.PRESENTATION else parse_grant
    return parse(content["text"]), LicenceSigner(**content["signer"]) if "signer" in content else None


def standing_of(digest: str, *, registry: Registry, e_licence: ELicence, now: datetime) -> GrantStanding | None:
    """Return a grant as it stands now, its signer's status asked again where the last answer is too old.

    Of a presentation that nobody redeemed yet, all it shows, for whom the holder named ("" for nobody).
    """
    with registry.database.read() as connection:
        stored = GrantReader(connection).get(digest)
        redemption = _redemption_of(digest, PresentationReader(connection))
        delegation = _delegation_of(stored, connection) if stored else None
    if stored is None:
        return None
    grant, signer = opened_grant(stored, registry)
    good_at, revoked = stored.cert_good_at, stored.cert_revoked
    if signer is None:
        good_at = now  # on paper: two officers saw who signed
    elif not revoked and (good_at is None or now - good_at > registry.terms.cert_status_age):
        good_at, revoked = ask_status(signer, good_at, registry=registry, e_licence=e_licence, now=now)
        registry.database.write(
            lambda connection: GrantWriter(connection).note_cert_status(digest, good_at=good_at, revoked=revoked)
        )
    fresh = good_at is not None and now - good_at <= registry.terms.cert_status_age
    is_known = False if revoked else True if fresh else None
    standing = _standing(stored, grant, is_known, delegation, registry)
    return standing if redemption is None else _redeemed(standing, *redemption)


def standing_then(digest: str, *, registry: Registry) -> GrantStanding | None:
    """Return a grant as it stood when a use of it was taken, which the log has: neither taken back nor in doubt.

    What ended it since, and what nobody can be asked again, whether its signer's cert was good then, count for nothing.
    """
    with registry.database.read() as connection:
        stored = GrantReader(connection).get(digest)
        redemption = _redemption_of(digest, PresentationReader(connection))
        delegation = _delegation_of(stored, connection) if stored else None
    if stored is None:
        return None
    if delegation is not None:
        delegation = replace(delegation, withdrawn=False, frozen=False)
    standing = _standing(stored, opened_grant(stored, registry)[0], True, delegation, registry)
    standing = replace(standing, withdrawn=False)
    return standing if redemption is None else _redeemed(standing, *redemption)


def _standing(
    stored: StoredGrant,
    grant: Grant | Presentation,
    signer_known_good: bool | None,
    delegation: DelegationStanding | None,
    registry: Registry,
) -> GrantStanding:
    return GrantStanding(
        digest=stored.digest,
        holder=stored.holder,
        requester=stored.requester,
        fields=given_fields(grant, registry),
        item_code=grant.item_code if isinstance(grant, Grant) else "",
        case_number=grant.case_number if isinstance(grant, Grant) else "",
        valid_from=stored.valid_from,
        valid_until=stored.valid_until,
        uses_left=stored.uses - stored.uses_taken,
        withdrawn=stored.withdrawn_at is not None,
        signer_known_good=signer_known_good,
        basis=basis_of(stored),
        released=isinstance(grant, Grant),
        versions={each.code: each.version for each in grant.types},
        delegation=delegation,
    )


def _delegation_of(stored: StoredGrant, connection: Connection) -> DelegationStanding | None:
    """Return how the delegation stands that a grant was signed by; None where its signer's role sufficed."""
    reader = DelegationReader(connection)
    found = reader.get(stored.delegation) if stored.delegation else None
    if found is None:
        return None
    frozen = is_frozen(found, representative_changed_at(found.holder, connection), reader)
    return DelegationStanding(found.item_code, withdrawn=found.ended_at is not None, frozen=frozen)


def given_fields(grant: Grant | Presentation, registry: Registry) -> dict[str, tuple[str, ...]]:
    """Return what is given, as certificate type → field names."""
    fields = {each.code: tuple(field.name for field in each.fields) for each in grant.types}
    return _types_of(grant.certificates, registry) | fields


def _redemption_of(digest: str, reader: PresentationReader) -> tuple[StoredRedemption, bool] | None:
    """Return who redeemed a presentation and whether it is released; None for a grant, or while nobody did."""
    code = reader.code(digest)
    redemption = reader.redemption(code.redemption) if code and code.redemption else None
    return None if code is None or redemption is None else (redemption, code.released_at is not None)


def _redeemed(standing: GrantStanding, redemption: StoredRedemption, released: bool) -> GrantStanding:
    return replace(
        standing,
        requester=redemption.requester,
        officer=redemption.officer,
        fields={code: tuple(names) for code, names in redemption.fields.items()},
        item_code=redemption.item_code,
        case_number=redemption.case_number,
        released=released,
    )


def _types_of(identifiers: Sequence[str], registry: Registry) -> dict[str, tuple[str, ...]]:
    """Return the types of certificates granted singly, with all their fields: the sentence grants what is on them."""
    with registry.database.read() as connection:
        found = CertificateReader(connection).by_identifier(identifiers)
    kinds = {registry.catalogue.get(each.certificate_type, each.type_version) for each in found.values()}
    return {kind.code: tuple(field.name for field in kind.fields) for kind in kinds}


def known_good(signer: LicenceSigner, *, registry: Registry, e_licence: ELicence, now: datetime) -> datetime:
    """Return when the signer's cert was good; for what cannot wait for an answer that comes later.

    Raises GrantError e_licence_revoked, e_licence_unconfirmed.
    """
    good_at, revoked = ask_status(signer, None, registry=registry, e_licence=e_licence, now=now)
    if revoked:
        raise GrantError("e_licence_revoked")
    if good_at is None:
        raise GrantError("e_licence_unconfirmed")
    return good_at


def ask_status(
    signer: LicenceSigner, good_at: datetime | None, *, registry: Registry, e_licence: ELicence, now: datetime
) -> tuple[datetime | None, bool]:
    """Ask the port; return when the cert was last known good, and whether it is revoked."""
    status = e_licence.cert_status(signer, now=now)
    if status.state == "good":
        return status.as_of, False
    return good_at, status.state == "revoked"
