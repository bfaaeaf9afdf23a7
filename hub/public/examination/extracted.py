"""What a reading child says of a file, and the one strict form in which it says so.

An answer is octet strings one after another (`hub.steps.files.confined.octets`), of which the first names the kind. It
is the word of a process that a hostile file may have taken over: bounded, of one of these kinds, or `Unread`.
What it holds is taken out of the file and nothing else; whether any of it is genuine is not known here.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import partial
from struct import Struct
from struct import error as StructError

from hub.steps.files.confined.children import LARGEST_ANSWER
from hub.steps.files.confined.octets import joined, split
from signing.pdf_reading import PdfParts
from signing.xml import XmlParts

MOST_TEXTS = 16
LONGEST_TEXT = 7_089  # the digits of the largest QR code (ISO/IEC 18004, table 1)
UNREADABLE = "unreadable"
TOO_SLOW = "too_slow"
REFUSED = "refused"
REASONS = frozenset({UNREADABLE, TOO_SLOW, REFUSED, "picture_too_large"})
_BYTE_RANGE = Struct(">4Q")
_split = partial(split, most=LARGEST_ANSWER)


@dataclass(frozen=True, slots=True)
class PdfRead:
    """A PDF in the form of a sealed document; `xml` is the document's XML attached to it, where that is of its form."""

    parts: PdfParts
    xml: XmlParts | None


@dataclass(frozen=True, slots=True)
class XmlRead:
    """An XML in the form of a sealed document."""

    parts: XmlParts


@dataclass(frozen=True, slots=True)
class PictureRead:
    """The texts of the QR codes in a picture."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """Nothing was taken out; `reason` is one of REASONS.

    refused: it is not of the form of a sealed document.
    """

    reason: str


Extracted = PdfRead | XmlRead | PictureRead | Unread


def to_answer(extracted: Extracted) -> bytes:
    """Return the form in which a child says it."""
    match extracted:
        case PdfRead(parts, xml):
            attached = (octets for name, content in parts.attachments for octets in (name.encode(), content))
            return joined(b"pdf", _BYTE_RANGE.pack(*parts.byte_range), parts.cms, _xml_octets(xml), joined(*attached))
        case XmlRead(parts):
            return joined(b"xml", _xml_octets(parts))
        case PictureRead(texts):
            return joined(b"picture", *(text.encode() for text in texts))
        case Unread(reason):
            return joined(b"unread", reason.encode())


def read_answer(raw: bytes) -> Extracted:
    """Read what a child said; what is not exactly of the form is a file that could not be read."""
    try:
        return _read(_split(raw))
    except (ValueError, StructError):
        return Unread(UNREADABLE)


def _read(said: list[bytes]) -> Extracted:
    match said:
        case [b"pdf", byte_range, cms, xml, attached]:
            begins, opened, closed, rest = _BYTE_RANGE.unpack(byte_range)
            parts = PdfParts((begins, opened, closed, rest), cms, tuple(_attachments(_split(attached))))
            return PdfRead(parts, _xml_parts(xml) if xml else None)
        case [b"xml", xml]:
            return XmlRead(_xml_parts(xml))
        case [b"picture", *texts] if len(texts) <= MOST_TEXTS and max(map(len, texts), default=0) <= LONGEST_TEXT:
            return PictureRead(tuple(text.decode() for text in texts))
        case [b"unread", reason] if reason.decode() in REASONS:
            return Unread(reason.decode())
    raise ValueError("an answer of no kind")


def _attachments(octets: list[bytes]) -> Iterator[tuple[str, bytes]]:
    for name, content in zip(octets[::2], octets[1::2], strict=True):
        yield name.decode(), content


def _xml_octets(parts: XmlParts | None) -> bytes:
    return b"" if parts is None else joined(*astuple(parts))


def _xml_parts(octets: bytes) -> XmlParts:
    element, signed_info, signed_properties, signature, cert_der = _split(octets)
    return XmlParts(element, signed_info, signed_properties, signature, cert_der)
