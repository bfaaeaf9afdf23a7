"""Faults of what signs an XML: its references and algorithms, its value, its key.

"misused": the seal's own key signs a form that `signing.xml` does not write, so that the signature holds.
"""

import hmac
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha1, sha256

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from scripts.vectors.sealed_xml import changed, genuine, genuine_parts, misused, permit, sealed, with_signature
from scripts.vectors.seals import seal
from scripts.vectors.vector import Vector
from signing.algorithms import spki

_SIGNATURE = b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="seal">'
_SEALED_ENDING = b"</sealed>\n"
_CERT, _CERT_ENDING = b"<ds:X509Certificate>", b"</ds:X509Certificate>"
_C14N = b"http://www.w3.org/2001/10/xml-exc-c14n#"
_TRANSFORM = b'<ds:Transforms><ds:Transform Algorithm="%b"></ds:Transform></ds:Transforms>' % _C14N


def references() -> Iterator[Vector]:
    """SignedInfo of another form, each with a signature that holds."""
    info = genuine_parts().signed_info
    element, properties = info.split(b"<ds:Reference ")[1:]
    ending = b"</ds:SignedInfo>"
    extra = changed(element, b'Id="element" ', b"")
    yield Vector("extra_reference", misused((ending, b"<ds:Reference " + extra + ending)), "form")
    yield Vector("reference_twice", misused((ending, b"<ds:Reference " + properties)), "form")
    yield Vector("reference_to_the_whole", misused((b'URI="#certificate"', b'URI=""')), "form")
    yield Vector("reference_by_xpointer", misused((b"#certificate", b"#xpointer(id('certificate'))")), "form")
    yield Vector("reference_outside", misused((b"#certificate", b"http://127.0.0.1:9/")), "form")
    yield Vector("references_swapped", misused((element, properties[:-16]), (properties, element + ending)), "form")
    alone = (b"<ds:Reference " + properties, ending)
    yield Vector("properties_not_referenced", misused(alone), "form")
    no_transform = (b"<ds:Reference " + element, b"<ds:Reference " + element.replace(_TRANSFORM + b"\n", b""))
    yield Vector("no_transform", misused(no_transform), "form")
    transforms = {
        "xpath": b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
        b"<ds:XPath>not(ancestor-or-self::CZZT)</ds:XPath></ds:Transform>",
        "xpath_filter": b'<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2">'
        b'<XPath xmlns="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//CZZT</XPath></ds:Transform>',
        "xslt": b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet version="1.0" '
        b'xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
        b"<xsl:value-of select=\"document('file:///etc/hostname')\"></xsl:value-of></xsl:template></xsl:stylesheet>"
        b"</ds:Transform>",
        "base64": b'<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"></ds:Transform>',
        "enveloped": b'<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>',
        "c14n": b'<ds:Transform Algorithm="%b"></ds:Transform>' % _C14N,
    }
    for name, transform in transforms.items():
        yield Vector(f"transform_{name}", misused(_of_element(info, transform)), "form")
    method = b'<ds:CanonicalizationMethod Algorithm="%b">'
    commented = (method % _C14N, method % (_C14N + b"WithComments"))
    yield Vector("c14n_with_comments", misused(commented), "form")
    inclusive = changed(info, method % _C14N, method % b"http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
    # What this method makes of it where it stands: the namespaces of its surroundings too.
    octets = changed(inclusive, b"<ds:SignedInfo ", b'<ds:SignedInfo xmlns="urn:yizhao:sealed:1" ')
    signed = with_signature(seal("seal").sign(octets, statement=None), changed(genuine(), info, inclusive))
    yield Vector("c14n_inclusive", signed, "form")


def signatures() -> Iterator[Vector]:
    """No signature, an empty one, one of another algorithm or form, or another signature beside it."""
    raw, parts, info = genuine(), genuine_parts(), genuine_parts().signed_info
    value = b"<ds:SignatureValue>%b</ds:SignatureValue>"
    written = value % b64encode(parts.signature)
    whole = raw[raw.index(_SIGNATURE) : raw.index(_SEALED_ENDING)]
    yield Vector("no_signature", changed(raw, whole, b""), "form")
    yield Vector("no_signature_value", changed(raw, written + b"\n", b""), "form")
    yield Vector("empty_signature", changed(raw, written, value % b""), "form")
    yield Vector("zero_signature", with_signature(bytes(64)), "signature")
    yield Vector(
        "changed_signature", with_signature(parts.signature[:-1] + bytes([parts.signature[-1] ^ 1])), "signature"
    )
    yield Vector("swapped_halves", with_signature(parts.signature[32:] + parts.signature[:32]), "signature")
    yield Vector("der_signature", with_signature(_der(parts.signature)), "form")
    yield Vector("long_signature", with_signature(bytes(1) + parts.signature), "form")
    text = b64encode(parts.signature)
    yield Vector("signature_in_another_text", changed(raw, text, text[:-3] + _next_letter(text[-3]) + b"=="), "form")
    yield Vector("signature_in_lines", changed(raw, text, text[:64] + b"\n" + text[64:]), "form")
    yield Vector("second_signature", changed(raw, _SEALED_ENDING, whole + _SEALED_ENDING), "digest")
    yield Vector("second_signature_before", changed(raw, _SIGNATURE, whole + _SIGNATURE), "digest")
    method = b"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    keyed = changed(info, method, b"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    mac = hmac.digest(spki(seal("seal").private_key.public_key()), keyed, "sha256")
    yield Vector("hmac_by_the_public_key", with_signature(mac, changed(raw, info, keyed)), "form")
    for name, other in {
        "method_ecdsa_sha1": b"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "method_rsa_sha256": b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "method_nobody_knows": b"urn:yizhao:none",
    }.items():
        yield Vector(name, misused((method, other)), "form")
    weak = b'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>\n<ds:DigestValue>%b<'
    sha1_of = b'Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"></ds:DigestMethod>\n<ds:DigestValue>%b<'
    digest = b64encode(sha256(parts.element).digest())
    # A digest by SHA-1, for those to whom collisions are for sale.
    weakened = (weak % digest, sha1_of % b64encode(sha1(parts.element, usedforsecurity=False).digest()))
    yield Vector("digest_sha1", misused(weakened), "form")
    yield Vector("digest_in_another_text", misused((digest, digest[:-2] + _next_letter(digest[-2]) + b"=")), "digest")
    yield Vector("digest_of_another", misused((digest, b64encode(bytes(32)))), "digest")


def _der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def _next_letter(letter: int) -> bytes:
    """Return the letter of base64 that differs from a last one in its unused bits alone."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return bytes([alphabet[alphabet.index(letter) + 1]])


def _of_element(signed_info: bytes, addition: bytes) -> tuple[bytes, bytes]:
    """Return the change that puts `addition` behind the transform of the first reference."""
    first = signed_info.partition(b"</ds:Reference>")[0]
    return first, first.replace(b"</ds:Transforms>", addition + b"</ds:Transforms>")


def certs() -> Iterator[Vector]:
    """Other certs, and other things that name a key."""
    raw, text = genuine(), b64encode(genuine_parts().cert_der)
    stranger = seal("look_alike")
    yield Vector("look_alike_seal", sealed(permit(), stranger), "unlisted")
    yield Vector("look_alike_cert", with_cert(stranger.cert_der), "unlisted")
    yield Vector(
        "look_alike_key", with_signature(stranger.sign(genuine_parts().signed_info, statement=None)), "signature"
    )
    yield Vector("cert_of_another_key", with_cert(seal("later").cert_der), "signature")
    yield Vector("cert_of_the_same_key", with_cert(seal("renewed").cert_der), "cert")
    yield Vector("cert_cut_short", with_cert(genuine_parts().cert_der[:-3]), "unlisted")
    yield Vector("cert_and_more", with_cert(genuine_parts().cert_der + bytes(3)), "unlisted")
    whole = _CERT + text + _CERT_ENDING
    second = _CERT + b64encode(stranger.cert_der) + _CERT_ENDING
    yield Vector("two_certs", changed(raw, whole, whole + second), "form")
    yield Vector("stranger_cert_first", changed(raw, whole, second + whole), "form")
    yield Vector("no_cert", changed(raw, text, b""), "form")
    info = b"<ds:X509Data>" + whole + b"</ds:X509Data>"
    for name, other in {
        "key_value": b"<ds:KeyValue></ds:KeyValue>",
        "key_name": b"<ds:KeyName>seal</ds:KeyName>",
        "key_elsewhere": b'<ds:RetrievalMethod URI="http://127.0.0.1:9/"></ds:RetrievalMethod>',
    }.items():
        yield Vector(name, changed(raw, info, other), "form")
        yield Vector(f"{name}_too", changed(raw, info, other + info), "form")
    no_key_info = raw[: raw.index(b"<ds:KeyInfo>")] + raw[raw.index(b"<ds:Object>") :]
    yield Vector("no_key_info", no_key_info, "form")


def with_cert(cert_der: bytes) -> bytes:
    return changed(genuine(), b64encode(genuine_parts().cert_der), b64encode(cert_der))
