"""A sealed XML: what other people's software says of it, what a change does to it, and what is never sealed or read."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from lxml import etree
from signxml.exceptions import InvalidDigest

from signing.errors import (
    AlgorithmRefusedError,
    CertRefusedError,
    KeyUnknownError,
    SignatureInvalidError,
    SigningError,
    XmlRefusedError,
)
from signing.jws import VerificationKey
from signing.signers.file import FileSigner
from signing.x509 import Purpose
from signing.xml import LARGEST_XML_BYTES, XmlParts, extract_xml, seal_xml, verify_xml
from tests.signing.authority import new_authority, new_party, new_root, new_signer
from tests.signing.foreign_xml import signxml_element, xmlsec1_accepts

SEALED_AT = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
STATEMENT = b"the order this seal carries out"
ELEMENT = """<certificate xmlns="urn:yizhao:certificate:1" Id="certificate">
  <CZZT>示例食品店 &lt;甲&gt; &amp; "乙"</CZZT>
  <KZ label_zh="经营项目" name="KZ_business_items">热食\n冷食</KZ>
</certificate>"""


@pytest.fixture(scope="module")
def signer() -> FileSigner:
    return new_party(new_authority(new_root()), purpose=Purpose.SEAL).signer


@pytest.fixture(scope="module")
def sealed(signer: FileSigner) -> bytes:
    return _seal(signer)


def _seal(signer: FileSigner, element: str = ELEMENT) -> bytes:
    return seal_xml(etree.fromstring(element), signer=signer, statement=STATEMENT, sealed_at=SEALED_AT)


def _key_of(signer: FileSigner) -> VerificationKey:
    return VerificationKey(signer.algorithm, signer.private_key.public_key())


def _finder(signer: FileSigner) -> Callable[[bytes], VerificationKey]:
    """Return what finds the key of this signer's cert and no other."""

    def find_key(cert_der: bytes) -> VerificationKey:
        if cert_der != signer.cert_der:
            raise KeyUnknownError(sha256(cert_der).hexdigest())
        return _key_of(signer)

    return find_key


# --- others ---


def test_xmlsec1_finds_signature_and_both_references_good(sealed: bytes, signer: FileSigner, tmp_path: Path) -> None:
    assert xmlsec1_accepts(sealed, signer.private_key.public_key(), tmp_path)
    assert not xmlsec1_accepts(sealed, new_signer().private_key.public_key(), tmp_path)


def test_signxml_finds_the_same_element_sealed_and_its_properties_good(sealed: bytes, signer: FileSigner) -> None:
    assert signer.cert_der is not None
    assert signxml_element(sealed, signer.cert_der) == extract_xml(sealed).element


@pytest.mark.parametrize(
    ("old", "new"),
    [("甲", "丙"), ("热食\n", "热食 "), ("KZ_business_items", "KZ_business_scope"), ("\n  <CZZT>", "\n <CZZT>")],
)
def test_one_change_of_the_element_is_refused_by_others_too(
    sealed: bytes, signer: FileSigner, old: str, new: str, tmp_path: Path
) -> None:
    assert signer.cert_der is not None
    changed = sealed.replace(old.encode(), new.encode())
    assert not xmlsec1_accepts(changed, signer.private_key.public_key(), tmp_path)
    with pytest.raises(InvalidDigest):
        signxml_element(changed, signer.cert_der)


# --- what is sealed ---


def test_what_was_sealed_is_read_back_with_cert_and_time(sealed: bytes, signer: FileSigner) -> None:
    verified = verify_xml(extract_xml(sealed), find_key=_finder(signer))
    assert verified.element == ELEMENT.encode()
    assert verified.cert_der == signer.cert_der
    assert verified.sealed_at == SEALED_AT


def test_all_but_the_signature_follows_from_the_input(sealed: bytes, signer: FileSigner) -> None:
    again, once = extract_xml(_seal(signer)), extract_xml(sealed)
    assert again.signature != once.signature
    assert replace(again, signature=once.signature) == once


def test_element_is_sealed_in_the_one_form_however_it_was_written(signer: FileSigner) -> None:
    written = ELEMENT.replace("<KZ", "<!-- a comment --><KZ").replace('"certificate"', "'certificate'")
    assert extract_xml(_seal(signer, written)).element == ELEMENT.encode()


def test_a_key_without_cert_or_of_another_algorithm_seals_no_document() -> None:
    with pytest.raises(CertRefusedError):
        _seal(new_signer())
    with pytest.raises(AlgorithmRefusedError):
        _seal(new_party(new_authority(new_root()), purpose=Purpose.SEAL, algorithm="Ed25519").signer)


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        (ELEMENT.replace(' Id="certificate"', ""), "form"),
        (ELEMENT.replace('Id="certificate"', 'Id="other"'), "form"),
        (ELEMENT.replace("热食", "热" * (LARGEST_XML_BYTES // 3)), "too_long"),
    ],
)
def test_an_element_that_would_not_be_read_again_is_not_sealed(signer: FileSigner, element: str, reason: str) -> None:
    with pytest.raises(XmlRefusedError) as refused:
        _seal(signer, element)
    assert refused.value.reason == reason


# --- what is refused ---


def _accepted_changes(sealed: bytes, find_key: Callable[[bytes], VerificationKey]) -> list[int]:
    """Return the places where a byte may be changed unnoticed."""
    return [place for place in range(len(sealed)) if _accepts(_flipped(sealed, place), find_key)]


def _flipped(raw: bytes, place: int) -> bytes:
    changed = bytearray(raw)
    changed[place] ^= 1
    return bytes(changed)


def _accepts(raw: bytes, find_key: Callable[[bytes], VerificationKey]) -> bool:
    try:
        verify_xml(extract_xml(raw), find_key=find_key)
    except SigningError:
        return False
    return True


def test_no_byte_of_the_file_can_be_changed(sealed: bytes, signer: FileSigner) -> None:
    assert _accepts(sealed, _finder(signer))
    assert _accepted_changes(sealed, _finder(signer)) == []


def test_no_part_of_the_file_is_a_file(sealed: bytes, signer: FileSigner) -> None:
    assert not any(_accepts(sealed[:length], _finder(signer)) for length in range(len(sealed)))


def test_refusals_tell_no_value(sealed: bytes, signer: FileSigner) -> None:
    changed = extract_xml(sealed.replace("示例食品店".encode(), "冒名食品店".encode()))
    with pytest.raises(XmlRefusedError, match="not those that were signed") as refused:
        verify_xml(changed, find_key=_finder(signer))
    assert "食品店" not in str(refused.value)


def test_another_key_for_the_cert_and_another_algorithm_are_refused(sealed: bytes) -> None:
    with pytest.raises(SignatureInvalidError):
        verify_xml(extract_xml(sealed), find_key=lambda _: _key_of(new_signer()))
    with pytest.raises(AlgorithmRefusedError):
        verify_xml(extract_xml(sealed), find_key=lambda _: _key_of(new_signer("Ed25519")))


def test_nothing_is_read_before_the_signature_held(signer: FileSigner) -> None:
    parts = XmlParts(b"<!DOCTYPE a>", b"no SignedInfo", b"no properties", bytes(64), signer.cert_der or b"")
    with pytest.raises(SignatureInvalidError):
        verify_xml(parts, find_key=_finder(signer))


@pytest.mark.parametrize("told", [b"2026-13-24T01:02:03Z", b"2026-11-24T01:02:03 ", b""])
def test_properties_that_say_no_time_are_refused_though_the_key_signed_them(
    sealed: bytes, signer: FileSigner, told: bytes
) -> None:
    parts = extract_xml(sealed)
    properties = parts.signed_properties.replace(b"2026-11-24T01:02:03Z", told)
    info = parts.signed_info.replace(_digest(parts.signed_properties), _digest(properties))
    signature = signer.sign(info, statement=None)
    with pytest.raises(XmlRefusedError) as refused:
        verify_xml(
            replace(parts, signed_info=info, signed_properties=properties, signature=signature),
            find_key=_finder(signer),
        )
    assert refused.value.reason == "form"


def _digest(octets: bytes) -> bytes:
    return b64encode(sha256(octets).digest())
