"""What the XML of a document says, each element named by the metadata standard; the forms lie in `schemas/xsd`.

An attribute's annotation names its element. What begins with KZ_ is an extension 扩展; the others are GB/T 36903-2018.
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

# The files inside a sealed PDF: this XML, and in a copy the delivered file.
XML_NAME = "certificate.xml"
DELIVERED_NAME = "delivered.json"
NAMESPACE = "urn:yizhao:certificate:1"
# One schema per version of the form; the namespace names the version.
SCHEMA_FILES = {NAMESPACE: Path(__file__).with_name("xsd") / "certificate.1.xsd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterMark:
    """What makes a document a master: its edition (original, duplicate), and whose seal it bears."""

    edition: Annotated[str, "KZ_WJBB"]
    sealer_name: Annotated[str, "ZZQZR"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyMark:
    """What makes a document a copy 加注件: by whom, for whom, why and until when it was made, in which delivery."""

    made_at: Annotated[datetime, "JZJZZSJ"]
    maker: Annotated[str, "JZJZZZ"]
    cause: Annotated[str | None, "JZJZZSY"] = None
    ends_at: Annotated[datetime, "JZJYXQJZSJ"]
    delivery: Annotated[str, "KZ_JFBH"]
    requester_name: Annotated[str | None, "KZ_YZF"] = None
    requester: Annotated[str | None, "KZ_YZFDM"] = None
    item_code: Annotated[str, "KZ_SXBM"]
    case_number: Annotated[str, "KZ_AJBH"]


@dataclass(frozen=True, slots=True)
class LabelledValue:
    """One of the type's own fields, by its name in the catalogue, with its labels: an element KZ."""

    name: str
    label_zh: str
    label_en: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentMetadata:
    """All of it, in the schema's order. `payload_sha256` binds it to its record; times are aware, to the second.

    `status_list_uri` and `status_list_index` are the record's place in a status list.
    """

    name_zh: Annotated[str, "ZZMC"]
    name_en: Annotated[str, "KZ_ZZMCYW"]
    type_code: Annotated[str, "ZZLXDM"]
    certificate_type: Annotated[str, "KZ_ZZLX"]
    type_version: Annotated[int, "KZ_ZZLXBB"]
    certificate_number: Annotated[str, "ZZBH"]
    identifier: Annotated[str, "ZZBS"]
    previous_identifier: Annotated[str | None, "KZ_QYZZBS"] = None
    reference: Annotated[str, "KZ_CXM"]
    issuing_body_name: Annotated[str, "ZZBFJG"]
    issuing_body_name_en: Annotated[str | None, "KZ_ZZBFJGYW"] = None
    issuing_body: Annotated[str, "ZZBFJGDM"]
    successor_name: Annotated[str | None, "KZ_CJJG"] = None
    issued_on: Annotated[date, "ZZBFRQ"]
    holder_name: Annotated[str, "CZZT"]
    licence_number: Annotated[str, "CZZTDM"]
    holder_code_kind: Annotated[str, "CZZTDMLX"] = "统一社会信用代码"
    holder_code_kind_code: Annotated[str, "CZZTDMLXDM"] = "001"
    valid_from: Annotated[date, "ZZYXQQSRQ"]
    valid_to: Annotated[date | None, "ZZYXQJZRQ"] = None
    decision_document: Annotated[str | None, "KZ_JDWSMC"] = None
    decision_number: Annotated[str, "KZ_JDWSH"]
    decided_on: Annotated[date, "KZ_JDRQ"]
    payload_sha256: Annotated[str, "KZ_SJZY"]
    status_list_uri: Annotated[str, "KZ_ZTLB"]
    status_list_index: Annotated[int, "KZ_ZTXH"]
    recorded_at: Annotated[datetime, "CJSJ"]
    sealed_at: Annotated[datetime, "ZZQZSJ"]
    origin: Annotated[str, "KZ_FBPT"]
    mode: Annotated[str, "KZ_YXMS"]
    language: Annotated[str, "KZ_WJYY"]
    mark: MasterMark | CopyMark
    fields: tuple[LabelledValue, ...]

    @property
    def edition(self) -> str:
        """original, duplicate or copy."""
        return self.mark.edition if isinstance(self.mark, MasterMark) else "copy"

    @property
    def delivery(self) -> str:
        """The delivery that a copy belongs to, else ""."""
        return self.mark.delivery if isinstance(self.mark, CopyMark) else ""
