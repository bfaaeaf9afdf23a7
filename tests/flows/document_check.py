"""Re-verifies every stored document from its bytes: file, XML inside, its seal, and the record that it names."""

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import orjson
import pikepdf
from sqlalchemy import Connection

from connectors.contract import SignedText
from hub.document_metadata import read_document
from hub.documents.checking import check_documents
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentReader, StoredDocument
from schemas.download import parse_download
from signing.base64url import decode
from signing.jws import VerificationKey
from signing.x509 import read_cert_unverified
from signing.xml import extract_xml, verify_xml
from tests.flows.world import World


def faulty_documents(world: World, connection: Connection) -> Iterator[str]:
    """Say of every stored document what is not as it should be."""
    leaving = DocumentReader(connection).leaving(1_000)
    checked = check_documents(registry=world.registry, files=world.workshop.files, now=world.now)
    for each in checked:
        if each.fault == "left" and each.stored.sha256 in leaving:
            continue  # its deletion is still to come
        if each.fault is not None:
            yield f"document {each.stored.sha256}: {each.fault}"
        elif each.stored.edition != "existing" and each.stored.erased_by is None:
            yield from _contradictions(each.stored, world, connection)


def _contradictions(stored: StoredDocument, world: World, connection: Connection) -> Iterator[str]:
    certificate = CertificateReader(connection).by_serial([stored.serial])[stored.serial]
    inside = _attachments(world.workshop.files.get(stored.sha256))
    said = read_document(verify_xml(extract_xml(inside["certificate.xml"]), find_key=_finder(stored, world)).element)
    told = (said.identifier, said.payload_sha256, said.sealed_at, said.edition, said.language, said.delivery)
    kept = (certificate.identifier, certificate.payload_sha256, stored.sealed_at)
    if told != (*kept, stored.edition, stored.language, stored.delivery):
        yield f"document {stored.sha256}: its XML says otherwise"
    if stored.payload_sha256 != certificate.payload_sha256:
        yield f"document {stored.sha256}: drawn from another record"


def _finder(stored: StoredDocument, world: World) -> Any:
    trust = world.registry.trust()

    def find_key(cert_der: bytes) -> VerificationKey:
        key_id = read_cert_unverified(cert_der).key_id
        if stored.delivery:
            return trust.hub_key(key_id, purpose="copies", at=stored.sealed_at)
        return trust.seal_key(key_id, issuing_body=None, at=stored.sealed_at)

    return find_key


def _attachments(pdf: bytes) -> dict[str, bytes]:
    with pikepdf.open(BytesIO(pdf)) as opened:
        return {name: each.get_file().read_bytes() for name, each in opened.attachments.items()}


def verified_application(row: Mapping[str, Any], world: World) -> str:
    """Return what an e-licence signed to ask for documents, verified anew; raises what the port raises."""
    kept = orjson.loads(row["jws"])
    signed = SignedText(kept["text"], kept["algorithm"], decode(kept["signature"]), decode(kept["cert"]), kept["role"])
    signer = world.exchange.e_licence.verify(signed, at=row["recorded_at"])
    if signer.licence_number != parse_download(signed.text).applicant:
        raise ValueError("signed by another enterprise")
    return signed.text
