"""The metadata of a document as XML: written for sealing, read once the seal held.

Both ways the element is held to the schema of its version: what breaks it is neither sealed nor read, nor is a version
that is not here. Needs neither database nor web, so that `yizhao verify` reads a document as the hub does.
Not checked here: whose seal it is (`signing.xml`), and whether it is so (the record it names by its digest tells).
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from threading import Lock
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from lxml import etree

from schemas.certificate import SHANGHAI
from schemas.document import NAMESPACE, SCHEMA_FILES, CopyMark, DocumentMetadata, LabelledValue, MasterMark
from signing.xml import ELEMENT_ID

_FIELD_PREFIX = "KZ_"
Said = TypeVar("Said", DocumentMetadata, MasterMark, CopyMark)


class MetadataFormError(ValueError):
    """A document's metadata are not of the form of their version. `rule`: xml | version | schema | value."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"the metadata of the document are refused: {rule}")
        self.rule = rule


def _elements(said: type) -> dict[str, tuple[str, Any]]:
    """Return element → (attribute, its type) of one of the schema's classes, in order."""
    hints = get_type_hints(said, include_extras=True).items()
    named = {attribute: get_args(hint) for attribute, hint in hints if get_origin(hint) is Annotated}
    return {element: (attribute, kind) for attribute, (kind, element) in named.items()}


_ELEMENTS: dict[type, dict[str, tuple[str, Any]]] = {
    said: _elements(said) for said in (DocumentMetadata, MasterMark, CopyMark)
}


# --- writing ---


def write_document(metadata: DocumentMetadata) -> etree._Element:
    """Return the element to be sealed; MetadataFormError schema when the version's schema does not let it be."""
    root = etree.Element(_tag("certificate"), {"Id": ELEMENT_ID}, nsmap={None: NAMESPACE})
    _append(root, metadata)
    _append(root, metadata.mark)
    for each in metadata.fields:
        named = {"name": _FIELD_PREFIX + each.name, "label_zh": each.label_zh, "label_en": each.label_en}
        etree.SubElement(root, _tag("KZ"), named).text = each.value
    etree.indent(root)
    _require_valid(root)
    return root


def _append(root: etree._Element, said: DocumentMetadata | MasterMark | CopyMark) -> None:
    for element, (attribute, _) in _ELEMENTS[type(said)].items():
        value = getattr(said, attribute)
        if value not in (None, ""):
            etree.SubElement(root, _tag(element)).text = _text(value)


def _text(value: str | int | date | datetime) -> str:
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value)


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


# --- reading ---


def read_document(element: bytes) -> DocumentMetadata:
    """Return what a sealed element says (canonical octets, their signature verified); raises MetadataFormError."""
    root = _parse(element)
    _require_valid(root)
    texts = {etree.QName(each).localname: each.text for each in root}
    try:
        mark = _said(MasterMark, texts) if "KZ_WJBB" in texts else _said(CopyMark, texts)
        return _said(DocumentMetadata, texts, mark=mark, fields=tuple(map(_field, root.iterchildren(_tag("KZ")))))
    except ValueError:
        raise MetadataFormError("value") from None


def _parse(element: bytes) -> etree._Element:
    """Return the element of canonical octets; what a reader could take for something else is refused, sealed or not."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(element, parser)
    except etree.XMLSyntaxError:
        # The cause is left out: it may quote the content.
        raise MetadataFormError("xml") from None
    if etree.tostring(root, method="c14n", exclusive=True) != element:
        raise MetadataFormError("xml")
    return root


def _said(said: type[Said], texts: Mapping[str, str], **more: Any) -> Said:
    elements = _ELEMENTS[said].items()
    values = {attribute: _read(texts[element], kind) for element, (attribute, kind) in elements if element in texts}
    return said(**values, **more)


def _read(text: str, kind: Any) -> Any:
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
    if namespace not in SCHEMA_FILES:
        raise MetadataFormError("version")
    if not _schema(namespace).validate(root):
        raise MetadataFormError("schema")


def _schema(namespace: str) -> etree.XMLSchema:
    # libxml2 makes its built-in types with the first schema, and not safely: two threads at once leave it without, for
    # good, or end the process.
    with _ONE_AT_A_TIME:
        return _loaded_schema(namespace)


@cache
def _loaded_schema(namespace: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMA_FILES[namespace]))


_ONE_AT_A_TIME = Lock()
