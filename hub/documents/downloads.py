"""Fetching documents: the holder its own by an application it signed, a requester the copies of its delivery.

1 the application is verified (`hub/steps/consent/applications.py`)
2 the certificates it names are found; each must be the applicant's, ordered here and valid now
3 statement, download and entry are committed, the documents put down as wanted            <- COMMIT POINT
4 each document is fetched by the download's name and token until it ends

The token is a keyed digest of the name: nothing secret is stored. It is given to the one who signed, and no other
proof is asked while it lasts. A department's system fetches the copies of its own deliveries with its access token.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hmac import compare_digest
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import disclosed_values
from hub.documents.making import want
from hub.documents.permission import require_permitted
from hub.errors import DocumentError, NotFoundError
from hub.steps.certificates.intentions import new_name
from hub.steps.consent.applications import Application, fetch_token
from hub.steps.orders.repeats import earlier_answer, keep_answer, open_act, spend_statement
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import require_deliverable
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentName, DocumentReader, DocumentWriter, StoredDownload
from hub.store.entry import EntryWriter
from hub.store.exchange import ExchangeReader, StoredDelivery
from schemas.certificate import Certificate
from schemas.download import COPY, EXISTING, Download
from schemas.evidence import ActFacts, Kind
from signing.jws import unverified_payload

MOST_DOCUMENTS = 500


@dataclass(frozen=True, slots=True)
class Fetchable:
    """One document that may be fetched: its name, and what a list of contents says of it."""

    name: DocumentName
    identifier: str
    certificate_type: str
    certificate_number: str


def open_download(application: Application, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Let a holder fetch its own documents. Raises DocumentError; GrantError for what names another's certificate."""
    system, key = application.system.code, application.key
    earlier = earlier_answer(system, key, request_digest=key, registry=registry)
    if earlier is not None:
        return earlier
    # 办事人 of the enterprise act for it in a matter; the originals are the legal representative's and the manager's.
    if application.role == "agent":
        raise DocumentError("download_role")
    return registry.database.write(partial(_open, application, registry, now))


def download_of(name: str, token: str, *, registry: Registry, now: datetime) -> StoredDownload:
    """Return a download that may be used now. NotFoundError for a wrong name or token, DocumentError when it ended."""
    with registry.database.read() as connection:
        download = DocumentReader(connection).download(name)
    if download is None or not compare_digest(token.encode(), fetch_token(b"download", name, registry).encode()):
        raise NotFoundError("download_not_found")
    if now >= download.ends_at:
        raise DocumentError("download_ended")
    return download


def own_download(name: str, applicant: str, *, registry: Registry, now: datetime) -> StoredDownload:
    """Return a holder's own download that may be used now, to who signed in for it; another's is not found."""
    download = download_of(name, fetch_token(b"download", name, registry), registry=registry, now=now)
    if download.applicant != applicant:
        raise NotFoundError("download_not_found")
    return download


def delivery_of(name: str, *, requester: str, registry: Registry, now: datetime) -> StoredDelivery:
    """Return a delivery to `requester` whose copies may be had; another's is not found. Raises DocumentError."""
    with registry.database.read() as connection:
        delivery = ExchangeReader(connection).delivery(name)
        if delivery is None or delivery.requester != requester:
            raise NotFoundError("delivery_not_found")
        return require_deliverable(name, connection, now)


def delivery_by_token(name: str, token: str, *, registry: Registry, now: datetime) -> StoredDelivery:
    """Return the delivery whose token this is; the token was in the answer to whom it was delivered."""
    with registry.database.read() as connection:
        delivery = ExchangeReader(connection).delivery(name)
    if delivery is None or not compare_digest(token.encode(), delivery_token(name, registry).encode()):
        raise NotFoundError("delivery_not_found")
    return delivery_of(name, requester=delivery.requester, registry=registry, now=now)


def delivery_token(name: str, registry: Registry) -> str:
    """Return what opens a delivery's copies to the enterprise it was delivered to."""
    return fetch_token(b"delivery", name, registry)


def documents_of_download(download: StoredDownload, *, registry: Registry) -> list[Fetchable]:
    """Return what a download gives, in the order of its certificates."""
    return _fetchable(download.serials, download.edition, download.language, "", registry)


def copies_of_delivery(delivery: StoredDelivery, *, language: str, registry: Registry) -> list[Fetchable]:
    """Return the copies of a delivery: one of each record its note names."""
    from_note = unverified_payload(delivery.note)["presentations"]
    with registry.database.read() as connection:
        found = CertificateReader(connection).by_identifier([each["identifier"] for each in from_note])
    serials = [found[each["identifier"]].serial for each in from_note]
    return _fetchable(serials, COPY, language, delivery.decision, registry)


# --- steps 2 and 3 ----------------------------------------------------------------------------------------------


def _open(application: Application, registry: Registry, now: datetime, connection: Connection) -> dict[str, Any]:
    wanted, verified = application.download, application.verified
    system, key, name = application.system.code, application.key, new_name(registry)
    open_act(connection, system, key, request_digest=key, act=name, registry=registry, now=now)
    statement = spend_statement(connection, verified, system=system, registry=registry, now=now)
    certificates, left_out = _chosen(wanted, connection, now)
    download = StoredDownload(
        download=name,
        applicant=wanted.applicant,
        edition=wanted.edition,
        language=_language(wanted),
        serials=[each.serial for each in certificates],
        statement=statement,
        ends_at=now + registry.terms.download_term,
        recorded_at=now,
        act_id=new_name(registry),
    )
    DocumentWriter(connection).add_download(download)
    if wanted.edition != EXISTING:
        want(connection, {_name(each, wanted): None for each in certificates}, now)
    act = ActFacts(Kind.DOWNLOAD, download.act_id, now, None, verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    answer = {
        "download": name,
        "token": fetch_token(b"download", name, registry),
        "ends_at": download.ends_at.isoformat(),
        "documents": [
            {"identifier": each.identifier, "certificate_type": each.certificate_type} for each in certificates
        ],
        "left_out": left_out,
    }
    keep_answer(connection, system, key, answer, registry=registry)
    return answer


def _chosen(wanted: Download, connection: Connection, now: datetime) -> tuple[list[Certificate], list[dict[str, str]]]:
    """Return the certificates to fetch, and those left out with the reason; one asked for by name is never left out."""
    reader = CertificateReader(connection)
    if wanted.certificates:
        found = reader.by_identifier(wanted.certificates)
        if any(name not in found or found[name].licence_number != wanted.applicant for name in wanted.certificates):
            raise DocumentError("download_certificate_unknown")
        chosen = [found[name] for name in wanted.certificates]
        for each in chosen:
            require_permitted(_name(each, wanted), each, connection, now)
        return chosen, []
    chosen, left_out = [], []
    for each in reader.current_of(wanted.applicant):
        try:
            require_permitted(_name(each, wanted), each, connection, now)
            chosen.append(each)
        except DocumentError as error:
            left_out.append({"identifier": each.identifier, "reason": error.code})
    if not chosen:
        raise DocumentError("existing_none" if wanted.edition == EXISTING else "download_nothing")
    if len(chosen) > MOST_DOCUMENTS:
        raise DocumentError("download_too_many", most=MOST_DOCUMENTS)
    return chosen, left_out


def _name(certificate: Certificate, wanted: Download) -> DocumentName:
    return DocumentName(certificate.serial, wanted.edition, _language(wanted))


def _language(wanted: Download) -> str:
    # A file that was taken in is in whatever language it is; it is kept under one name.
    return "zh" if wanted.edition == EXISTING else wanted.language


# --- step 4 -----------------------------------------------------------------------------------------------------


def _fetchable(
    serials: Sequence[int], edition: str, language: str, delivery: str, registry: Registry
) -> list[Fetchable]:
    with registry.database.read() as connection:
        certificates = CertificateReader(connection).by_serial(serials)
        records = CertificateReader(connection).records(serials)
    numbers = {
        serial: disclosed_values(records[serial].public_disclosures).get("certificate_number", "") for serial in serials
    }
    return [
        Fetchable(
            DocumentName(serial, edition, language, delivery),
            certificates[serial].identifier,
            certificates[serial].certificate_type,
            numbers[serial],
        )
        for serial in serials
    ]
