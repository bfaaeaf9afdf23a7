"""Making a certificate's sealed document: an act of its own, for a version that is valid now.

1 the document is wanted: recorded, while the status permits; whoever wants it next waits for the same
2 a maker takes it and commits all that it follows from: the intention
3 the XML is sealed, and kept in the intention; the page that carries it follows from it byte for byte
4 the page is drawn and sealed, its file written and synced with its folder
5 the status is read again under the holder's row; document and entry are committed        <- COMMIT POINT

A crash after 1 leaves what any maker takes up again once the lease is over, with the same content. A status that
changed in between, or a character no font has, ends it: the problem is told to who waits, and an entry names the
digest of whatever was sealed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from lxml import etree
from sqlalchemy import Connection

from hub.documents.permission import require_permitted
from hub.errors import DocumentError, NotFoundError
from hub.steps.certificates.holders import lock_holder
from hub.steps.certificates.intentions import new_name
from hub.steps.documents.content import Content, content_of, decrypt_content, encrypt_content
from hub.steps.documents.faces.drawing import DrawnPages, MissingGlyphError
from hub.steps.documents.metadata import MetadataFormError
from hub.steps.documents.xml import element_of
from hub.steps.registry import COPIES_SEALER, Registry, Sealers
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentName, DocumentReader, DocumentWriter, OpenDocument, StoredDocument
from hub.store.entry import EntryWriter
from hub.store.files import DocumentFiles, StoredFileError
from hub.store.statement import StatementReader
from schemas.download import EXISTING
from schemas.evidence import ActFacts, Kind
from signing.errors import KeyUnknownError, PdfRefusedError
from signing.pdf import seal_pdf
from signing.signers import Signer
from signing.xml import seal_xml

# What cannot be drawn is not tried again before its content, or the hub's fonts, may have changed.
_OF_ITS_CONTENT = frozenset({"glyph_missing", "document_form"})
_REST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a document is made with: where files lie, and what draws a page around a sealed XML."""

    files: DocumentFiles
    draw: Callable[[Content], DrawnPages]


@dataclass(frozen=True, slots=True)
class Document:
    """A document with its bytes."""

    stored: StoredDocument
    pdf: bytes


def want_document(name: DocumentName, *, registry: Registry, files: DocumentFiles, now: datetime) -> Document | None:
    """Return the document, or None while it has still to be made: then it is down as wanted.

    One whose file is missing or damaged, or whose seal has ended or was revoked, is drawn again, as a new act. Raises
    NotFoundError, or DocumentError when there is no such document to be had; StoreError store_rolled_back,
    store_recovered.
    """
    stored, _ = _look_up(name, registry, now)
    made = _usable(stored, registry, files, now)
    if made is None:
        useless = stored.sha256 if stored else None
        registry.database.write(lambda connection: want(connection, {name: useless}, now))
    return made


def made_document(name: DocumentName, *, registry: Registry, files: DocumentFiles, now: datetime) -> Document | None:
    """Return a document that was wanted, or None while it is not made. Raises also why a maker could not make it."""
    stored, opened = _look_up(name, registry, now)
    if opened is not None and opened.problem is not None:
        code, facts = opened.problem["code"], opened.problem["facts"]
        raise DocumentError(code, **facts)
    return _usable(stored, registry, files, now)


def want(connection: Connection, names: Mapping[DocumentName, str | None], now: datetime) -> None:
    """Put documents down as wanted, each once; with each, the digest of the one whose file is of no use, if any.

    One that another process finished a moment ago is not wanted: it would be drawn twice. A file that was taken in
    cannot be drawn again: DocumentError existing_damaged.
    """
    if any(name.edition == EXISTING for name in names):
        raise DocumentError("existing_damaged")
    reader, writer = DocumentReader(connection), DocumentWriter(connection)
    writer.want([name for name in names if not _rests(reader.open(name), now)], now)
    for name, useless in names.items():
        newest = reader.newest(name)
        if newest is not None and newest.sha256 != useless:
            writer.no_longer_want(name)


def _rests(opened: OpenDocument | None, now: datetime) -> bool:
    """Say whether a document failed a moment ago for what lies in its content: asking again would only seal again."""
    if opened is None or opened.problem is None or opened.problem["code"] not in _OF_ITS_CONTENT:
        return False
    return now - opened.recorded_at < _REST


def make_wanted(
    name: DocumentName, *, registry: Registry, sealers: Sealers, workshop: Workshop, now: datetime
) -> StoredDocument | None:
    """Make a document that is wanted; None when another maker has it, or it cannot be made, which is recorded.

    Raises what a signer, the store or the disk raises: the intention stays and is taken up again.
    """
    content = registry.database.write(partial(_begin, name, registry, now))
    return None if content is None else _make(content, registry, sealers, workshop, now)


def _look_up(
    name: DocumentName, registry: Registry, now: datetime
) -> tuple[StoredDocument | None, OpenDocument | None]:
    registry.refuse_doubtful(now)
    with registry.database.read() as connection:
        certificate = CertificateReader(connection).by_serial([name.serial]).get(name.serial)
        if certificate is None:
            raise NotFoundError("certificate_not_found")
        require_permitted(name, certificate, connection, now)
        return DocumentReader(connection).newest(name), DocumentReader(connection).open(name)


def _usable(stored: StoredDocument | None, registry: Registry, files: DocumentFiles, now: datetime) -> Document | None:
    """Return a document that is of use now: its file is whole, and the trust list still counts its seal."""
    if stored is None or not (stored.edition == EXISTING or is_listed(stored.key_id, stored.name, registry, now)):
        return None
    try:
        return Document(stored, files.get(stored.sha256))
    except StoredFileError:
        return None  # named by `yizhao documents check`


def is_listed(key_id: str, name: DocumentName, registry: Registry, at: datetime) -> bool:
    """Say whether the trust list lets this key seal such a document, for some body, at that moment."""
    trust = registry.trust()
    try:
        if name.delivery:
            trust.hub_key(key_id, purpose=COPIES_SEALER, at=at)
        else:
            trust.seal_key(key_id, issuing_body=None, at=at)
    except KeyUnknownError:
        return False
    return True


# --- steps 1 and 2 ----------------------------------------------------------------------------------------------


def _begin(name: DocumentName, registry: Registry, now: datetime, connection: Connection) -> Content | None:
    """Take what nobody makes, and keep what it follows from; what an earlier maker kept is followed as it is."""
    writer, lease_until = DocumentWriter(connection), now + registry.terms.lease
    if not writer.take_over(name, owner=registry.owner, lease_until=lease_until, now=now):
        return None
    opened = DocumentReader(connection).open(name)
    if opened is not None and opened.envelope is not None:
        return decrypt_content(opened.envelope, name.serial, registry)
    certificate = CertificateReader(connection).by_serial([name.serial])[name.serial]
    try:
        require_permitted(name, certificate, connection, now)
        content = content_of(
            name, certificate, act_id=new_name(registry), registry=registry, connection=connection, now=now
        )
    except (DocumentError, NotFoundError) as error:
        writer.fail(name, owner=registry.owner, problem=_problem(error), now=now)
        return None
    envelope = encrypt_content(content, registry)
    writer.keep(name, owner=registry.owner, lease_until=lease_until, envelope=envelope)
    return content


# --- steps 3 to 5 -----------------------------------------------------------------------------------------------


def _make(
    content: Content, registry: Registry, sealers: Sealers, workshop: Workshop, now: datetime
) -> StoredDocument | None:
    with registry.database.read() as connection:
        statement = StatementReader(connection).get(content.statement)[0].encode()
    signer = sealers(content.sealer)
    try:
        # Asked before each seal: what was intended days ago may be another matter now.
        _require_sealable(content, signer, registry, now)
        if content.sealed_xml is None:
            element = _element(content, registry)
            xml = seal_xml(element, signer=signer, statement=statement, sealed_at=content.sealed_at)
            content = content.with_xml(xml)
            if not registry.database.write(partial(_keep, content, registry, now)):
                return None
        drawn = workshop.draw(content)
        _require_sealable(content, signer, registry, now)
        pdf = seal_pdf(
            drawn.pdf,
            signer=signer,
            statement=statement,
            sealed_at=content.sealed_at,
            page=drawn.seal_page,
            rect=drawn.seal_rect,
            name=content.issuing_body_name,
            reason=content.reason,
        )
    except MissingGlyphError as error:
        _give_up(content, DocumentError("glyph_missing", character=error.character), registry, now)
        return None
    except PdfRefusedError:
        # Its words are those of a PDF's own structure: no reader of ours would take it.
        _give_up(content, DocumentError("document_form"), registry, now)
        return None
    except (DocumentError, NotFoundError) as refusal:
        _give_up(content, refusal, registry, now)
        return None
    name = content.name
    digest = workshop.files.put(pdf)
    stored = StoredDocument(
        **name.key(),
        sha256=digest,
        length=len(pdf),
        xml_sha256=sha256(content.xml).hexdigest(),
        key_id=signer.key_id,
        payload_sha256=content.payload_sha256,
        sealed_at=content.sealed_at,
        act_id=content.act_id,
    )
    made = registry.database.write(partial(_commit, content, stored, registry, now))
    if made is None and _is_nobodys(content, digest, registry):
        workshop.files.delete(digest)
    return made


def _is_nobodys(content: Content, digest: str, registry: Registry) -> bool:
    """Say whether a file that came to nothing belongs to no document, and to no other maker of the same content.

    Something that it shows may have been erased while it was made.
    """
    with registry.database.read() as connection:
        reader = DocumentReader(connection)
        opened = reader.open(content.name)
        if reader.by_digest(digest) is not None:
            return False
    if opened is None or opened.envelope is None:
        return True
    return decrypt_content(opened.envelope, content.serial, registry).act_id != content.act_id


def _require_sealable(content: Content, signer: Signer, registry: Registry, now: datetime) -> None:
    """Refuse to use a key the trust list does not give the sealer, now and when the seal will say that it was made.

    And, again, a document that is not permitted any more. Raises DocumentError, NotFoundError.
    """
    with registry.database.read() as connection:
        certificate = CertificateReader(connection).by_serial([content.serial])[content.serial]
        require_permitted(content.name, certificate, connection, now)
    if not all(is_listed(signer.key_id, content.name, registry, at) for at in (now, content.sealed_at)):
        raise DocumentError("seal_not_listed")


def _give_up(content: Content, refusal: DocumentError | NotFoundError, registry: Registry, now: datetime) -> None:
    sealed = sha256(content.xml).hexdigest() if content.sealed_xml is not None else None
    registry.database.write(partial(_refuse, content, sealed, refusal, registry, now))


def _element(content: Content, registry: Registry) -> etree._Element:
    """Return what is to be sealed; DocumentError document_form where the record does not fit the schema."""
    kind = registry.catalogue.get(content.certificate_type, content.type_version)
    try:
        return element_of(content, kind)
    except MetadataFormError as error:
        raise DocumentError("document_form") from error


def _keep(content: Content, registry: Registry, now: datetime, connection: Connection) -> bool:
    """Keep a content with its sealed XML; False when it is this maker's no more."""
    envelope, lease_until = encrypt_content(content, registry), now + registry.terms.lease
    writer = DocumentWriter(connection)
    if writer.keep(content.name, owner=registry.owner, lease_until=lease_until, envelope=envelope):
        return True
    _enter_overtaken(content, sha256(content.xml).hexdigest(), registry, now, connection)
    return False


def _commit(
    content: Content, stored: StoredDocument, registry: Registry, now: datetime, connection: Connection
) -> StoredDocument | None:
    """Commit the document, or, when the status no longer permits it, its refusal; both end the intention."""
    lock_holder(content.licence_number, connection=connection, registry=registry, now=now)
    certificate = CertificateReader(connection).by_serial([content.serial])[content.serial]
    try:
        require_permitted(content.name, certificate, connection, now)
    except DocumentError as refusal:
        _refuse(content, stored.sha256, refusal, registry, now, connection)
        return None
    if not DocumentWriter(connection).drop(content.name, owner=registry.owner):
        _enter_overtaken(content, stored.sha256, registry, now, connection)
        return None  # another maker completed it first: it has the result; or it is to be made anew
    DocumentWriter(connection).add(stored)
    _enter(Kind.DOCUMENT, content, stored.sha256, registry, now, connection)
    return stored


def _refuse(
    content: Content,
    sealed_digest: str | None,
    refusal: DocumentError | NotFoundError,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> None:
    """End what was begun and cannot be made; an entry names what was sealed on the way, if anything was."""
    failed = DocumentWriter(connection).fail(content.name, owner=registry.owner, problem=_problem(refusal), now=now)
    if failed and sealed_digest is not None:
        _enter(Kind.DOCUMENT_REFUSED, content, sealed_digest, registry, now, connection)


def _enter_overtaken(
    content: Content, sealed_digest: str, registry: Registry, now: datetime, connection: Connection
) -> None:
    """Enter what was sealed from a content that counts no more, as something it shows was erased meanwhile."""
    reader = DocumentReader(connection)
    made, opened = reader.newest(content.name), reader.open(content.name)
    acts = {made.act_id} if made is not None else set()
    if opened is not None and opened.envelope is not None:
        acts.add(decrypt_content(opened.envelope, content.serial, registry).act_id)
    if content.act_id not in acts:
        again = replace(content, act_id=new_name(registry))
        _enter(Kind.DOCUMENT_REFUSED, again, sealed_digest, registry, now, connection)


def _enter(
    kind: Kind, content: Content, sealed_digest: str, registry: Registry, now: datetime, connection: Connection
) -> None:
    act = ActFacts(kind, content.act_id, now, None, None, sealed_digest, content.previous_act)
    EntryWriter(connection, registry.random).add([act])


def _problem(error: DocumentError | NotFoundError) -> dict[str, object]:
    return {"code": error.code, "facts": error.facts}
