"""The genuine XML of the vectors, and the knife: a change of the file, with or without the seal's key."""

from base64 import b64encode
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

from hub.steps.documents.metadata import write_document
from schemas.document import CopyMark, DocumentMetadata, LabelledValue, MasterMark
from scripts.vectors.seals import BODY, BODY_NAME, SEALED_AT, FixedSigner, seal
from signing.xml import XmlParts, extract_xml, seal_xml


@cache
def genuine() -> bytes:
    """Return a food permit's XML, as the hub seals it."""
    return sealed(permit(), seal("seal"))


@cache
def other_genuine() -> bytes:
    """Return another permit of the same body, sealed a minute later."""
    another = replace(
        permit(),
        certificate_number="JY24420000000027",
        identifier="1.2.156.3005.2.11100000MB0341032Y903.11442000000000027P.0000000002.001.8",
        holder_name="中山另一示例餐饮有限公司",
        payload_sha256="1" * 64,
        sealed_at=SEALED_AT + timedelta(minutes=1),
    )
    return sealed(another, seal("seal"))


def genuine_copy() -> bytes:
    """Return a copy of the same permit, under another key that is listed."""
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
    return sealed(replace(permit(), mark=mark), seal("later"))


def permit() -> DocumentMetadata:
    """What the genuine certificate says."""
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
        status_list_uri="https://hub.example/status/0",
        status_list_index=2026,
        origin="https://hub.example",
        mode="test",
        language="zh",
        mark=MasterMark(edition="original", sealer_name=BODY_NAME),
        fields=(LabelledValue("business_items", "经营项目", "Permitted items", "热食类食品制售\n冷食类食品制售"),),
    )


def sealed(metadata: DocumentMetadata, signer: FixedSigner) -> bytes:
    """Return what the hub would seal, by that signer."""
    return seal_xml(write_document(metadata), signer=signer, statement=None, sealed_at=metadata.sealed_at)


@cache
def genuine_parts() -> XmlParts:
    """Return the parts of the genuine file."""
    return extract_xml(genuine())


def changed(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Put `new` for the one `old`; a vector that would not be changed is no vector."""
    if raw.count(old) != 1:
        raise ValueError(f"found {raw.count(old)} times: {old[:40]!r}")
    return raw.replace(old, new)


def with_signature(signature: bytes, raw: bytes | None = None) -> bytes:
    """Return the file, the genuine one if none is given, with another signature in the place of the genuine one."""
    return changed(raw or genuine(), b64encode(genuine_parts().signature), b64encode(signature))


def misused(*changes: tuple[bytes, bytes]) -> bytes:
    """Return the file with a changed SignedInfo, signed by the seal's own key."""
    info = genuine_parts().signed_info
    for old, new in changes:
        info = changed(info, old, new)
    raw = changed(genuine(), genuine_parts().signed_info, info)
    return with_signature(seal("seal").sign(info, statement=None), raw)
