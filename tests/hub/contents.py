"""What documents say, made by hand: of a certificate of any type, and of a copy, free texts as long as they may be."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from lxml import etree

from hub.steps.documents.content import Content
from hub.steps.documents.xml import element_of
from schemas.catalogue import CertificateType, Field, FieldForm, load_catalogue
from schemas.exchange import NOTE_TYP
from signing.jws import sign_compact
from tests.signing.authority import new_signer

CATALOGUE = load_catalogue()
FOOD = CATALOGUE.get("food_operation_permit", 1)
SEALED_AT = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
BODY, BODY_NAME = "11442000000000027P", "示例市场监管局"
COPY_NOTE = {
    "serial": "AAAAAAAAAAAAAAAAAAAAAA",
    "requester": {"licence_number": "11442000000000035J", "name": "示例卫生健康局"},
    "cause": "公共场所卫生许可（示例法第1条）",
    "item_code": "440112001",
    "case_number": "2026-0001",
    "maker": "11442000000000019W",
    "made_at": "2026-11-24T01:02:03+00:00",
    "ends_at": "2026-12-24T01:02:03+00:00",
}


def _value(each: Field) -> str:
    """Return a value of the field's form, a free text as long as it may be."""
    forms = {FieldForm.DATE: "2024-05-06", FieldForm.INTEGER: "12", FieldForm.DECIMAL: "12.5"}
    return forms.get(each.form) or (each.choices[0] if each.choices else "示" * each.max_length)


def content_of_type(kind: CertificateType = FOOD, **changes: Any) -> Content:
    fields = {each.name: _value(each) for each in kind.fields}
    common = {
        "certificate_number": kind.number.example,
        "holder_name": "中山示例有限公司",
        "holder_address": "示例路1号",
    }
    content: dict[str, Any] = {
        "serial": 1, "act_id": "act", "edition": "original", "language": "zh", "delivery": "", "mode": "test",
        "origin": "https://hub.example", "reference": "3TB95JND2B4VKT14K6VHNKG8JJ",
        "licence_number": "91442000MA0000015B", "certificate_type": kind.code, "type_version": kind.version,
        "issuing_body": BODY, "issuing_body_name": BODY_NAME, "issuing_body_name_en": "Example market bureau",
        "successor_name": None, "fields": common | fields, "claims": claims_of(kind), "payload_sha256": "0a" * 32,
        "statement": 1, "previous_act": "before", "recorded_at": SEALED_AT - timedelta(hours=1), "sealed_at": SEALED_AT,
    }  # fmt: skip
    return Content(**content | changes)


def claims_of(kind: CertificateType, **changes: Any) -> dict[str, Any]:
    return {
        "identifier": f"1.2.156.3005.2.{kind.type_code}.{BODY}.0000000001.001.A",
        "previous_identifier": None,
        "certificate_type": {"type_code": kind.type_code},
        "decision": {"document": "准予行政许可决定书", "number": "示许〔2026〕1号", "date": "2026-11-20"},
        "issued_on": "2026-11-21",
        "valid_from": "2026-11-22",
        "valid_to": "2031-11-21",
        "status": {"status_list": {"uri": "https://hub.example/status/0", "idx": 2026}},
    } | changes


def content_of_copy(**changes: Any) -> Content:
    note = sign_compact(orjson.dumps(COPY_NOTE), signer=new_signer(), typ=NOTE_TYP)
    delivered = orjson.dumps({"record": {}, "note": note, "certs": []}).decode()
    return content_of_type(edition="copy", delivery=COPY_NOTE["serial"], delivered=delivered, **changes)


def octets_of(content: Content, kind: CertificateType = FOOD) -> bytes:
    octets: bytes = etree.tostring(element_of(content, kind), method="c14n", exclusive=True)
    return octets
