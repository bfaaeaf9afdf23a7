"""Whether who signed may do so for the enterprise: the table of roles, delegations, and the change of representative.

Asked under the holder's row, in the transaction of the act. A change of the legal representative is read off the
business licence itself: a version whose representative is another than the one before it, however it came there.
- From that moment an e-licence of the representative that is older than the change is somebody else's.
- Managers, and delegations made before it, are frozen until an e-licence of the new representative confirms them.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from connectors.contract import LicenceSigner, SignedText
from hub.decisions.answers import LICENCE_TYPE, disclosed_values
from hub.errors import GrantError
from hub.store.certificate import CertificateReader
from hub.store.delegation import DelegationReader, StoredDelegation
from schemas.certificate import Status
from schemas.signer_roles import RIGHTS, Deed
from signing.x509 import read_cert_unverified

_REPRESENTATIVE = "legal_representative"


def require_right(
    deed: Deed,
    signer: LicenceSigner,
    signed: SignedText,
    *,
    connection: Connection,
    now: datetime,
    item_code: str | None = None,
    until: datetime | None = None,
) -> str | None:
    """Let `signer` do this; return the digest of the delegation it acts by, None where the role suffices.

    `signed` is what it signed, verified: the cert in it says from when it is. `item_code` None: any matter; `until` is
    when what is given ends. Raises GrantError role_not_entitled, representative_changed, delegation_frozen,
    delegation_needed, delegation_ends_before.
    """
    right = RIGHTS[deed].get(signer.role)
    if right is None:
        raise GrantError("role_not_entitled", role=signer.role)
    changed_at = representative_changed_at(signer.licence_number, connection)
    if right == "own":
        _check_own(signer, signed, changed_at, connection)
        return None
    reader = DelegationReader(connection)
    own = [
        each
        for each in reader.of(signer.licence_number)
        if each.cert_serial == signer.cert_serial and each.valid_from <= now < each.valid_until
        if item_code is None or each.item_code == item_code
    ]
    if not own:
        raise GrantError("delegation_needed")
    standing = [each for each in own if not is_frozen(each, changed_at, reader)]
    if not standing:
        raise GrantError("delegation_frozen")
    long_enough = [each for each in standing if until is None or until <= each.valid_until]
    if not long_enough:
        raise GrantError("delegation_ends_before")
    return long_enough[0].digest


def delegated_items(holder: str, cert_serial: str, *, connection: Connection, now: datetime) -> frozenset[str]:
    """Return the item codes in which an agent, by the serial of his cert, may act for a holder now."""
    reader = DelegationReader(connection)
    own = [each for each in reader.of(holder) if each.cert_serial == cert_serial]
    running = [each for each in own if each.valid_from <= now < each.valid_until]
    changed_at = representative_changed_at(holder, connection) if running else None
    return frozenset(each.item_code for each in running if not is_frozen(each, changed_at, reader))


def is_frozen(delegation: StoredDelegation, changed_at: datetime | None, reader: DelegationReader) -> bool:
    """Say whether a change of the legal representative has come over a delegation, and nobody confirmed it since."""
    if changed_at is None or delegation.recorded_at > changed_at:
        return False
    confirmed = reader.confirmations(delegation.holder, since=changed_at)
    return not any(delegation.digest in each.delegations for each in confirmed)


def representative_changed_at(holder: str, connection: Connection) -> datetime | None:
    """Return when the hub last learnt of another legal representative; None when it never did.

    A value that was erased equals none: what cannot be compared counts as a change.
    """
    reader = CertificateReader(connection)
    chains = [each.chain for each in reader.chains_of(holder) if each.certificate_type == LICENCE_TYPE]
    versions = [one for each in reader.versions_of(chains).values() for one in each if one.status != Status.VOIDED]
    versions.sort(key=lambda each: each.serial)
    records = reader.records([each.serial for each in versions])
    named = [disclosed_values(records[each.serial].public_disclosures).get(_REPRESENTATIVE) for each in versions]
    changed = [
        later.sealed_at for later, before, after in zip(versions[1:], named, named[1:], strict=False) if before != after
    ]
    return changed[-1] if changed else None


def _check_own(signer: LicenceSigner, signed: SignedText, changed_at: datetime | None, connection: Connection) -> None:
    if changed_at is None:
        return
    if signer.role == "legal_representative":
        # Certs count in whole seconds: one of the very second of the change may be either's.
        if read_cert_unverified(signed.cert_der).not_before <= changed_at:
            raise GrantError("representative_changed")
        return
    confirmed: Sequence[bool] = [
        each.managers for each in DelegationReader(connection).confirmations(signer.licence_number, since=changed_at)
    ]
    if not any(confirmed):
        raise GrantError("delegation_frozen")
