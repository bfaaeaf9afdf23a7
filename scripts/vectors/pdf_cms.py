"""CMS signatures of other forms than sealing makes.

All but the last few are by the seal's own key, as another program might make them: what takes every valid CMS takes
these. Sources: RFC 5652 section 5, RFC 5035, EN 319 142-1 section 6.3.
"""

from collections.abc import Callable
from hashlib import new, sha256
from typing import Any

from asn1crypto.cms import CMSAttributes, ContentInfo, SignedData, SignerInfo
from asn1crypto.core import OctetString, UTCTime
from asn1crypto.tsp import SigningCertificateV2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from scripts.vectors.pdf_sealing import MakeCms, genuine_cms
from scripts.vectors.seals import SEALED_AT, FixedSigner, seal
from signing.algorithms import P256_ORDER

Attributes = dict[str, Any]
ChangeCms = Callable[[SignedData, SignerInfo, Attributes], None]
_HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384()}  # noqa: S303


def changed_cms(change: ChangeCms, *, digest: str = "sha256") -> MakeCms:
    """Return what makes a CMS with the named digest throughout, changed before it is signed."""

    def make(covered: bytes) -> bytes:
        info = ContentInfo.load(genuine_cms(seal("seal"), covered))
        signed = info["content"]
        signer_info = signed["signer_infos"][0]
        attributes = {each["type"].native: each["values"] for each in signer_info["signed_attrs"]}
        attributes["message_digest"] = [OctetString(new(digest, covered, usedforsecurity=False).digest())]
        if digest != "sha256":
            signed["digest_algorithms"] = [{"algorithm": digest}]
            signer_info["digest_algorithm"] = {"algorithm": digest}
            signer_info["signature_algorithm"] = {"algorithm": f"{digest}_ecdsa"}
        change(signed, signer_info, attributes)
        carried = CMSAttributes([{"type": name, "values": values} for name, values in attributes.items()])
        del signer_info["signed_attrs"]
        if attributes:
            signer_info["signed_attrs"] = carried
        message = carried.dump() if attributes else covered
        algorithm = ec.ECDSA(_HASHES[digest], deterministic_signing=True)
        r, s = decode_dss_signature(seal("seal").private_key.sign(message, algorithm))
        signer_info["signature"] = encode_dss_signature(r, min(s, P256_ORDER - s))
        return bytes(info.dump(force=True))

    return make


def unchanged(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    """Leave all as it is."""


def signing_time_added(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    attributes["signing_time"] = [UTCTime(SEALED_AT)]


def attribute_added(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    attributes["1.2.156.3005.1"] = [OctetString(b"example")]


def attributes_removed(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    attributes.clear()


def signing_cert_removed(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    del attributes["signing_certificate_v2"]


def signing_cert_of_another(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    digest = sha256(seal("look_alike").cert_der).digest()
    attributes["signing_certificate_v2"] = [SigningCertificateV2({"certs": [{"cert_hash": digest}]})]


def signing_cert_without_its_issuer(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    digest = sha256(signed["certificates"][0].dump()).digest()
    attributes["signing_certificate_v2"] = [SigningCertificateV2({"certs": [{"cert_hash": digest}]})]


def digest_of_another(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    attributes["message_digest"] = [OctetString(sha256(b"other content").digest())]


def named_by_key(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    key_identifier = signed["certificates"][0].chosen.key_identifier
    signer_info["version"], signer_info["sid"] = "v3", {"subject_key_identifier": key_identifier}


def cert_removed(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    del signed["certificates"]


def cert_added(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    stranger = ContentInfo.load(genuine_cms(seal("look_alike"), b""))
    signed["certificates"].append(stranger["content"]["certificates"][0])


def signer_added(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    stranger = ContentInfo.load(genuine_cms(seal("look_alike"), b""))
    signed["signer_infos"].append(stranger["content"]["signer_infos"][0])


def content_added(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    signed["encap_content_info"]["content"] = b"other content"


def unsigned_attribute_added(signed: SignedData, signer_info: SignerInfo, attributes: Attributes) -> None:
    signer_info["unsigned_attrs"] = [{"type": "1.2.156.3005.1", "values": [OctetString(b"example")]}]


# --- without the key ---


def twin_of(cms_der: bytes) -> bytes:
    """Return the CMS with the other signature that holds, (r, n - s), which anybody can make."""
    info = ContentInfo.load(cms_der)
    signer_info = info["content"]["signer_infos"][0]
    r, s = decode_dss_signature(signer_info["signature"].native)
    signer_info["signature"] = encode_dss_signature(r, P256_ORDER - s)
    return bytes(info.dump(force=True))


def with_unsigned_attribute(cms_der: bytes) -> bytes:
    """Return the CMS with an attribute that no signature covers."""
    info = ContentInfo.load(cms_der)
    unsigned_attribute_added(info["content"], info["content"]["signer_infos"][0], {})
    return bytes(info.dump(force=True))


def renewed(cms_der: bytes) -> bytes:
    """Return the CMS with another cert of the same key."""
    info, other = ContentInfo.load(cms_der), ContentInfo.load(genuine_cms(seal("renewed"), b""))
    info["content"]["certificates"] = other["content"]["certificates"]
    info["content"]["signer_infos"][0]["sid"] = other["content"]["signer_infos"][0]["sid"]
    return bytes(info.dump(force=True))


def without_lengths(cms_der: bytes) -> bytes:
    """Return the CMS in BER, its outermost element of a length that is not told."""
    return b"\x30\x80" + cms_der[4:] + b"\0\0"


def by_another_key(covered: bytes) -> bytes:
    """Return a CMS with the seal's cert and a stranger's signature."""
    return genuine_cms(FixedSigner(seal("look_alike").private_key, seal("seal").cert_der), covered)


def with_cert_of_another(covered: bytes) -> bytes:
    """Return a stranger's CMS in which the seal's cert stands, and the stranger is named as before."""
    info = ContentInfo.load(genuine_cms(seal("look_alike"), covered))
    info["content"]["certificates"] = ContentInfo.load(genuine_cms(seal("seal"), covered))["content"]["certificates"]
    return bytes(info.dump(force=True))
