"""The XML vectors: a genuine sealed certificate, and every way in which one may be passed off that is not.

Three kinds of attacker: one who has no key and rearranges genuine files; one with a key and cert of his own, under the
names of others; and a listed seal whose key signs another form than `signing.xml` writes: software that takes every
valid XML signature would believe those (`scripts/vectors/xml_signature.py`).
Sources: "On Breaking SAML" (USENIX Security 2012) for the wrappings; XML Signature Best Practices (W3C, 2013).
"""

from collections.abc import Iterator

from scripts.vectors.sealed_xml import changed, genuine, genuine_copy, genuine_parts, other_genuine, with_signature
from scripts.vectors.vector import Vector
from scripts.vectors.xml_signature import certs, references, signatures
from signing.xml import LARGEST_XML_BYTES, extract_xml

FILE_NAME = "certificate.xml"

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ENDING, _SEALED_ENDING = b"</certificate>", b"</sealed>\n"
_SIGNATURE = b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="seal">'
_SIGNATURE_ENDING = b"</ds:Signature>"
_OBJECT = b"<ds:Object>"
_DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_HOLDER = "中山示例餐饮有限公司".encode()
_FORGED_HOLDER = "中山冒用餐饮有限公司".encode()


def vectors() -> Iterator[Vector]:
    """Return all vectors that lie in the tree, the genuine ones first."""
    yield Vector("genuine", genuine())
    yield Vector("genuine_other", other_genuine())
    yield Vector("genuine_copy", genuine_copy())
    yield Vector("twin_signature", with_signature(_twin(genuine_parts().signature)))
    for group in (_wrappings, _documents, _texts, references, signatures, certs, _swaps, _frames):
        yield from group()


def large_vectors() -> Iterator[Vector]:
    """Return those that are too large to lie in the tree."""
    deep = b"<KZ>" * 100_000 + b"</KZ>" * 100_000
    yield Vector("nested_deep", changed(genuine(), _ENDING, deep + _ENDING), "digest")
    entity = b'<!DOCTYPE sealed [<!ENTITY a "%b">]>' % (b"a" * 200_000)
    yield Vector("quadratic_blow_up", _with_value(b"&a;" * 50_000, entity), "form")
    yield Vector("too_long", genuine() + b" " * LARGEST_XML_BYTES, "too_long")


def _twin(signature: bytes) -> bytes:
    """Return the other signature that holds over the same (s and n-s): the file is genuine, and not the issued one."""
    s = _ORDER - int.from_bytes(signature[32:], "big")
    return signature[:32] + s.to_bytes(32, "big")


def _forged() -> bytes:
    return changed(genuine_parts().element, _HOLDER, _FORGED_HOLDER)


def _with_value(value: bytes, document_type: bytes) -> bytes:
    """Return the file with another value for the holder's name, and a document type before the root."""
    return changed(genuine(), _HOLDER, value).replace(_DECLARED, _DECLARED + document_type + b"\n")


def _wrappings() -> Iterator[Vector]:
    """The genuine element is still there and still verifies; a forged one stands where a reader looks."""
    raw, element, forged = genuine(), genuine_parts().element, _forged()
    nameless = forged.replace(b' Id="certificate"', b"")
    wrapped = b"<ds:Object>%b</ds:Object>\n" % element
    moved = changed(changed(raw, element, nameless), _SIGNATURE_ENDING, wrapped + _SIGNATURE_ENDING)
    yield Vector("wrapped_in_an_object", moved, "form")
    yield Vector("wrapped_behind_a_forged_one", changed(raw, element, nameless + element), "digest")
    yield Vector("wrapped_before_a_forged_one", changed(raw, _SEALED_ENDING, nameless + _SEALED_ENDING), "form")
    yield Vector("wrapped_inside_a_forged_one", changed(raw, element, nameless[:-14] + element + _ENDING), "digest")
    inner = raw.removeprefix(_DECLARED)
    outer = _DECLARED + b'<sealed xmlns="urn:yizhao:sealed:1">' + nameless + inner + _SEALED_ENDING
    yield Vector("wrapped_whole_behind_a_forged_one", outer, "form")
    yield Vector("wrapped_whole_in_a_forged_one", changed(raw, element, nameless[:-14] + inner + _ENDING), "digest")
    yield Vector("duplicate_ids", changed(raw, element, forged + element), "digest")
    yield Vector("forged_with_a_genuine_signature", changed(raw, element, forged), "digest")


def _documents() -> Iterator[Vector]:
    """A document type, and what it can do: read files, call out, fill the memory."""
    entity = b"<!DOCTYPE sealed [<!ENTITY a %b>]>"
    yield Vector("document_type", changed(genuine(), _DECLARED, _DECLARED + b"<!DOCTYPE sealed>\n"), "form")
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
        yield Vector(name, changed(raw, _HOLDER, value), "digest")
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
        yield Vector(name, changed(raw, old, new).replace(b"</CZZT>", _end_of(new)), "digest")


def _end_of(tag: bytes) -> bytes:
    return b"</c:CZZT>" if tag.startswith(b"<c:") else b"</CZZT>"


def _swaps() -> Iterator[Vector]:
    """Parts of two genuine files put together."""
    one, other = genuine_parts(), extract_xml(other_genuine())
    raw = genuine()
    yield Vector("element_of_another", changed(raw, one.element, other.element), "digest")
    yield Vector("signature_of_another", with_signature(other.signature), "signature")
    yield Vector("properties_of_another", changed(raw, one.signed_properties, other.signed_properties), "digest")
    signed = changed(with_signature(other.signature), one.signed_info, other.signed_info)
    yield Vector("signed_info_of_another", signed, "digest")
    whole = changed(signed, one.signed_properties, other.signed_properties)
    yield Vector("seal_of_another", whole, "digest")


def _frames() -> Iterator[Vector]:
    """The same XML, or nearly, in other bytes; and properties of another form."""
    raw, properties = genuine(), genuine_parts().signed_properties
    yield Vector("byte_order_mark", b"\xef\xbb\xbf" + raw, "form")
    yield Vector("utf16", b"\xff\xfe" + raw.decode().replace("UTF-8", "UTF-16").encode("utf-16-le"), "foreign")
    yield Vector("said_to_be_gbk", changed(raw, b"UTF-8", b"GBK"), "form")
    yield Vector("xml_1_1", changed(raw, b'version="1.0"', b'version="1.1"'), "form")
    yield Vector("no_declaration", raw.removeprefix(_DECLARED), "form")
    yield Vector("space_before", b" " + raw, "form")
    yield Vector("returns", raw.replace(b"\n", b"\r\n"), "form")
    yield Vector("trailing_byte", raw + b"\n", "form")
    yield Vector("trailing_comment", raw + b"<!-- -->", "form")
    yield Vector("trailing_document", raw + raw, "digest")
    yield Vector("cut_short", raw[:-1], "form")
    yield Vector("comment_in_the_frame", changed(raw, _SIGNATURE, b"<!-- -->" + _SIGNATURE), "form")
    yield Vector("stylesheet", changed(raw, _DECLARED, _DECLARED + b'<?xml-stylesheet href="a.xsl"?>\n'), "form")
    yield Vector("other_prefix", raw.replace(b"ds:", b"dsig:").replace(b":ds=", b":dsig="), "form")
    yield Vector("another_root", raw.replace(b"sealed", b"trusted"), "foreign")
    yield Vector("properties_changed", changed(raw, properties, properties.replace(b"T01:", b"T02:")), "digest")
    yield Vector("properties_twice", changed(raw, properties, properties * 2), "form")
    yield Vector("properties_empty", changed(raw, properties, b""), "form")
    unsigned = b"<xades:UnsignedProperties></xades:UnsignedProperties>"
    yield Vector("unsigned_properties", changed(raw, properties, properties + unsigned), "form")
    yield Vector("second_object", changed(raw, _OBJECT, b"<ds:Object></ds:Object>" + _OBJECT), "form")
    yield Vector("nothing", b"", "foreign")
    yield Vector("another_xml", b"<certificate/>", "foreign")
