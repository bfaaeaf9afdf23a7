"""Documents as shown, a PDF or the XML of one: what a child took out of them, and what holds of it.

1 the file is taken apart by a child, which only extracts; a picture's texts are read as if they had been pasted
2 the PDF's seal covers all its bytes, and the seal of the XML inside is by the same cert, one of the trust list
3 only then is the XML parsed: what it says, in whose name; its sealer must be one that may seal so, now
4 who shows it may hold it: a master as one holds paper; a copy by the delivered file inside, which must be of the same
  certificate, record and delivery, and is proven as any delivered file is
A file that calls itself a document of ours and is not of the form of one has been changed; another is not ours.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from hub.decisions.verification import passed
from hub.public.examination.extracted import REFUSED, UNREADABLE, Extracted, PdfRead, PictureRead, Unread, XmlRead
from hub.public.examination.forms import LARGEST_FILE, Examined, Form, ShownFile, kind_of, read_delivered, read_examined
from hub.public.examination.known import facts_of_findings
from hub.public.examination.listed import COPIES_PURPOSE, NOT_TRUSTED, ListedKeys, named_key, standing_of
from hub.public.examination.proof import NO_LIST, FindType, NoteProof, SealProof, prove_right, prove_seals
from hub.steps.documents.metadata import MetadataFormError, read_document
from schemas.document import DELIVERED_NAME, XML_NAME, CopyMark, DocumentMetadata
from schemas.verdict import Check, CheckName, Facts, Result
from signing.errors import KeyUnknownError, SignatureInvalidError, SigningError
from signing.jws import FindCertKey
from signing.pdf_reading import PdfParts, verify_pdf
from signing.trust import TrustList
from signing.xml import VerifiedXml, XmlParts, verify_xml, written_xml

Read = Callable[[bytes], Extracted]
"""Takes a file apart where it can do no harm: `hub.public.examination.reader.Reader.read`."""

# What a file of ours says of itself, whatever became of it.
_OURS = {Form.PDF: b"certificate.xml", Form.XML: b"urn:yizhao:sealed:"}
OWN_DOCUMENT = Check(CheckName.RIGHT_TO_HOLD, Result.PASSED, "own_document")
_UNSEEN = Check(CheckName.SEAL, Result.UNKNOWN, "check_missing")
_UNDECIDED = NoteProof(Check(CheckName.RIGHT_TO_HOLD, Result.UNKNOWN, "check_missing"))


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document as shown, PDF or XML; `pdf` and `xml` are None where they are not of the form of a sealed document.

    `delivered` is the record and its note inside a copy.
    """

    form: Form
    raw: bytes
    pdf: PdfParts | None = None
    xml: XmlParts | None = None
    delivered: ShownFile | None = None


@dataclass(frozen=True, slots=True)
class DocumentProof:
    """Findings on a document; `metadata` is what its sealed XML says, only where the seals held.

    `record` is the proof of the record inside a copy.
    """

    seal: Check
    trust: Check
    right: NoteProof = _UNDECIDED
    metadata: DocumentMetadata | None = None
    record: SealProof | None = None

    @property
    def facts(self) -> Facts:
        """What is known from the bytes alone, before anybody is asked how it stands."""
        said = self.metadata
        return facts_of_findings(
            self.seal,
            self.trust,
            self.right.right_to_hold,
            valid_from=said.valid_from if said else None,
            valid_to=said.valid_to if said else None,
        )


NO_LIST_DOCUMENT = DocumentProof(NO_LIST.seal, NO_LIST.trust)


# --- 1 taken apart ---


def read_shown(raw: bytes, *, origin: str, read: Read) -> ShownDocument | Examined:
    """Recognise anything that was uploaded or pasted; a document comes back as it was taken apart."""
    form = kind_of(raw)
    if form is None:
        return read_examined(raw, origin=origin)
    if len(raw) > LARGEST_FILE:
        return Examined(form, reason="too_large")
    match form, read(raw):
        case Form.PDF, PdfRead(parts, xml):
            return ShownDocument(form, raw, parts, xml, _delivered_in(parts))
        case Form.XML, XmlRead(parts):
            return ShownDocument(form, raw, xml=parts)
        case Form.PICTURE, PictureRead(texts):
            return _read_texts(texts, origin)
        case Form.PDF | Form.XML, Unread(reason) if reason == REFUSED:
            return ShownDocument(form, raw) if _OURS[form] in raw else Examined(form, reason="not_ours")
        case _, Unread(reason) if reason != REFUSED:
            return Examined(form, reason=reason)
    # Something else than such a file has in it.
    return Examined(form, reason=UNREADABLE)


def _delivered_in(parts: PdfParts) -> ShownFile | None:
    content = dict(parts.attachments).get(DELIVERED_NAME)
    return None if content is None else read_delivered(content)


def _read_texts(texts: tuple[str, ...], origin: str) -> Examined:
    """Return what the first code of ours says; pages that others name are opened too."""
    if not texts:
        return Examined(Form.PICTURE, reason="no_code")
    found = [read_examined(text.encode(), origin=origin) for text in texts]
    first = next((each for each in found if each.form is not Form.UNKNOWN_FORM), found[0])
    return replace(first, opens=tuple(dict.fromkeys(path for each in found for path in each.opens)))


# --- 2 to 4 proven ---


def prove_document(shown: ShownDocument, *, find_type: FindType, trust: TrustList, now: datetime) -> DocumentProof:
    """Verify a document with the keys of the trust list, read what it says, judge its sealer and its holder's right."""
    try:
        xml = _verified(shown, ListedKeys(trust).document_key)
        said = read_document(xml.element)
    except KeyUnknownError:
        return DocumentProof(_UNSEEN, NOT_TRUSTED)
    except SigningError:
        return _refused("seal_broken")
    except MetadataFormError:
        return _refused("record_malformed")
    proof = DocumentProof(passed(CheckName.SEAL), _sealer_standing(xml.cert_der, said, trust, now), metadata=said)
    if not isinstance(said.mark, CopyMark):
        return replace(proof, right=NoteProof(OWN_DOCUMENT))
    return _with_record(proof, said, said.mark, shown, find_type, trust, now)


def _verified(shown: ShownDocument, find_key: FindCertKey) -> VerifiedXml:
    """Return the sealed XML of a document whose every byte one key has sealed; raises what says that it is not so."""
    if shown.xml is None or (shown.pdf is None) != (shown.form is Form.XML):
        raise SignatureInvalidError("not of the form of a sealed document")
    sealed = verify_pdf(shown.raw, shown.pdf, find_key=find_key) if shown.pdf else None
    whole = dict(shown.pdf.attachments).get(XML_NAME) if shown.pdf else shown.raw
    if written_xml(shown.xml) != whole:
        raise SignatureInvalidError("the file is not what was taken out of it")
    xml = verify_xml(shown.xml, find_key=find_key)
    if sealed is not None and sealed.cert_der != xml.cert_der:
        raise SignatureInvalidError("the PDF and the XML inside are sealed by different certs")
    return xml


def _sealer_standing(cert_der: bytes, said: DocumentMetadata, trust: TrustList, now: datetime) -> Check:
    if (said.origin, said.mode) != (trust.origin, trust.mode):
        return NOT_TRUSTED
    try:
        if said.edition == "copy":
            trust.hub_key(named_key(cert_der), purpose=COPIES_PURPOSE, at=now)
        else:
            trust.seal_key(named_key(cert_der), issuing_body=said.issuing_body, at=now)
    except KeyUnknownError as error:
        return standing_of(error)
    return passed(CheckName.TRUST)


def _with_record(
    proof: DocumentProof,
    said: DocumentMetadata,
    mark: CopyMark,
    shown: ShownDocument,
    find_type: FindType,
    trust: TrustList,
    now: datetime,
) -> DocumentProof:
    """Return the proof of a copy: sealed by the hub, inside the record with the body's seal, and the note beside it."""
    if shown.form is Form.XML:
        return replace(proof, right=NoteProof(_right_of_copy_alone(mark, now)))
    if shown.delivered is None:
        return _refused("record_malformed")
    record = prove_seals(shown.delivered, trust=trust, now=now)
    right = prove_right(shown.delivered, record, find_type=find_type, trust=trust, now=now)
    if record.seal != passed(CheckName.SEAL):
        return DocumentProof(record.seal, record.trust)
    if not _belong_together(said, mark, shown.delivered, record, right):
        return _refused("seal_broken")
    standing = proof.trust if record.trust == passed(CheckName.TRUST) else record.trust
    return replace(proof, trust=standing, right=right, record=record)


def _right_of_copy_alone(mark: CopyMark, now: datetime) -> Check:
    if now >= mark.ends_at:
        return Check(CheckName.RIGHT_TO_HOLD, Result.FAILED, "note_ended")
    return Check(CheckName.RIGHT_TO_HOLD, Result.UNKNOWN, "note_missing")


def _belong_together(
    said: DocumentMetadata, mark: CopyMark, delivered: ShownFile, record: SealProof, right: NoteProof
) -> bool:
    """Tell whether a copy and the delivered file inside are of one certificate, one record and one delivery."""
    claims, note = record.claims, right.note
    if delivered.record is None or claims is None:
        return False
    payload_sha256 = sha256(delivered.record.payload).hexdigest()
    same_record = (claims.identifier, payload_sha256) == (said.identifier, said.payload_sha256)
    return same_record and (note is None or note.serial == mark.delivery)


def _refused(reason: str) -> DocumentProof:
    return DocumentProof(
        Check(CheckName.SEAL, Result.FAILED, reason), Check(CheckName.TRUST, Result.UNKNOWN, "check_missing")
    )
