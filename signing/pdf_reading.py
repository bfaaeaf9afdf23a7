"""Reading a sealed PDF: a stranger's file is taken apart in one place, and its seal verified in another.

`extract_pdf` parses hostile bytes and is run where nothing is to be had: in a child process with limits. `verify_pdf`
runs where the keys are and parses nothing: it does arithmetic over the octets, compares them, and checks a signature.
What it accepts is, byte for byte, a file that the seal covered whole. All parts come from the child and are believed
in nothing: where the place of the signature is said to be, the octets themselves must say it too.

Attached files too: they stand in the octets as they are, so that what the child says of them is compared and not
believed. What a child taken over by its input can still do is to have a genuine file refused.

The reasons of PdfRefusedError, a closed list:
    too_large       more octets, objects or attached files than a document of ours has
    leading         other octets where the file begins
    trailing        other octets where the file ends
    revised         something was added: the file has more than one end
    layout          octets outside the objects, or another way of writing than sealing has
    malformed       the objects are not whole
    encrypted       encrypted
    byte_range      the signature's place: none, two, or not as the octets say
    contents        what is in the place is not one signature and zeros
    active          a script, an action, a layer, a form, or an entry no sealed document has
    annotations     an annotation other than the seal, or a seal that shows something
    signatures      a field other than the seal, or a signature of another kind
    certification   the signature permits changes, or does not certify
    external        content outside the file
    attachments     attached files not as sealing attaches them
Those of sealing are in `signing.pdf`. Sources: ISO 32000-1 section 12.8.1, ETSI EN 319 142-1 section 6.
"""

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO

import pikepdf
from pikepdf import Pdf

from signing.cms import verify_digest
from signing.errors import PdfRefusedError
from signing.jws import FindCertKey
from signing.pdf_form import (
    LARGEST_PDF_BYTES,
    attached_octets,
    contents_octets,
    one_place,
    place_octets,
    read_place,
    require_one_revision,
)
from signing.pdf_objects import read_objects

_MOST_OBJECTS = 50_000
# No value stands beside another without one of these (ISO 32000-1 section 7.2.2): counted before the parser takes 150
# bytes for each. They are a sixteenth of packed streams, too.
_BETWEEN_VALUES = b"\0\t\n\f\r ()<>[]{}/%"
_MOST_VALUES = 800_000


@dataclass(frozen=True, slots=True)
class PdfParts:
    """What a PDF seems to consist of, not verified.

    `byte_range` is [0, a, b, c]: a where the hex string of the signature opens, b behind it, c octets to the end;
    `cms` is the DER in it; `attachments` are name and content of each attached file.
    """

    byte_range: tuple[int, int, int, int]
    cms: bytes
    attachments: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class VerifiedPdf:
    """Whose seal covers the whole file: the cert in DER."""

    cert_der: bytes


def extract_pdf(raw: bytes) -> PdfParts:
    """Take apart a file that anybody may have made; PdfRefusedError, and no other, when it is not of our form."""
    if len(raw) > LARGEST_PDF_BYTES:
        raise PdfRefusedError("too_large", "the file is too large")
    objects = require_one_revision(raw)
    if objects > _MOST_OBJECTS or len(raw) - len(raw.translate(None, _BETWEEN_VALUES)) > _MOST_VALUES:
        raise PdfRefusedError("too_large", "the file has too many objects or values")
    try:
        # One table was seen: no other is looked for, nothing is repaired.
        with Pdf.open(BytesIO(raw), attempt_recovery=False, ignore_xref_streams=True) as pdf:
            return _extract(raw, pdf)
    except PdfRefusedError:
        raise
    except pikepdf.PasswordError as error:
        raise PdfRefusedError("encrypted", "the file is encrypted") from error
    except MemoryError as error:
        raise PdfRefusedError("too_large", "the file takes too much memory") from error
    except Exception as error:
        # What is not of the type it should be, somewhere in a stranger's objects, is met as any of Python's errors.
        raise PdfRefusedError("malformed", "the objects of the file are not whole") from error


def _extract(raw: bytes, pdf: Pdf) -> PdfParts:
    if pdf.is_encrypted:
        raise PdfRefusedError("encrypted", "the file is encrypted")
    byte_range, cms = read_place(raw)
    attachments = read_objects(pdf)
    if pdf.get_warnings():
        raise PdfRefusedError("malformed", "the objects of the file had to be repaired")
    return PdfParts(byte_range, cms, attachments)


def verify_pdf(raw: bytes, parts: PdfParts, *, find_key: FindCertKey) -> VerifiedPdf:
    """Return whose seal covers `raw` whole, with what `extract_pdf` took out of it in a place that is not trusted.

    Raises PdfRefusedError byte_range, contents or attachments, and what `signing.cms.verify_digest` raises.
    """
    begins, opened, closed, rest = parts.byte_range
    if begins != 0 or not 0 < opened < closed <= len(raw) or closed + rest != len(raw):
        raise PdfRefusedError("byte_range", "the byte range is not the whole file")
    # The range stands within what it covers: were it not compared, the signature could be moved to another place.
    one_place(raw)
    if not raw.endswith(place_octets(opened, closed, rest), 0, opened):
        raise PdfRefusedError("byte_range", "the byte range is not the one the file states")
    if raw[opened:closed] != contents_octets(parts.cms, (closed - opened) // 2 - 1):
        raise PdfRefusedError("contents", "the signature is not all that is outside of what it covers")
    if any(attached_octets(content) not in raw for _, content in parts.attachments):
        raise PdfRefusedError("attachments", "an attached file is not in the file as it was said to be")
    covered = sha256(raw[:opened])
    covered.update(raw[closed:])
    return VerifiedPdf(verify_digest(parts.cms, covered.digest(), find_key=find_key))
