"""The keys of the trust list, in force or not: a seal must hold before its key's term is worth a word.

A key is found in the list and nowhere else. What stands beside a signature, a key's name or a cert, only says where.
"""

from collections.abc import Callable
from hashlib import sha256

from schemas.verdict import Check, CheckName, Result
from signing.algorithms import public_key_from_spki
from signing.errors import CertRefusedError, KeyUnknownError
from signing.jws import VerificationKey
from signing.trust import HubKey, SealIssuer, TrustList
from signing.x509 import read_cert_unverified

COLLECTED_PURPOSE = "collected"
COPIES_PURPOSE = "copies"
NOTES_PURPOSE = "notes"
ANSWERS_PURPOSE = "answers"
STATUS_PURPOSE = "status"

NOT_TRUSTED = Check(CheckName.TRUST, Result.FAILED, "seal_unlisted")


class ListedKeys:
    """The list's keys by name; each lookup raises KeyUnknownError (unlisted, wrong_use)."""

    def __init__(self, trust: TrustList) -> None:
        self._seals: dict[str, SealIssuer] = {each.key_id: each for each in trust.seals}
        self._hub_keys: dict[str, HubKey] = {each.key_id: each for each in trust.hub_keys}

    def sealing_key(self, kid: str) -> VerificationKey:
        """Return a key that may seal records: a body's, or the hub's for collected data."""
        seal = self._seals.get(kid)
        if seal is None:
            return self.hub_keys(COLLECTED_PURPOSE)(kid)
        return VerificationKey(seal.algorithm, read_cert_unverified(seal.cert_der).public_key)

    def document_key(self, cert_der: bytes) -> VerificationKey:
        """Return a key that may seal documents, by the cert inside one: a body's must be the listed one, byte for byte.

        The hub's certs are not listed: its key for copies is known by itself.
        """
        if cert_der in {seal.cert_der for seal in self._seals.values()}:
            return self.sealing_key(named_key(cert_der))
        return self.hub_keys(COPIES_PURPOSE)(named_key(cert_der))

    def hub_keys(self, purpose: str) -> Callable[[str], VerificationKey]:
        """Return what finds the hub's keys for one purpose."""

        def find_key(kid: str) -> VerificationKey:
            entry = self._hub_keys.get(kid)
            if entry is None:
                raise KeyUnknownError(kid, "unlisted")
            if entry.purpose != purpose:
                raise KeyUnknownError(kid, "wrong_use")
            return VerificationKey(entry.algorithm, public_key_from_spki(entry.spki))

        return find_key


def named_key(cert_der: bytes) -> str:
    """Return the name of the key in a cert that anybody may have made; KeyUnknownError when it is no cert of ours."""
    try:
        return read_cert_unverified(cert_der).key_id
    except CertRefusedError:
        raise KeyUnknownError(sha256(cert_der).hexdigest(), "unlisted") from None


def standing_of(error: KeyUnknownError) -> Check:
    """Return what a key that does not count now says of who sealed: until sealing times are proven, nothing."""
    if error.reason in ("revoked", "ended"):
        return Check(CheckName.TRUST, Result.UNKNOWN, f"seal_{error.reason}")
    return NOT_TRUSTED
