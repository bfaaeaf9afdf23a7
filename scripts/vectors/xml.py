"""The XML vectors: a genuine sealed certificate, and every way in which one may be passed off that is not.

Three kinds of attacker: one who has no key and rearranges genuine files; one with a key and cert of his own, under the
names of others; and a listed seal whose key signs another form than `signing.xml` writes ("misused"): software that
takes every valid XML signature would believe those.
Sources: "On Breaking SAML" (USENIX Security 2012) for the wrappings; XML Signature Best Practices (W3C, 2013).
"""

import hmac
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from hashlib import sha1, sha256

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from hub.document_metadata import write_document
from schemas.document import CopyMark, DocumentMetadata, LabelledValue, MasterMark
from scripts.vectors.seals import BODY, BODY_NAME, SEALED_AT, FixedSigner, seal
from scripts.vectors.vector import Vector
from signing.algorithms import spki
from signing.xml import LARGEST_XML_BYTES, XmlParts, extract_xml, seal_xml

FILE_NAME = "certificate.xml"

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ENDING, _SEALED_ENDING = b"</certificate>", b"</sealed>\n"
_SIGNATURE = b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="seal">'
_SIGNATURE_ENDING = b"</ds:Signature>"
_OBJECT = b"<ds:Object>"
_CERT, _CERT_ENDING = b"<ds:X509Certificate>", b"</ds:X509Certificate>"
_DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_C14N = b"http://www.w3.org/2001/10/xml-exc-c14n#"
_TRANSFORM = b'<ds:Transforms><ds:Transform Algorithm="%b"></ds:Transform></ds:Transforms>' % _C14N
_HOLDER = "中山示例餐饮有限公司".encode()
_FORGED_HOLDER = "中山冒用餐饮有限公司".encode()


def vectors() -> Iterator[Vector]:
    """Return all vectors that lie in the tree, the genuine ones first."""
    yield Vector("genuine", genuine())
    yield Vector("genuine_other", _other())
    yield Vector("genuine_copy", _copy())
    yield Vector("twin_signature", _with_signature(_twin(_parts().signature)))
    for group in (_wrappings, _documents, _texts, _references, _signatures, _certs, _swaps, _frames):
        yield from group()


def large_vectors() -> Iterator[Vector]:
    """Return those that are too large to lie in the tree."""
    deep = b"<KZ>" * 100_000 + b"</KZ>" * 100_000
    yield Vector("nested_deep", _changed(genuine(), _ENDING, deep + _ENDING), "digest")
    entity = b'<!DOCTYPE sealed [<!ENTITY a "%b">]>' % (b"a" * 200_000)
    yield Vector("quadratic_blow_up", _with_value(b"&a;" * 50_000, entity), "form")
    yield Vector("too_long", genuine() + b" " * LARGEST_XML_BYTES, "too_long")


# --- the genuine ones ---


@cache
def genuine() -> bytes:
    """Return a food permit's XML, as the hub seals it."""
    return _sealed(_permit(), seal("seal"))


@cache
def _other() -> bytes:
    """Return another permit of the same body, sealed a minute later."""
    permit = replace(
        _permit(),
        certificate_number="JY24420000000027",
        identifier="1.2.156.3005.2.11100000MB0341032Y903.11442000000000027P.0000000002.001.8",
        holder_name="中山另一示例餐饮有限公司",
        payload_sha256="1" * 64,
        sealed_at=SEALED_AT + timedelta(minutes=1),
    )
    return _sealed(permit, seal("seal"))


def _copy() -> bytes:
    mark = CopyMark(
        made_at=SEALED_AT,
        maker="11442000000000019W",
        cause="公共场所卫生许可（示例法第1条）",
        ends_at=SEALED_AT + timedelta(days=30),
        delivery="AAAAAAAAAAAAAAAAAAAAAA",
        requester_name="示例卫生健康局",
        requester="11442000000000035J",
        item_code="440112001",
        case_number="2026-0001",
    )
    return _sealed(replace(_permit(), mark=mark), seal("later"))


def _permit() -> DocumentMetadata:
    return DocumentMetadata(
        name_zh="食品经营许可证",
        name_en="Food operation permit",
        type_code="11100000MB0341032Y903",
        certificate_type="food_operation_permit",
        type_version=1,
        certificate_number="JY24420000000019",
        identifier="1.2.156.3005.2.11100000MB0341032Y903.11442000000000027P.0000000001.001.A",
        reference="3TB95JND2B4VKT14K6VHNKG8JJ",
        issuing_body_name=BODY_NAME,
        issuing_body=BODY,
        issued_on=date(2026, 11, 20),
        holder_name="中山示例餐饮有限公司",
        licence_number="91442000MA0000015B",
        valid_from=date(2026, 11, 20),
        valid_to=date(2031, 11, 19),
        decision_document="准予行政许可决定书",
        decision_number="示许〔2026〕1号",
        decided_on=date(2026, 11, 20),
        payload_sha256="0" * 64,
        recorded_at=SEALED_AT,
        sealed_at=SEALED_AT,
        origin="https://hub.example",
        mode="test",
        language="zh",
        mark=MasterMark(edition="original", sealer_name=BODY_NAME),
        fields=(LabelledValue("business_items", "经营项目", "Permitted items", "热食类食品制售\n冷食类食品制售"),),
    )


def _sealed(metadata: DocumentMetadata, signer: FixedSigner) -> bytes:
    return seal_xml(write_document(metadata), signer=signer, statement=None, sealed_at=metadata.sealed_at)


@cache
def _parts() -> XmlParts:
    return extract_xml(genuine())


# --- tools ---


def _changed(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Put `new` for the one `old`; a vector that would not be changed is no vector."""
    if raw.count(old) != 1:
        raise ValueError(f"found {raw.count(old)} times: {old[:40]!r}")
    return raw.replace(old, new)


def _forged() -> bytes:
    return _changed(_parts().element, _HOLDER, _FORGED_HOLDER)


def _with_signature(signature: bytes, raw: bytes | None = None) -> bytes:
    return _changed(raw or genuine(), b64encode(_parts().signature), b64encode(signature))


def _twin(signature: bytes) -> bytes:
    """Return the other signature that holds over the same (s and n-s): the file is genuine, and not the issued one."""
    s = _ORDER - int.from_bytes(signature[32:], "big")
    return signature[:32] + s.to_bytes(32, "big")


def _misused(*changes: tuple[bytes, bytes]) -> bytes:
    """Return the file with a changed SignedInfo, signed by the seal's own key."""
    info = _parts().signed_info
    for old, new in changes:
        info = _changed(info, old, new)
    raw = _changed(genuine(), _parts().signed_info, info)
    return _with_signature(seal("seal").sign(info, statement=None), raw)


def _of_element(signed_info: bytes, addition: bytes) -> tuple[bytes, bytes]:
    """Return the change that puts `addition` behind the transform of the first reference."""
    first = signed_info.partition(b"</ds:Reference>")[0]
    return first, first.replace(b"</ds:Transforms>", addition + b"</ds:Transforms>")


def _with_value(value: bytes, document_type: bytes) -> bytes:
    """Return the file with another value for the holder's name, and a document type before the root."""
    return _changed(genuine(), _HOLDER, value).replace(_DECLARED, _DECLARED + document_type + b"\n")


def _with_cert(cert_der: bytes) -> bytes:
    return _changed(genuine(), b64encode(_parts().cert_der), b64encode(cert_der))


# --- the faults ---


def _wrappings() -> Iterator[Vector]:
    """The genuine element is still there and still verifies; a forged one stands where a reader looks."""
    raw, element, forged = genuine(), _parts().element, _forged()
    nameless = forged.replace(b' Id="certificate"', b"")
    wrapped = b"<ds:Object>%b</ds:Object>\n" % element
    moved = _changed(_changed(raw, element, nameless), _SIGNATURE_ENDING, wrapped + _SIGNATURE_ENDING)
    yield Vector("wrapped_in_an_object", moved, "form")
    yield Vector("wrapped_behind_a_forged_one", _changed(raw, element, nameless + element), "digest")
    yield Vector("wrapped_before_a_forged_one", _changed(raw, _SEALED_ENDING, nameless + _SEALED_ENDING), "form")
    yield Vector("wrapped_inside_a_forged_one", _changed(raw, element, nameless[:-14] + element + _ENDING), "digest")
    inner = raw.removeprefix(_DECLARED)
    outer = _DECLARED + b'<sealed xmlns="urn:yizhao:sealed:1">' + nameless + inner + _SEALED_ENDING
    yield Vector("wrapped_whole_behind_a_forged_one", outer, "form")
    yield Vector("wrapped_whole_in_a_forged_one", _changed(raw, element, nameless[:-14] + inner + _ENDING), "digest")
    yield Vector("duplicate_ids", _changed(raw, element, forged + element), "digest")
    yield Vector("forged_with_a_genuine_signature", _changed(raw, element, forged), "digest")


def _documents() -> Iterator[Vector]:
    """A document type, and what it can do: read files, call out, fill the memory."""
    entity = b"<!DOCTYPE sealed [<!ENTITY a %b>]>"
    yield Vector("document_type", _changed(genuine(), _DECLARED, _DECLARED + b"<!DOCTYPE sealed>\n"), "form")
    yield Vector("entity", _with_value(b"&a;", entity % (b'"%b"' % _HOLDER)), "form")
    yield Vector("entity_of_a_file", _with_value(b"&a;", entity % b'SYSTEM "file:///etc/hostname"'), "form")
    yield Vector("entity_of_an_address", _with_value(b"&a;", entity % b'SYSTEM "http://127.0.0.1:9/"'), "form")
    outside = b'<!DOCTYPE sealed SYSTEM "http://127.0.0.1:9/a.dtd">'
    yield Vector("document_type_of_an_address", _with_value(_HOLDER, outside), "form")
    parameter = b'<!DOCTYPE sealed [<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;]>'
    yield Vector("parameter_entity", _with_value(_HOLDER, parameter), "form")
    laughs = b"".join(b'<!ENTITY a%d "%b">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 10))
    laughing = b'<!DOCTYPE sealed [<!ENTITY a0 "ha">%b]>' % laughs
    yield Vector("billion_laughs", _with_value(b"&a9;", laughing), "form")
    default = b'<!DOCTYPE sealed [<!ATTLIST KZ name CDATA "KZ_forged">]>'
    yield Vector("default_attribute", _with_value(_HOLDER, default), "form")


def _texts() -> Iterator[Vector]:
    """What canonicalisation forgives inside the element, and what it does not."""
    raw, half = genuine(), len(_HOLDER) // 2
    start, rest = _HOLDER[:half], _HOLDER[half:]
    values = {
        "comment_in_a_value": start + b"<!-- -->" + rest,
        "instruction_in_a_value": start + b"<?php?>" + rest,
        "cdata_value": b"<![CDATA[" + _HOLDER + b"]]>",
        "character_references": "".join(f"&#{ord(character)};" for character in _HOLDER.decode()).encode(),
        "space_in_a_value": start + b" " + rest,
        "returns_in_a_value": _HOLDER + b"\r",
        "changed_value": _FORGED_HOLDER,
        "not_utf8_value": "中山示例餐饮有限公司".encode("gb18030"),
        "zero_byte_in_a_value": start + b"\0" + rest,
    }
    for name, value in values.items():
        yield Vector(name, _changed(raw, _HOLDER, value), "digest")
    tags = {
        "unused_namespace": (b'Id="certificate">', b'Id="certificate" xmlns:kz="urn:yizhao:kz">'),
        "another_namespace": (b'"urn:yizhao:certificate:1"', b'"urn:yizhao:certificate:2"'),
        "prefixed_element": (b"<CZZT>", b'<c:CZZT xmlns:c="urn:yizhao:certificate:1">'),
        "other_quotes": (b'Id="certificate"', b"Id='certificate'"),
        "another_id": (b' Id="certificate"', b' ID="certificate"'),
        "no_id": (b' Id="certificate"', b""),
        "space_in_a_tag": (b"<CZZT>", b"<CZZT >"),
        "missing_value": (b"  <CZZT>" + _HOLDER + b"</CZZT>\n", b""),
    }
    for name, (old, new) in tags.items():
        yield Vector(name, _changed(raw, old, new).replace(b"</CZZT>", _end_of(new)), "digest")


def _end_of(tag: bytes) -> bytes:
    return b"</c:CZZT>" if tag.startswith(b"<c:") else b"</CZZT>"


def _references() -> Iterator[Vector]:
    """SignedInfo of another form, each with a signature that holds."""
    info = _parts().signed_info
    element, properties = info.split(b"<ds:Reference ")[1:]
    ending = b"</ds:SignedInfo>"
    extra = _changed(element, b'Id="element" ', b"")
    yield Vector("extra_reference", _misused((ending, b"<ds:Reference " + extra + ending)), "form")
    yield Vector("reference_twice", _misused((ending, b"<ds:Reference " + properties)), "form")
    yield Vector("reference_to_the_whole", _misused((b'URI="#certificate"', b'URI=""')), "form")
    yield Vector("reference_by_xpointer", _misused((b"#certificate", b"#xpointer(id('certificate'))")), "form")
    yield Vector("reference_outside", _misused((b"#certificate", b"http://127.0.0.1:9/")), "form")
    yield Vector("references_swapped", _misused((element, properties[:-16]), (properties, element + ending)), "form")
    alone = (b"<ds:Reference " + properties, ending)
    yield Vector("properties_not_referenced", _misused(alone), "form")
    no_transform = (b"<ds:Reference " + element, b"<ds:Reference " + element.replace(_TRANSFORM + b"\n", b""))
    yield Vector("no_transform", _misused(no_transform), "form")
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
        yield Vector(f"transform_{name}", _misused(_of_element(info, transform)), "form")
    method = b'<ds:CanonicalizationMethod Algorithm="%b">'
    commented = (method % _C14N, method % (_C14N + b"WithComments"))
    yield Vector("c14n_with_comments", _misused(commented), "form")
    inclusive = _changed(info, method % _C14N, method % b"http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
    # What this method makes of it where it stands: the namespaces of its surroundings too.
    octets = _changed(inclusive, b"<ds:SignedInfo ", b'<ds:SignedInfo xmlns="urn:yizhao:sealed:1" ')
    signed = _with_signature(seal("seal").sign(octets, statement=None), _changed(genuine(), info, inclusive))
    yield Vector("c14n_inclusive", signed, "form")


def _signatures() -> Iterator[Vector]:
    """No signature, an empty one, one of another algorithm or form, or another signature beside it."""
    raw, parts, info = genuine(), _parts(), _parts().signed_info
    value = b"<ds:SignatureValue>%b</ds:SignatureValue>"
    written = value % b64encode(parts.signature)
    whole = raw[raw.index(_SIGNATURE) : raw.index(_SEALED_ENDING)]
    yield Vector("no_signature", _changed(raw, whole, b""), "form")
    yield Vector("no_signature_value", _changed(raw, written + b"\n", b""), "form")
    yield Vector("empty_signature", _changed(raw, written, value % b""), "form")
    yield Vector("zero_signature", _with_signature(bytes(64)), "signature")
    yield Vector(
        "changed_signature", _with_signature(parts.signature[:-1] + bytes([parts.signature[-1] ^ 1])), "signature"
    )
    yield Vector("swapped_halves", _with_signature(parts.signature[32:] + parts.signature[:32]), "signature")
    yield Vector("der_signature", _with_signature(_der(parts.signature)), "form")
    yield Vector("long_signature", _with_signature(bytes(1) + parts.signature), "form")
    text = b64encode(parts.signature)
    yield Vector("signature_in_another_text", _changed(raw, text, text[:-3] + _next_letter(text[-3]) + b"=="), "form")
    yield Vector("signature_in_lines", _changed(raw, text, text[:64] + b"\n" + text[64:]), "form")
    yield Vector("second_signature", _changed(raw, _SEALED_ENDING, whole + _SEALED_ENDING), "digest")
    yield Vector("second_signature_before", _changed(raw, _SIGNATURE, whole + _SIGNATURE), "digest")
    method = b"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    keyed = _changed(info, method, b"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    mac = hmac.digest(spki(seal("seal").private_key.public_key()), keyed, "sha256")
    yield Vector("hmac_by_the_public_key", _with_signature(mac, _changed(raw, info, keyed)), "form")
    for name, other in {
        "method_ecdsa_sha1": b"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "method_rsa_sha256": b"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "method_nobody_knows": b"urn:yizhao:none",
    }.items():
        yield Vector(name, _misused((method, other)), "form")
    weak = b'Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>\n<ds:DigestValue>%b<'
    sha1_of = b'Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"></ds:DigestMethod>\n<ds:DigestValue>%b<'
    digest = b64encode(sha256(parts.element).digest())
    # A digest by SHA-1, for those to whom collisions are for sale.
    changed = (weak % digest, sha1_of % b64encode(sha1(parts.element, usedforsecurity=False).digest()))
    yield Vector("digest_sha1", _misused(changed), "form")
    yield Vector("digest_in_another_text", _misused((digest, digest[:-2] + _next_letter(digest[-2]) + b"=")), "digest")
    yield Vector("digest_of_another", _misused((digest, b64encode(bytes(32)))), "digest")


def _der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def _next_letter(letter: int) -> bytes:
    """Return the letter of base64 that differs from a last one in its unused bits alone."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return bytes([alphabet[alphabet.index(letter) + 1]])


def _certs() -> Iterator[Vector]:
    """Other certs, and other things that name a key."""
    raw, text = genuine(), b64encode(_parts().cert_der)
    stranger = seal("look_alike")
    yield Vector("look_alike_seal", _sealed(_permit(), stranger), "unlisted")
    yield Vector("look_alike_cert", _with_cert(stranger.cert_der), "unlisted")
    yield Vector("look_alike_key", _with_signature(stranger.sign(_parts().signed_info, statement=None)), "signature")
    yield Vector("cert_of_another_key", _with_cert(seal("later").cert_der), "signature")
    yield Vector("cert_of_the_same_key", _with_cert(seal("renewed").cert_der), "cert")
    yield Vector("cert_cut_short", _with_cert(_parts().cert_der[:-3]), "unlisted")
    yield Vector("cert_and_more", _with_cert(_parts().cert_der + bytes(3)), "unlisted")
    whole = _CERT + text + _CERT_ENDING
    second = _CERT + b64encode(stranger.cert_der) + _CERT_ENDING
    yield Vector("two_certs", _changed(raw, whole, whole + second), "form")
    yield Vector("stranger_cert_first", _changed(raw, whole, second + whole), "form")
    yield Vector("no_cert", _changed(raw, text, b""), "form")
    info = b"<ds:X509Data>" + whole + b"</ds:X509Data>"
    for name, other in {
        "key_value": b"<ds:KeyValue></ds:KeyValue>",
        "key_name": b"<ds:KeyName>seal</ds:KeyName>",
        "key_elsewhere": b'<ds:RetrievalMethod URI="http://127.0.0.1:9/"></ds:RetrievalMethod>',
    }.items():
        yield Vector(name, _changed(raw, info, other), "form")
        yield Vector(f"{name}_too", _changed(raw, info, other + info), "form")
    no_key_info = raw[: raw.index(b"<ds:KeyInfo>")] + raw[raw.index(_OBJECT) :]
    yield Vector("no_key_info", no_key_info, "form")


def _swaps() -> Iterator[Vector]:
    """Parts of two genuine files put together."""
    one, other = _parts(), extract_xml(_other())
    raw = genuine()
    yield Vector("element_of_another", _changed(raw, one.element, other.element), "digest")
    yield Vector("signature_of_another", _with_signature(other.signature), "signature")
    yield Vector("properties_of_another", _changed(raw, one.signed_properties, other.signed_properties), "digest")
    signed = _changed(_with_signature(other.signature), one.signed_info, other.signed_info)
    yield Vector("signed_info_of_another", signed, "digest")
    whole = _changed(signed, one.signed_properties, other.signed_properties)
    yield Vector("seal_of_another", whole, "digest")


def _frames() -> Iterator[Vector]:
    """The same XML, or nearly, in other bytes; and properties of another form."""
    raw, properties = genuine(), _parts().signed_properties
    yield Vector("byte_order_mark", b"\xef\xbb\xbf" + raw, "form")
    yield Vector("utf16", raw.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "foreign")
    yield Vector("said_to_be_gbk", _changed(raw, b"UTF-8", b"GBK"), "form")
    yield Vector("xml_1_1", _changed(raw, b'version="1.0"', b'version="1.1"'), "form")
    yield Vector("no_declaration", raw.removeprefix(_DECLARED), "form")
    yield Vector("space_before", b" " + raw, "form")
    yield Vector("returns", raw.replace(b"\n", b"\r\n"), "form")
    yield Vector("trailing_byte", raw + b"\n", "form")
    yield Vector("trailing_comment", raw + b"<!-- -->", "form")
    yield Vector("trailing_document", raw + raw, "digest")
    yield Vector("cut_short", raw[:-1], "form")
    yield Vector("comment_in_the_frame", _changed(raw, _SIGNATURE, b"<!-- -->" + _SIGNATURE), "form")
    yield Vector("stylesheet", _changed(raw, _DECLARED, _DECLARED + b'<?xml-stylesheet href="a.xsl"?>\n'), "form")
    yield Vector("other_prefix", raw.replace(b"ds:", b"dsig:").replace(b":ds=", b":dsig="), "form")
    yield Vector("another_root", raw.replace(b"sealed", b"trusted"), "foreign")
    yield Vector("properties_changed", _changed(raw, properties, properties.replace(b"T01:", b"T02:")), "digest")
    yield Vector("properties_twice", _changed(raw, properties, properties * 2), "form")
    yield Vector("properties_empty", _changed(raw, properties, b""), "form")
    unsigned = b"<xades:UnsignedProperties></xades:UnsignedProperties>"
    yield Vector("unsigned_properties", _changed(raw, properties, properties + unsigned), "form")
    yield Vector("second_object", _changed(raw, _OBJECT, b"<ds:Object></ds:Object>" + _OBJECT), "form")
    yield Vector("nothing", b"", "foreign")
    yield Vector("another_xml", b"<certificate/>", "foreign")
