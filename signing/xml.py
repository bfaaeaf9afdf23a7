"""Sealing an XML element, XAdES baseline B-B, and reading back exactly the form that is written here.

A sealed file is one sequence of bytes: a fixed frame in which each signed part stands in its canonical octets. So a
stranger's file needs no XML parser. `extract_xml` cuts the parts out where the frame says they are and refuses every
byte that differs from the frame: a document type, an entity, a comment, another encoding, reference, transform or
algorithm, a second signature, a wrapping. `verify_xml` makes SignedInfo anew from the parts and compares; nothing that
a stranger wrote is interpreted. Whatever else may hide inside the element (an Id used twice) is not what was sealed.

Not checked here: what the element says (its schema is the caller's), whose cert it is (`find_key` asks the trust list),
and when it was sealed, which is claimed and no more.
Sources: XML Signature 1.1 (sections 4 and 6), Exclusive XML Canonicalization 1.0, RFC 9231 section 2.3.6 (ECDSA as
r‖s), ETSI EN 319 132-1 sections 5.2 (SigningTime, SigningCertificateV2, DataObjectFormat) and 6.3 (level B-B).
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from lxml import etree

from signing.algorithms import verify_signature
from signing.errors import AlgorithmRefusedError, CertRefusedError, XmlRefusedError
from signing.jws import FindCertKey
from signing.signers import Signer

# What the sealed element is called by its reference: the value of its attribute Id.
ELEMENT_ID = "certificate"
LARGEST_XML_BYTES = 2_000_000

# The frames, `%b` for each part. The signed parts are in exclusive canonical form: namespaces are declared where they
# are first used, attributes in order, no empty-element tags.
_FILE = b"""<?xml version="1.0" encoding="UTF-8"?>
<sealed xmlns="urn:yizhao:sealed:1">
%b
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="seal">
%b
<ds:SignatureValue>%b</ds:SignatureValue>
<ds:KeyInfo><ds:X509Data><ds:X509Certificate>%b</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
<ds:Object><xades:QualifyingProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Target="#seal">
%b
</xades:QualifyingProperties></ds:Object>
</ds:Signature>
</sealed>
"""
_SIGNED_INFO = b"""<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod>
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod>
<ds:Reference Id="element" URI="#certificate">
<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>
<ds:DigestValue>%b</ds:DigestValue>
</ds:Reference>
<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#properties">
<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>
<ds:DigestValue>%b</ds:DigestValue>
</ds:Reference>
</ds:SignedInfo>"""
_SIGNED_PROPERTIES = b"""<xades:SignedProperties xmlns:xades="http://uri.etsi.org/01903/v1.3.2#" Id="properties">
<xades:SignedSignatureProperties>
<xades:SigningTime>%b</xades:SigningTime>
<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>
<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" \
Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>
<ds:DigestValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#">%b</ds:DigestValue>
</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>
</xades:SignedSignatureProperties>
<xades:SignedDataObjectProperties>
<xades:DataObjectFormat ObjectReference="#element"><xades:MimeType>text/xml</xades:MimeType></xades:DataObjectFormat>
</xades:SignedDataObjectProperties>
</xades:SignedProperties>"""
_SIGNATURE_BYTES = 64
_TIME = "%Y-%m-%dT%H:%M:%SZ"

_NAMESPACE = b"urn:yizhao:sealed:1"
_DIGEST_FORM = rb"[A-Za-z0-9+/]{43}="
_SIGNATURE_FORM = rb"[A-Za-z0-9+/]{86}=="
_CERT_FORM = rb"(?:[A-Za-z0-9+/]{4}){1,2000}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_INFO_FORM = re.escape(_SIGNED_INFO) % (_DIGEST_FORM, _DIGEST_FORM)
_PROPERTIES_FORM = re.escape(_SIGNED_PROPERTIES) % (rb"[0-9TZ:-]{20}", _DIGEST_FORM)
_IN_FILE = re.compile(
    re.escape(_FILE)
    % (b"(.+)", *(b"(%b)" % form for form in (_INFO_FORM, _SIGNATURE_FORM, _CERT_FORM, _PROPERTIES_FORM))),
    re.DOTALL,
)
_IN_PROPERTIES = re.compile(re.escape(_SIGNED_PROPERTIES) % (rb"([0-9TZ:-]{20})", b"(%b)" % _DIGEST_FORM))


@dataclass(frozen=True, slots=True)
class XmlParts:
    """What a sealed file consists of; the signed parts as the octets that are digested or signed. Nobody vouches yet.

    `signature` is r‖s, 64 bytes; `cert_der` is the cert the file names as its signer's.
    """

    element: bytes
    signed_info: bytes
    signed_properties: bytes
    signature: bytes
    cert_der: bytes


@dataclass(frozen=True, slots=True)
class VerifiedXml:
    """The one sealed element, in canonical octets, by whose cert, and when by its signer's claim."""

    element: bytes
    cert_der: bytes
    sealed_at: datetime


# --- sealing ---


def seal_xml(element: etree._Element, *, signer: Signer, statement: bytes | None, sealed_at: datetime) -> bytes:
    """Return the sealed file over `element`, in UTF-8. All but the signature's value follows from the input alone.

    The element bears `Id="certificate"` and no other Id is below it; it has neither comments nor processing
    instructions. `sealed_at` (aware) is claimed to the second; the signer is shown the `statement`.
    Raises CertRefusedError when the signer has no cert, AlgorithmRefusedError for a key other than ES256, and
    XmlRefusedError form or too_long.
    """
    cert_der = signer.cert_der
    if cert_der is None:
        raise CertRefusedError("missing", "a signature in a document needs its signer's cert")
    if signer.algorithm != "ES256":
        raise AlgorithmRefusedError("documents are signed by ES256 only")
    if element.get("Id") != ELEMENT_ID:
        raise XmlRefusedError("form", "the element to be sealed has another Id")
    octets: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    properties = _SIGNED_PROPERTIES % (sealed_at.astimezone(UTC).strftime(_TIME).encode(), _digest(cert_der))
    info = _signed_info(octets, properties)
    unsigned = XmlParts(octets, info, properties, bytes(_SIGNATURE_BYTES), cert_der)
    # Before the key is used: no seal is over what nobody could read.
    if len(written_xml(unsigned)) > LARGEST_XML_BYTES:
        raise XmlRefusedError("too_long", "the sealed file would be too long")
    return written_xml(replace(unsigned, signature=signer.sign(info, statement=statement)))


def written_xml(parts: XmlParts) -> bytes:
    """Return the one file that has these parts."""
    signature, cert = b64encode(parts.signature), b64encode(parts.cert_der)
    return _FILE % (parts.element, parts.signed_info, signature, cert, parts.signed_properties)


def _signed_info(element: bytes, properties: bytes) -> bytes:
    return _SIGNED_INFO % (_digest(element), _digest(properties))


def _digest(octets: bytes) -> bytes:
    return b64encode(sha256(octets).digest())


# --- reading ---


def extract_xml(raw: bytes) -> XmlParts:
    """Return the parts of a file that anybody may have written; XmlRefusedError too_long, foreign or form.

    foreign: it does not even name our namespace; form: it is not byte for byte of the form that `seal_xml` writes.
    """
    if len(raw) > LARGEST_XML_BYTES:
        raise XmlRefusedError("too_long", "the file is too long")
    if _NAMESPACE not in raw:
        raise XmlRefusedError("foreign", "not a sealed XML of this form")
    found = _IN_FILE.fullmatch(raw)
    if found is None:
        raise XmlRefusedError("form", "the sealed XML is not of the form it is written in")
    element, info, signature, cert, properties = found.groups()
    parts = XmlParts(element, info, properties, b64decode(signature), b64decode(cert))
    # Base64 has several texts for one value, of which one is written.
    if written_xml(parts) != raw:
        raise XmlRefusedError("form", "the sealed XML is not of the form it is written in")
    return parts


def verify_xml(parts: XmlParts, *, find_key: FindCertKey) -> VerifiedXml:
    """Return what is sealed, when the key that `find_key` names for the file's cert signed exactly these parts.

    Raises what `find_key` raises, AlgorithmRefusedError when that key is no ES256 key, SignatureInvalidError, and
    XmlRefusedError digest (element or properties are not those signed), form or cert (another cert than was signed).
    """
    key = find_key(parts.cert_der)
    if key.algorithm != "ES256":
        raise AlgorithmRefusedError("documents are signed by ES256 only")
    verify_signature(key.algorithm, key.public_key, parts.signature, parts.signed_info)
    if parts.signed_info != _signed_info(parts.element, parts.signed_properties):
        raise XmlRefusedError("digest", "the element or its properties are not those that were signed")
    sealed_at, cert_digest = _read_properties(parts.signed_properties)
    if cert_digest != _digest(parts.cert_der):
        raise XmlRefusedError("cert", "the signature was made under another cert")
    return VerifiedXml(parts.element, parts.cert_der, sealed_at)


def _read_properties(properties: bytes) -> tuple[datetime, bytes]:
    found = _IN_PROPERTIES.fullmatch(properties)
    try:
        if found is not None:
            return datetime.strptime(found[1].decode(), _TIME).replace(tzinfo=UTC), found[2]
    except ValueError:
        pass
    raise XmlRefusedError("form", "the signed properties are not of the form they are written in")
