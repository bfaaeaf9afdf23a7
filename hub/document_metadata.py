"""The metadata of a document as XML: written for sealing, read once the seal held.

One table names every element; `schemas/xsd/certificate.N.xsd` is the form of version N, whose namespace ends in N. Both
ways the element is held to its version's schema: what breaks it, or names a version that is not here, is refused.
Needs neither database nor web, so that `yizhao verify` reads a document as the hub does.
Not checked here: whose seal it is (`signing.xml`), and whether it is so (the record it names by its digest tells).
Source: GB/T 36903-2018 (names in capitals); what begins with KZ_ is an extension.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from lxml import etree

import schemas
from schemas.certificate import SHANGHAI
from signing.xml import ELEMENT_ID

_NAMESPACE = "urn:yizhao:certificate:1"
_SCHEMA_FILES = {_NAMESPACE: "certificate.1.xsd"}
_XSD_FOLDER = Path(schemas.__path__[0]) / "xsd"
_FIELD_PREFIX = "KZ_"

# Element → attribute, in the order of the schema.
_COMMON = {
    "ZZMC": "name_zh",
    "KZ_ZZMCYW": "name_en",
    "ZZLXDM": "type_code",
    "KZ_ZZLX": "certificate_type",
    "KZ_ZZLXBB": "type_version",
    "ZZBH": "certificate_number",
    "ZZBS": "identifier",
    "KZ_QYZZBS": "previous_identifier",
    "KZ_CXM": "reference",
    "ZZBFJG": "issuing_body_name",
    "KZ_ZZBFJGYW": "issuing_body_name_en",
    "ZZBFJGDM": "issuing_body",
    "KZ_CJJG": "successor_name",
    "ZZBFRQ": "issued_on",
    "CZZT": "holder_name",
    "CZZTDM": "licence_number",
    "CZZTDMLX": "holder_code_kind",
    "CZZTDMLXDM": "holder_code_kind_code",
    "ZZYXQQSRQ": "valid_from",
    "ZZYXQJZRQ": "valid_to",
    "KZ_JDWSMC": "decision_document",
    "KZ_JDWSH": "decision_number",
    "KZ_JDRQ": "decided_on",
    "KZ_SJZY": "payload_sha256",
    "CJSJ": "recorded_at",
    "ZZQZSJ": "sealed_at",
    "KZ_FBPT": "origin",
    "KZ_YXMS": "mode",
    "KZ_WJYY": "language",
}
_MASTER = {"KZ_WJBB": "edition", "ZZQZR": "sealer_name"}
_COPY = {
    "JZJZZSJ": "made_at",
    "JZJZZZ": "maker",
    "JZJZZSY": "cause",
    "JZJYXQJZSJ": "ends_at",
    "KZ_JFBH": "delivery",
    "KZ_YZF": "requester_name",
    "KZ_YZFDM": "requester",
    "KZ_SXBM": "item_code",
    "KZ_AJBH": "case_number",
}

M = TypeVar("M")


class MetadataFormError(ValueError):
    """A document's metadata are not of the form of their version. `rule`: xml | version | schema | value."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"the metadata of the document are refused: {rule}")
        self.rule = rule


@dataclass(frozen=True, slots=True)
class LabelledValue:
    """One of the type's own fields, by its name in the catalogue, with its labels."""

    name: str
    label_zh: str
    label_en: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterMark:
    """What makes a document a master: its edition (original, duplicate), and whose seal it bears."""

    edition: str
    sealer_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyMark:
    """What makes a document a copy 加注件: by whom, for whom, why and until when it was made, in which delivery."""

    made_at: datetime
    maker: str
    cause: str | None = None
    ends_at: datetime
    delivery: str
    requester_name: str | None = None
    requester: str | None = None
    item_code: str
    case_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """All that a document's XML says. `payload_sha256` binds it to its record; times are aware, to the second."""

    name_zh: str
    name_en: str
    type_code: str
    certificate_type: str
    type_version: int
    certificate_number: str
    identifier: str
    previous_identifier: str | None = None
    reference: str
    issuing_body_name: str
    issuing_body_name_en: str | None = None
    issuing_body: str
    successor_name: str | None = None
    issued_on: date
    holder_name: str
    licence_number: str
    holder_code_kind: str = "统一社会信用代码"
    holder_code_kind_code: str = "001"
    valid_from: date
    valid_to: date | None = None
    decision_document: str | None = None
    decision_number: str
    decided_on: date
    payload_sha256: str
    recorded_at: datetime
    sealed_at: datetime
    origin: str
    mode: str
    language: str
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


# --- writing ---


def write_document(metadata: Metadata) -> etree._Element:
    """Return the element to be sealed; MetadataFormError schema when the version's schema does not let it be."""
    root = etree.Element(_tag("certificate"), {"Id": ELEMENT_ID}, nsmap={None: _NAMESPACE})
    mark = metadata.mark
    _append(root, _COMMON, metadata)
    _append(root, _MASTER if isinstance(mark, MasterMark) else _COPY, mark)
    for each in metadata.fields:
        named = {"name": _FIELD_PREFIX + each.name, "label_zh": each.label_zh, "label_en": each.label_en}
        etree.SubElement(root, _tag("KZ"), named).text = each.value
    etree.indent(root)
    _require_valid(root)
    return root


def _append(root: etree._Element, names: Mapping[str, str], said: object) -> None:
    for name, attribute in names.items():
        value = getattr(said, attribute)
        if value not in (None, ""):
            etree.SubElement(root, _tag(name)).text = _text(value)


def _text(value: str | int | date | datetime) -> str:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value)


def _tag(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"


# --- reading ---


def read_document(element: bytes) -> Metadata:
    """Return what a sealed element says (canonical octets, their signature verified); raises MetadataFormError."""
    try:
        root = etree.fromstring(element, _parser())
    except etree.XMLSyntaxError:
        # The cause is left out: it may quote the content.
        raise MetadataFormError("xml") from None
    _require_valid(root)
    texts = {etree.QName(each).localname: each.text for each in root.iterchildren(etree.Element)}
    try:
        mark = _said(MasterMark, _MASTER, texts) if "KZ_WJBB" in texts else _said(CopyMark, _COPY, texts)
        return _said(Metadata, _COMMON, texts, mark=mark, fields=tuple(map(_field, root.iterchildren(_tag("KZ")))))
    except ValueError:
        raise MetadataFormError("value") from None


def _parser() -> etree.XMLParser:
    # What was sealed has no document type; should a seal key be misused, none is followed either.
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _said(said: type[M], names: Mapping[str, str], texts: Mapping[str, str], **more: Any) -> M:
    kinds = {each.name: each.type for each in fields(said)}  # type: ignore[arg-type]
    read = {attribute: _read(texts[name], kinds[attribute]) for name, attribute in names.items() if name in texts}
    return said(**read, **more)


def _read(text: str, kind: Any) -> str | int | date | datetime:
    if kind is int:
        return int(text)
    if kind is datetime:
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if kind in (date, date | None) else text


def _field(element: etree._Element) -> LabelledValue:
    name = element.get("name").removeprefix(_FIELD_PREFIX)
    return LabelledValue(name, element.get("label_zh"), element.get("label_en"), element.text)


# --- the schema ---


def _require_valid(root: etree._Element) -> None:
    """Hold an element to the schema of its namespace; MetadataFormError version or schema, never with a value."""
    namespace = etree.QName(root).namespace
    if namespace not in _SCHEMA_FILES:
        raise MetadataFormError("version")
    if not _schema(namespace).validate(root):
        raise MetadataFormError("schema")


@cache
def _schema(namespace: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(_XSD_FOLDER / _SCHEMA_FILES[namespace]))
