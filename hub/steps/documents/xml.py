"""The XML of a document: what its content says, in the names of the metadata standard, ready to be sealed."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import orjson
from lxml import etree

from hub.steps.documents.content import Content
from hub.steps.documents.metadata import write_document
from schemas.catalogue import CertificateType
from schemas.document import CopyMark, DocumentMetadata, LabelledValue, MasterMark
from schemas.grant import numbered
from signing.base64url import decode


def element_of(content: Content, kind: CertificateType) -> etree._Element:
    """Return the element to be sealed; the same content gives the same one. MetadataFormError: see `write_document`."""
    claims, fields = content.claims, content.fields
    return write_document(
        DocumentMetadata(
            name_zh=kind.name_zh,
            name_en=kind.name_en,
            type_code=claims["certificate_type"]["type_code"],
            certificate_type=content.certificate_type,
            type_version=content.type_version,
            certificate_number=fields["certificate_number"],
            identifier=claims["identifier"],
            previous_identifier=claims["previous_identifier"],
            reference=content.reference,
            issuing_body_name=content.issuing_body_name,
            issuing_body_name_en=content.issuing_body_name_en,
            issuing_body=content.issuing_body,
            successor_name=content.successor_name,
            issued_on=date.fromisoformat(claims["issued_on"]),
            holder_name=fields["holder_name"],
            licence_number=content.licence_number,
            valid_from=date.fromisoformat(claims["valid_from"]),
            valid_to=date.fromisoformat(claims["valid_to"]) if claims["valid_to"] else None,
            decision_document=claims["decision"]["document"],
            decision_number=claims["decision"]["number"],
            decided_on=date.fromisoformat(claims["decision"]["date"]),
            payload_sha256=content.payload_sha256,
            status_list_uri=claims["status"]["status_list"]["uri"],
            status_list_index=claims["status"]["status_list"]["idx"],
            recorded_at=content.recorded_at,
            sealed_at=content.sealed_at,
            origin=content.origin,
            mode=content.mode,
            language=content.language,
            mark=_mark(content),
            fields=tuple(_labelled(content, kind)),
        )
    )


def _mark(content: Content) -> MasterMark | CopyMark:
    if content.delivered is None:
        return MasterMark(edition=content.edition, sealer_name=content.issuing_body_name)
    note = _note(content.delivered)
    return CopyMark(
        made_at=datetime.fromisoformat(note["made_at"]),
        maker=note["maker"],
        cause=note["cause"],
        ends_at=datetime.fromisoformat(note["ends_at"]),
        delivery=note["serial"],
        requester_name=note["requester"]["name"],
        requester=numbered(note["requester"]["licence_number"]),
        item_code=note["item_code"],
        case_number=note["case_number"],
    )


def _note(delivered: str) -> Any:
    """Return the payload of the delivery note inside a delivered file, both of which this hub wrote."""
    return orjson.loads(decode(orjson.loads(delivered)["note"].split(".")[1]))


def _labelled(content: Content, kind: CertificateType) -> Iterator[LabelledValue]:
    address = content.fields.get("holder_address")
    if address:
        yield LabelledValue("holder_address", "住所", "Address", address)
    for each in kind.fields:
        value = content.fields.get(each.name)
        if value:
            yield LabelledValue(each.name, each.label_zh, each.label_en, value)
