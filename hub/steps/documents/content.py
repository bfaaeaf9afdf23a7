"""What a document follows from: read once from the record, kept in the intention, the same bytes each time.

`content_of` opens the stored record and gathers what XML and page say; `face_of` is the page. It depends on the content
alone, so that a document interrupted on its way is drawn as it was intended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.decisions.answers import disclosed_values
from hub.errors import DocumentError
from hub.steps.certificates.intentions import decrypt_disclosures
from hub.steps.documents.faces.drawing import Attachment
from hub.steps.documents.faces.face import CopyMarking, Face, FaceRow
from hub.steps.registry import COPIES_SEALER, Registry
from hub.steps.sharing.delivery import delivered_file, permitted_names, present_as_delivered, presentation_digest
from hub.store.certificate import CertificateReader, StoredRecord
from hub.store.document import DocumentName
from hub.store.erasure import ErasureReader
from hub.store.exchange import ExchangeReader
from hub.store.parties import PartyReader
from schemas.catalogue import CertificateType
from schemas.certificate import SHANGHAI, Certificate
from schemas.document import DELIVERED_NAME, XML_NAME
from schemas.fields import COMMON_FIELDS, FieldForm
from schemas.grant import numbered
from schemas.identifiers import Reference, make_reference, reference_bytes
from signing.base64url import decode, encode
from signing.envelope import decrypt, encrypt
from signing.jws import parse_json, unverified_payload


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a document says. `claims` and `fields` are those of the record; times are aware.

    `successor_name` is the body that took over from the issuing body, if one did. Of a copy `fields` are only those
    its delivery discloses, `delivered` is the delivered file (JSON) and `marking` what every page is marked with.
    `sealed_xml` is set once it is made.
    """

    serial: int
    act_id: str
    edition: str
    language: str
    delivery: str
    mode: str
    origin: str
    reference: str
    licence_number: str
    certificate_type: str
    type_version: int
    issuing_body: str
    issuing_body_name: str
    issuing_body_name_en: str
    successor_name: str | None
    claims: Mapping[str, Any]
    fields: Mapping[str, str]
    payload_sha256: str
    statement: int
    previous_act: str
    recorded_at: datetime
    sealed_at: datetime
    delivered: str | None = None
    marking: CopyMarking | None = None
    sealed_xml: str | None = None

    @property
    def name(self) -> DocumentName:
        return DocumentName(self.serial, self.edition, self.language, self.delivery)

    @property
    def xml(self) -> bytes:
        """The sealed XML."""
        return (self.sealed_xml or "").encode()

    def with_xml(self, sealed: bytes) -> "Content":
        return replace(self, sealed_xml=sealed.decode())

    @property
    def sealer(self) -> str:
        """Whose seal it bears: the issuing body's; a copy bears the hub's, and holds the record with the body's."""
        return COPIES_SEALER if self.delivery else self.issuing_body

    @property
    def reason(self) -> str:
        """What the signature inside the PDF says it is for."""
        what = "加注件 copy" if self.delivery else "电子证照 certificate"
        return f"{what} {self.claims['identifier']}"

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The files inside the PDF, once the XML is sealed."""
        xml = Attachment(XML_NAME, self.xml, "application/xml", "证照数据 certificate metadata, sealed")
        if self.delivered is None:
            return (xml,)
        record = Attachment(
            DELIVERED_NAME, self.delivered.encode(), "application/json", "颁发机构签章的证照数据 the sealed record"
        )
        return (xml, record)


def content_of(
    name: DocumentName,
    certificate: Certificate,
    *,
    act_id: str,
    registry: Registry,
    connection: Connection,
    now: datetime,
) -> Content:
    """Read what this document of the certificate says, from its sealed bytes.

    Raises DocumentError copy_not_delivered, copy_erased, document_holder_erased.
    """
    stored = CertificateReader(connection).records([certificate.serial])[certificate.serial]
    private = decrypt_disclosures(stored.envelope, serial=certificate.serial, registry=registry)
    fields = disclosed_values([*stored.public_disclosures, *private])
    if "holder_name" not in fields:
        raise DocumentError("document_holder_erased")
    whole = _content(name, certificate, stored.payload, fields, act_id, registry, connection, now)
    return _as_delivered(whole, certificate, stored, registry, connection) if name.delivery else whole


def public_content(
    certificate: Certificate, *, language: str, registry: Registry, connection: Connection, now: datetime
) -> Content:
    """Read what anybody may see of a certificate, for its public picture; nothing else is even decrypted."""
    stored = CertificateReader(connection).records([certificate.serial])[certificate.serial]
    name, fields = DocumentName(certificate.serial, "picture", language), disclosed_values(stored.public_disclosures)
    return _content(name, certificate, stored.payload, fields, "", registry, connection, now)


def _content(
    name: DocumentName,
    certificate: Certificate,
    payload: bytes,
    fields: Mapping[str, str],
    act_id: str,
    registry: Registry,
    connection: Connection,
    now: datetime,
) -> Content:
    body = PartyReader(connection).body_names(certificate.issuing_body)
    successor = PartyReader(connection).body_names(body.successor) if body and body.successor else None
    return Content(
        serial=certificate.serial,
        act_id=act_id,
        edition=name.edition,
        language=name.language,
        delivery=name.delivery,
        mode=registry.mode,
        origin=registry.origin,
        reference=certificate.reference,
        licence_number=certificate.licence_number,
        certificate_type=certificate.certificate_type,
        type_version=certificate.type_version,
        issuing_body=certificate.issuing_body,
        issuing_body_name=fields["issuing_body_name"],
        issuing_body_name_en=body.name_en if body else "",
        successor_name=successor.name_zh if successor else None,
        claims=parse_json(payload),
        fields=fields,
        payload_sha256=certificate.payload_sha256,
        statement=certificate.statement,
        previous_act=certificate.act_id,
        recorded_at=certificate.sealed_at,
        # To the second, as signatures and pages say it: the same moment in every place.
        sealed_at=now.replace(microsecond=0),
    )


def _as_delivered(
    whole: Content, certificate: Certificate, stored: StoredRecord, registry: Registry, connection: Connection
) -> Content:
    """Return a copy's content: what its delivery discloses and nothing else, with the delivered file inside."""
    decision = ExchangeReader(connection).decision(whole.delivery)
    delivery = ExchangeReader(connection).delivery(whole.delivery)
    if decision is None or delivery is None or certificate.certificate_type not in decision.fields:
        raise DocumentError("copy_not_delivered")
    names = permitted_names(certificate, decision, registry, connection)
    note = unverified_payload(delivery.note)
    signed = {each["sha256"] for each in note["presentations"]}
    document = present_as_delivered(stored, names, certificate.serial, signed, registry)
    named = {"identifier": certificate.identifier, "sha256": presentation_digest(document)}
    if not any(named.items() <= each.items() for each in note["presentations"]):
        is_erased = any(each.recorded_at >= delivery.recorded_at for each in ErasureReader(connection).of(whole.serial))
        raise DocumentError("copy_erased" if is_erased else "copy_not_delivered")
    permitted = {*COMMON_FIELDS, *names}
    requester, chinese = note["requester"], whole.language == "zh"
    maker = PartyReader(connection).department(note["maker"])
    return replace(
        whole,
        fields={name: value for name, value in whole.fields.items() if name in permitted},
        statement=decision.statement,
        previous_act=delivery.act_id,
        delivered=orjson.dumps(delivered_file(document, delivery.note, registry)).decode(),
        marking=CopyMarking(
            requester=f"{requester['name']} {numbered(requester['licence_number']) or ''}".strip(),
            cause=note["cause"],
            case=f"{note['item_code']} {note['case_number']}",
            made=_moment(datetime.fromisoformat(note["made_at"]), chinese=chinese),
            ends=_moment(datetime.fromisoformat(note["ends_at"]), chinese=chinese),
            maker=maker.name_zh if maker else note["maker"],
            serial=serial_of(whole.act_id),
        ),
    )


def serial_of(act_id: str) -> Reference:
    """Return the serial that a copy bears: the name of the act that sealed it, as it can be printed and typed."""
    return make_reference(decode(act_id))


def act_of_serial(serial: Reference) -> str:
    """Return the act that a copy's serial names."""
    return encode(reference_bytes(serial))


def face_of(content: Content, kind: CertificateType, *, layout: str, qr_text: str, qr_svg: bytes) -> Face:
    """Return the page of a document: in Chinese or English words, its values as the record has them."""
    claims, fields, chinese = content.claims, content.fields, content.language == "zh"
    rows = [
        FaceRow(each.label_zh, each.label_en, _shown(fields[each.name], each.form, chinese=chinese))
        for each in kind.fields
        if fields.get(each.name)
    ]
    if fields.get("holder_address"):
        rows.insert(0, FaceRow("住所", "Address", fields["holder_address"]))
    return Face(
        layout=layout,
        language="zh" if chinese else "en",
        edition="original" if content.edition == "original" else "duplicate",
        is_test=content.mode == "test",
        # Every layout is ours: none has been held against the form the law prescribes.
        non_statutory=True,
        title_zh=kind.name_zh,
        title_en=kind.name_en,
        number_label_zh="证照编号",
        number_label_en="Certificate number",
        number=fields["certificate_number"],
        holder=fields["holder_name"],
        licence_number=content.licence_number,
        rows=tuple(rows),
        valid_from=_day(claims["valid_from"], chinese=chinese),
        valid_to=_day(claims["valid_to"], chinese=chinese) if claims["valid_to"] else "",
        body=content.issuing_body_name,
        body_en=content.issuing_body_name_en,
        issued_on=_day(claims["issued_on"], chinese=chinese),
        successor_body=content.successor_name,
        identifier=str(claims["identifier"]),
        reference_url=qr_text,
        qr_svg=qr_svg,
        recorded_at=_moment(content.recorded_at, chinese=chinese),
        sealed_at=_moment(content.sealed_at, chinese=chinese),
        marking=content.marking,
    )


def encrypt_content(content: Content, registry: Registry) -> bytes:
    """Return a content in its stored form."""
    return encrypt(orjson.dumps(content), master=registry.master, context=_context(content.serial))


def decrypt_content(envelope: bytes, serial: int, registry: Registry) -> Content:
    """Return a content from its stored form."""
    stored = orjson.loads(decrypt(envelope, masters=registry.masters, context=_context(serial)))
    for name in ("recorded_at", "sealed_at"):
        stored[name] = datetime.fromisoformat(stored[name])
    if stored["marking"] is not None:
        stored["marking"] = CopyMarking(**stored["marking"])
    return Content(**stored)


def _shown(value: str, form: FieldForm, *, chinese: bool) -> str:
    return _day(value, chinese=chinese) if form is FieldForm.DATE else value


def _day(text: str, *, chinese: bool) -> str:
    day = date.fromisoformat(text)
    return f"{day.year}年{day.month}月{day.day}日" if chinese else day.isoformat()


def _moment(moment: datetime, *, chinese: bool) -> str:
    local = moment.astimezone(SHANGHAI)
    return f"{_day(local.date().isoformat(), chinese=chinese)} {local:%H:%M:%S}{'' if chinese else ' UTC+8'}"


def _context(serial: int) -> bytes:
    return f"document:{serial}".encode()
