"""Timestamps of an outside authority: what is asked of it, and what its token proves (RFC 3161).

A token is a CMS SignedData over TSTInfo, which says that a digest was there at `gen_time`. It is believed when 1 it is
of the form of the standard, its one signer being the cert it names by signing-certificate-v2 2 it is about this very
digest, by SHA-256 3 that cert is for timestamps alone and issued by an authority we know 4 the signature holds. That it
answers our request now (nonce, clock, policy) is `require_fresh`'s. Only SHA-256, with P-256 or RSA.
The maker of tokens here is for TEST: a real authority's key lies elsewhere.

Sources: RFC 3161 sections 2.3 and 2.4, RFC 5816 (ESSCertIDv2), RFC 5035 section 3, RFC 5652 sections 5.3 to 5.6.
Not checked here: revocation of the authority's cert.
"""

from collections import abc
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

from asn1crypto.cms import (
    CertificateChoices,
    CMSAttribute,
    CMSAttributes,
    ContentInfo,
    IssuerAndSerialNumber,
    SignedData,
    SignerIdentifier,
)
from asn1crypto.core import ParsableOctetString, Sequence, Void
from asn1crypto.tsp import PKIStatusInfo, SigningCertificateV2, TimeStampReq, TSTInfo
from asn1crypto.x509 import Certificate as Cert
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.algorithms import verify_outside_signature
from signing.errors import (
    AlgorithmRefusedError,
    CertRefusedError,
    SignatureInvalidError,
    TimestampRefusedError,
)
from signing.signers import Signer
from signing.x509 import verify_timestamp_cert

LARGEST_TOKEN_BYTES = 65_536
CLOCK_TOLERANCE = timedelta(minutes=5)
_LEAST_ACCURATE = timedelta(minutes=1)
# What asn1crypto raises for bytes that are not what they should be, some of it when a part is first asked for.
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
_GRANTED = frozenset({"granted", "granted_with_mods"})
_SIGNATURES = frozenset({"sha256_ecdsa", "sha256_rsa", "rsassa_pkcs1v15"})


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a token proves: the digest was there at `gen_time`, says `whose` authority (its cert's common name)."""

    gen_time: datetime
    nonce: int | None
    policy: str
    whose: str


def timestamp_request(digest: bytes, nonce: int) -> bytes:
    """Return the DER of a TimeStampReq for a SHA-256 digest; the authority's cert is asked for too."""
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    asked = TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True})
    return bytes(asked.dump())


def token_of_response(response_der: bytes) -> bytes:
    """Return the token of a TimeStampResp, unverified; TimestampRefusedError rejected, form."""
    try:
        response = _Response.load(response_der, strict=True)
        status, token = response["status"]["status"].native, response["time_stamp_token"]
        token_der = b"" if isinstance(token, Void) else bytes(token.dump())
    except _UNREADABLE as error:
        raise TimestampRefusedError("form", "not a readable answer of a timestamp authority") from error
    if status not in _GRANTED or not token_der:
        raise TimestampRefusedError("rejected", "the authority gave no timestamp")
    return token_der


def verify_token(token_der: bytes, *, digest: bytes, anchors: abc.Sequence[bytes], allow_test: bool) -> Stamp:
    """Return what a token proves of a SHA-256 digest; `anchors` (DER certs) issue the authorities that are believed.

    Raises TimestampRefusedError with the reason of the first step that fails.
    """
    if len(token_der) > LARGEST_TOKEN_BYTES:
        raise TimestampRefusedError("form", "a timestamp is a few kilobytes")
    try:
        parts = _parts_of(token_der)
    except _UNREADABLE as error:
        raise TimestampRefusedError("form", "not a readable timestamp") from error
    if parts.imprint != digest:
        raise TimestampRefusedError("digest", "the timestamp is of other content")
    try:
        key, name = verify_timestamp_cert(parts.cert_der, anchors=anchors, at=parts.gen_time, allow_test=allow_test)
    except CertRefusedError as error:
        raise TimestampRefusedError("cert", f"the authority's cert is refused: {error.reason}") from error
    try:
        verify_outside_signature(key, parts.signature, parts.attributes)
    except (SignatureInvalidError, AlgorithmRefusedError) as error:
        raise TimestampRefusedError("signature", "the timestamp's signature does not hold") from error
    return Stamp(parts.gen_time, parts.nonce, parts.policy, name)


def require_fresh(stamp: Stamp, *, nonce: int, at: datetime, policy: str | None) -> None:
    """Return when a verified stamp answers our request: its nonce, our clock at `at`, and the policy, if one is set.

    Raises TimestampRefusedError nonce, time, policy.
    """
    if stamp.nonce != nonce:
        raise TimestampRefusedError("nonce", "the timestamp answers another request")
    if abs(stamp.gen_time - at) > CLOCK_TOLERANCE:
        raise TimestampRefusedError("time", "the authority's clock and ours are minutes apart")
    if policy is not None and stamp.policy != policy:
        raise TimestampRefusedError("policy", "the timestamp is given under another policy")


# --- the form ---


class _Response(Sequence):  # type: ignore[misc]
    """TimeStampResp of section 2.4.2, in which a refusal brings no token; the library's always has one."""

    _fields: ClassVar = [("status", PKIStatusInfo), ("time_stamp_token", ContentInfo, {"optional": True})]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What stands in a token: `attributes` are the bytes that were signed."""

    imprint: bytes
    gen_time: datetime
    nonce: int | None
    policy: str
    cert_der: bytes
    attributes: bytes
    signature: bytes


def _parts_of(token_der: bytes) -> _Parts:
    content = ContentInfo.load(token_der, strict=True)
    _require(content["content_type"].native == "signed_data", "form", "a timestamp is a SignedData")
    signed = content["content"]
    # The version is 3 where anything but data is carried (RFC 5652 section 5.1).
    _require(signed["version"].native == "v3", "form", "a timestamp is a SignedData of version 3")
    carried = signed["encap_content_info"]
    _require(carried["content_type"].native == "tst_info", "form", "a timestamp carries TSTInfo")
    octets = bytes(carried["content"])
    info = TSTInfo.load(octets, strict=True)
    imprint, gen_time = _imprint(info), _gen_time(info)
    _require(len(signed["signer_infos"]) == 1, "form", "a timestamp has one signer")
    signer = signed["signer_infos"][0]
    attributes = signer["signed_attrs"]
    cert_der = _signer_cert(signed, signer)
    _require(signer["digest_algorithm"]["algorithm"].native == "sha256", "form", "the digest is SHA-256")
    _require(signer["signature_algorithm"]["algorithm"].native in _SIGNATURES, "form", "not an algorithm known here")
    _require(_attribute(attributes, "content_type").native == "tst_info", "form", "the attributes are of other content")
    found = _attribute(attributes, "message_digest").native
    _require(found == sha256(octets).digest(), "signature", "the signed digest is not that of the content")
    # RFC 5652, section 5.4: signed as a SET OF, carried under [0].
    as_carried = bytes(attributes.dump())
    nonce = info["nonce"].native
    return _Parts(
        imprint, gen_time, nonce, info["policy"].dotted, cert_der, b"\x31" + as_carried[1:], signer["signature"].native
    )


def _imprint(info: TSTInfo) -> bytes:
    """Return the digest that was stamped; the form of TSTInfo is that of RFC 3161, section 2.4.2, on the way."""
    extensions = info["extensions"]
    critical = not isinstance(extensions, Void) and any(each["critical"].native for each in extensions)
    _require(
        info["version"].native == "v1" and not critical, "form", "a TSTInfo of another version or of unknown rules"
    )
    _require(info["message_imprint"]["hash_algorithm"]["algorithm"].native == "sha256", "digest", "not by SHA-256")
    return bytes(info["message_imprint"]["hashed_message"].native)


def _gen_time(info: TSTInfo) -> datetime:
    gen_time: datetime = info["gen_time"].native
    _require(gen_time.utcoffset() == timedelta(0), "form", "the time of a timestamp is UTC")
    accuracy = info["accuracy"]
    if not isinstance(accuracy, Void):
        counted = [0 if each is None else int(each) for each in accuracy.native.values()]
        seconds, millis, micros = counted
        close = timedelta(seconds=seconds, milliseconds=millis, microseconds=micros)
        _require(close <= _LEAST_ACCURATE, "time", "the timestamp claims no accuracy that is of use")
    return gen_time


def _signer_cert(signed: SignedData, signer: Any) -> bytes:
    """Return the cert that the token names as its signer's, twice: by signing-certificate-v2 and by the signer's id."""
    names = _attribute(signer["signed_attrs"], "signing_certificate_v2")["certs"][0]
    _require(names["hash_algorithm"]["algorithm"].native == "sha256", "form", "the cert is named by SHA-256")
    wanted = names["cert_hash"].native
    carried = [bytes(each.chosen.dump()) for each in signed["certificates"] if each.name == "certificate"]
    found = next((each for each in carried if sha256(each).digest() == wanted), None)
    _require(found is not None, "signer", "the cert that the timestamp names is not in it")
    cert_der: bytes = found  # type: ignore[assignment]
    cert = Cert.load(cert_der, strict=True)
    _require(_is_named(signer["sid"], cert), "signer", "the timestamp's signer is another cert than it names")
    also = names["issuer_serial"]
    if not isinstance(also, Void):
        issuers = [each.chosen == cert.issuer for each in also["issuer"] if each.name == "directory_name"]
        is_same = issuers == [True] and also["serial_number"].native == cert.serial_number
        _require(is_same, "signer", "the cert's issuer and serial number are other ones")
    return cert_der


def _is_named(sid: Any, cert: Any) -> bool:
    if sid.name == "subject_key_identifier":
        return bool(sid.chosen.native == cert.key_identifier)
    return bool(sid.chosen["issuer"] == cert.issuer and sid.chosen["serial_number"].native == cert.serial_number)


def _attribute(attributes: CMSAttributes, name: str) -> Any:
    """Return the one value of the one attribute of this name."""
    found = [each["values"] for each in attributes if each["type"].native == name]
    _require(len(found) == 1 and len(found[0]) == 1, "form", f"a timestamp has one {name}")
    return found[0][0]


def _require(holds: bool, reason: str, message: str) -> None:
    if not holds:
        raise TimestampRefusedError(reason, message)


# --- TEST: an authority of our own ---


def make_token(*, digest: bytes, nonce: int, serial: int, gen_time: datetime, policy: str, signer: Signer) -> bytes:
    """Return the DER of a token; the `signer` is ES256 and has a cert for timestamps."""
    cert_der = signer.cert_der
    if cert_der is None or signer.algorithm != "ES256":
        raise CertRefusedError("missing", "a TEST timestamp is signed by ES256, with a cert")
    cert = Cert.load(cert_der)
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    info = TSTInfo(
        {
            "version": "v1",
            "policy": policy,
            "message_imprint": imprint,
            "serial_number": serial,
            "gen_time": gen_time.replace(microsecond=0),
            "nonce": nonce,
        }
    ).dump()
    attributes = _attributes(info, cert_der)
    raw = signer.sign(attributes.untag().dump(), statement=None)
    half = len(raw) // 2
    r, s = int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
    by = {"issuer": cert.issuer, "serial_number": cert.serial_number}
    signer_info = {
        "version": "v1",
        "sid": SignerIdentifier(name="issuer_and_serial_number", value=IssuerAndSerialNumber(by)),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": encode_dss_signature(r, s),
    }
    signed = SignedData(
        {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "tst_info", "content": ParsableOctetString(info)},
            "certificates": [CertificateChoices(name="certificate", value=cert)],
            "signer_infos": [signer_info],
        }
    )
    return bytes(ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def _attributes(info_der: bytes, cert_der: bytes) -> CMSAttributes:
    named = SigningCertificateV2({"certs": [{"cert_hash": sha256(cert_der).digest()}]})
    made = [
        CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
        CMSAttribute({"type": "message_digest", "values": [sha256(info_der).digest()]}),
        CMSAttribute({"type": "signing_certificate_v2", "values": [named]}),
    ]
    # DER: a SET OF stands in the order of its encodings (X.690 section 11.6).
    return CMSAttributes(sorted(made, key=lambda each: bytes(each.dump())))
