"""Handing out an archive package: everything of one certificate that a stranger needs to verify it, in one zip.

1 the certificate is found, and the caller is of a department whose body issued it, succeeded or commands that body
2 everything is read in one snapshot; the status lists are signed, and must say what the snapshot says
3 the zip is written as it is sent: documents are read one by one, the manifest of all digests comes last
The same state under the same status lists gives the same bytes. What was erased is not in it; its digest is.
Copies (加注件) are not in it: they belong to who asked for them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from hub.errors import NotFoundError, OrderError
from hub.evidence.archives.contents import FORM, Contents, as_json, document_row, gather
from hub.steps.files.zip_stream import Moment, ZipStream
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.files import DocumentFiles, StoredFileError
from hub.store.parties import PartyReader
from schemas.certificate import Certificate, Status
from schemas.document import XML_NAME
from schemas.parties import System
from signing.base64url import decode
from signing.errors import SigningError
from signing.jws import parse_json
from signing.pdf_reading import extract_pdf
from signing.status_list import StatusValue, decode_status

StatusToken = Callable[[int], str]
"""Returns one status list of this moment as a signed token, by its number."""

# The first moment a zip can name: the package tells its own times.
_NO_MOMENT: Moment = (1980, 1, 1, 0, 0, 0)
_ATTEMPTS = 5
_SAID_AS = {
    Status.VALID: StatusValue.VALID,
    Status.SUSPENDED: StatusValue.SUSPENDED,
    Status.SUPERSEDED: StatusValue.APPLICATION_SPECIFIC,
}


@dataclass(frozen=True, slots=True)
class Archive:
    """A package that is ready to be written; `status_tokens` by list number."""

    contents: Contents
    status_tokens: Mapping[int, str]


def open_archive(
    identifier: str, *, system: System, registry: Registry, status_token: StatusToken, now: datetime
) -> Archive:
    """Gather the archive of one certificate for a system of its issuing body, that body's successor or superior.

    Raises NotFoundError certificate_not_found, OrderError body_not_yours; act_under_way while acts keep coming.
    """
    for _ in range(_ATTEMPTS):
        with registry.database.snapshot() as connection:
            certificate = CertificateReader(connection).by_identifier([identifier]).get(identifier)
            if certificate is None:
                raise NotFoundError("certificate_not_found")
            _require_right(certificate, system, connection)
            contents = gather(certificate, registry, connection, now)
        tokens = {number: status_token(number) for number in sorted({number for number, _ in contents.statuses})}
        if _agree(contents, tokens):
            return Archive(contents, tokens)
    raise OrderError("act_under_way")


def write_archive(archive: Archive, *, files: DocumentFiles) -> Iterator[bytes]:
    """Yield the zip, piece by piece; a document whose file is not there is named with the reason."""
    contents, zipped, digests = archive.contents, ZipStream(_NO_MOMENT), dict[str, str]()

    def put(name: str, content: bytes) -> bytes:
        digests[name] = sha256(content).hexdigest()
        return zipped.add(name, content)

    for name in sorted(contents.files):
        yield put(name, contents.files[name])
    told = []
    for document, version in contents.documents:
        found, fault = _document_files(document.sha256, document.xml_sha256, files)
        for name, content in found.items():
            yield put(name, content)
        told.append(document_row(document, version, fault))
    yield put("documents.json", as_json(told))
    for number, token in archive.status_tokens.items():
        yield put(f"status/{number}.jwt", token.encode())
    manifest = {"archive": FORM, "identifier": contents.identifier, "files": digests, "schemas": contents.schemas}
    yield zipped.add("manifest.json", as_json(manifest))
    yield zipped.end()


def _require_right(certificate: Certificate, system: System, connection: Connection) -> None:
    """Refuse a department none of whose bodies issued this, took over from or commands the body that did."""
    reader = PartyReader(connection)
    own = reader.issuing_body(certificate.issuing_body)
    others = (own.successor, own.superior) if own else ()
    entitled = [own, *(reader.issuing_body(each) for each in others if each)]
    if not any(body is not None and body.department == system.department for body in entitled):
        raise OrderError("body_not_yours", issuing_body=certificate.issuing_body)


def _agree(contents: Contents, tokens: Mapping[int, str]) -> bool:
    """Say whether the status lists tell what the snapshot tells: an act may have come between."""
    lists = {number: parse_json(decode(token.split(".")[1]), max_bytes=1_000_000) for number, token in tokens.items()}
    for (number, index), status in contents.statuses.items():
        said = decode_status(lists[number]["status_list"]["lst"], index)
        # A suspension may have ended by its date: then the list says so, and the package the rule.
        if said != _SAID_AS.get(Status(status), StatusValue.INVALID) and (said, status) != (0, Status.SUSPENDED):
            return False
    return True


def _document_files(digest: str, xml_digest: str | None, files: DocumentFiles) -> tuple[dict[str, bytes], str | None]:
    """Return a document's files by name, the PDF and the XML inside, or why there are none."""
    try:
        pdf = files.get(digest)
    except StoredFileError as error:
        return {}, error.reason
    found = {f"documents/{digest}.pdf": pdf}
    if xml_digest is not None:
        try:
            found[f"documents/{digest}.xml"] = dict(extract_pdf(pdf).attachments)[XML_NAME]
        except (SigningError, KeyError):
            return found, "damaged"
    return found, None
