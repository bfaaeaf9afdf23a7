"""The XML of a document says what its record says: of every type, edition and language, and of a copy."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from lxml import etree

from hub.steps.documents.content import Content
from hub.steps.documents.metadata import MetadataFormError, read_document
from hub.steps.documents.xml import element_of
from schemas.catalogue import CertificateType
from schemas.document import CopyMark, DocumentMetadata, MasterMark
from signing.jws import VerificationKey
from signing.signers.file import FileSigner
from signing.x509 import Purpose
from signing.xml import extract_xml, seal_xml, verify_xml
from tests.hub.contents import (
    BODY,
    BODY_NAME,
    CATALOGUE,
    COPY_NOTE,
    FOOD,
    SEALED_AT,
    claims_of,
    content_of_copy,
    content_of_type,
    octets_of,
)
from tests.signing.authority import new_authority, new_party, new_root
from tests.signing.foreign_xml import signxml_element, xmlsec1_accepts

of_every_type = pytest.mark.parametrize(
    "kind", CATALOGUE.all_versions(), ids=lambda kind: f"{kind.code}.{kind.version}"
)


@pytest.fixture(scope="module")
def signer() -> FileSigner:
    return new_party(new_authority(new_root()), purpose=Purpose.SEAL).signer


def _said(content: Content, kind: CertificateType = FOOD) -> DocumentMetadata:
    return read_document(octets_of(content, kind))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("edition", ["original", "duplicate"])
@of_every_type
def test_document_of_every_type_says_what_its_record_says(kind: CertificateType, edition: str, language: str) -> None:
    content = content_of_type(kind, edition=edition, language=language)
    said = _said(content, kind)
    assert (said.certificate_type, said.type_version, said.type_code) == (kind.code, kind.version, kind.type_code)
    assert (said.edition, said.language, said.delivery) == (edition, language, "")
    assert {each.name: each.value for each in said.fields} == {
        name: value for name, value in content.fields.items() if name not in ("certificate_number", "holder_name")
    }
    assert [each.label_zh for each in said.fields] == ["住所", *(each.label_zh for each in kind.fields)]


@of_every_type
def test_others_find_the_document_of_every_type_sealed(
    kind: CertificateType, signer: FileSigner, tmp_path: Path
) -> None:
    assert signer.cert_der is not None
    sealed = seal_xml(element_of(content_of_type(kind), kind), signer=signer, statement=b"order", sealed_at=SEALED_AT)
    assert xmlsec1_accepts(sealed, signer.private_key.public_key(), tmp_path)
    assert signxml_element(sealed, signer.cert_der) == octets_of(content_of_type(kind), kind)


def test_document_is_bound_to_its_record_and_says_who_when_and_for_how_long() -> None:
    said = _said(content_of_type())
    assert said.payload_sha256 == "0a" * 32
    assert (said.recorded_at, said.sealed_at) == (SEALED_AT - timedelta(hours=1), SEALED_AT)
    assert (said.issuing_body, said.issuing_body_name, said.mark) == (
        BODY,
        BODY_NAME,
        MasterMark(edition="original", sealer_name=BODY_NAME),
    )
    assert (said.issued_on, said.valid_from, said.valid_to) == (
        date(2026, 11, 21),
        date(2026, 11, 22),
        date(2031, 11, 21),
    )
    assert (said.mode, said.origin) == ("test", "https://hub.example")


def test_what_is_not_there_is_left_out_and_what_is_rare_is_said() -> None:
    plain = content_of_type(issuing_body_name_en="", claims=claims_of(FOOD, valid_to=None))
    assert {"ZZYXQJZRQ", "KZ_CJJG", "KZ_QYZZBS", "KZ_ZZBFJGYW"}.isdisjoint(_names(plain))
    before = f"1.2.156.3005.2.{FOOD.type_code}.{BODY}.0000000001.000.7"
    rare = _said(content_of_type(successor_name="示例新局", claims=claims_of(FOOD, previous_identifier=before)))
    assert (rare.successor_name, rare.previous_identifier) == ("示例新局", before)


def _names(content: Content) -> list[str]:
    return [etree.QName(each).localname for each in element_of(content, FOOD)]


def test_copy_is_marked_for_whom_and_why_and_bears_no_name_of_a_sealer() -> None:
    said = _said(content_of_copy())
    assert (said.edition, said.delivery) == ("copy", COPY_NOTE["serial"])
    assert said.mark == CopyMark(
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
    assert {"ZZQZR", "KZ_WJBB"}.isdisjoint(_names(content_of_copy()))


def test_copy_says_only_what_was_disclosed() -> None:
    disclosed = {"certificate_number": "JY24420000000019", "holder_name": "中山示例有限公司", "floor_area": "120"}
    assert [(each.name, each.value) for each in _said(content_of_copy(fields=disclosed)).fields] == [
        ("floor_area", "120")
    ]


def test_the_same_content_makes_the_sameoctets_of() -> None:
    assert octets_of(content_of_type()) == octets_of(replace(content_of_type()))


@pytest.mark.parametrize("name", ["𠮷野家示例", "示例\ufe00店", "\"示例\" <甲> & '乙' ]]>", "示例  店", "ÀÉ Example"])
def test_rare_and_marked_characters_come_back_as_they_were(name: str, signer: FileSigner) -> None:
    content = content_of_type(fields={"certificate_number": "JY24420000000019", "holder_name": name})
    sealed = seal_xml(element_of(content, FOOD), signer=signer, statement=b"order", sealed_at=SEALED_AT)
    key = VerificationKey("ES256", signer.private_key.public_key())
    assert read_document(verify_xml(extract_xml(sealed), find_key=lambda _: key).element).holder_name == name


@pytest.mark.parametrize(
    "content",
    [
        lambda: content_of_type(edition="copy"),
        lambda: content_of_type(language="fr"),
        lambda: content_of_type(payload_sha256="0a"),
        lambda: content_of_type(fields={"certificate_number": "JY24420000000019", "holder_name": ""}),
    ],
)
def test_what_would_not_be_read_is_not_made_either(content: Callable[[], Content]) -> None:
    with pytest.raises(MetadataFormError) as refused:
        element_of(content(), FOOD)
    assert refused.value.rule == "schema"
