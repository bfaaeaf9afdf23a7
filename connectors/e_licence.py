"""Electronic business licences whose certs chain to the trust list's e-licence anchors: verify a text, ask its status.

In order: 1 the cert is an e-licence's at that time 2 its key is of the algorithm named 3 it carries a licence number
and the role stated 4 the signature is over the text's UTF-8 bytes, as they came.
Not checked here: revocation while verifying (the caller asks `cert_status` and decides what unknown means), the check
digits of the licence number, what the text says. An ES256 signature has a valid twin: it names nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from connectors.contract import CertStatus, LicenceSigner, SignedText, SignerRole, StatusSource
from connectors.errors import ELicenceCertError, ELicenceSignatureError
from signing.algorithms import verify_signature
from signing.errors import AlgorithmRefusedError, CertRefusedError, SignatureInvalidError
from signing.x509 import CertFacts, Purpose, verify_cert

# How a cert says who holds it: common name = enterprise's name, "#", the national system's opertype.
ROLE_CODES: Mapping[str, SignerRole] = MappingProxyType({"0": "legal_representative", "1": "manager", "2": "agent"})


class CertifiedELicence:
    """The port behind which holders' certs are verified by us."""

    def __init__(self, anchors: Callable[[], Sequence[bytes]], status: StatusSource, *, allow_test: bool) -> None:
        """`anchors` returns the DER certs that may issue e-licences now, as the trust list names them."""
        self._anchors = anchors
        self._status = status
        self._allow_test = allow_test

    def verify(self, signed: SignedText, *, at: datetime) -> LicenceSigner:
        """Return who signed; see `ELicence.verify`."""
        try:
            facts = verify_cert(
                signed.cert_der,
                anchors=self._anchors(),
                purpose=Purpose.E_LICENCE,
                at=at,
                allow_test=self._allow_test,
            )
        except CertRefusedError as error:
            raise ELicenceCertError(error.reason) from error
        if facts.algorithm != signed.algorithm:
            raise ELicenceCertError("algorithm")
        signer = _signer(facts)
        if signer.role != signed.signer_role:
            raise ELicenceCertError("role")
        try:
            verify_signature(facts.algorithm, facts.public_key, signed.signature, signed.text.encode())
        except (SignatureInvalidError, AlgorithmRefusedError, UnicodeEncodeError):
            raise ELicenceSignatureError("the signature is not the cert's over this text") from None
        return signer

    def cert_status(self, signer: LicenceSigner, *, now: datetime) -> CertStatus:
        """Return the source's answer; see `ELicence.cert_status`."""
        return self._status.cert_status(signer, now=now)


def _signer(facts: CertFacts) -> LicenceSigner:
    name, _, code = facts.subject_name.rpartition("#")
    if facts.licence_number is None:
        raise ELicenceCertError("licence_number")
    if code not in ROLE_CODES or not name:
        raise ELicenceCertError("role")
    return LicenceSigner(facts.licence_number, name, ROLE_CODES[code], facts.key_id, facts.serial_hex)
