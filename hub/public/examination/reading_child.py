"""The child that takes a stranger's file apart, confined (`confined.child`), for one file, without a verdict."""

from io import BytesIO

import zxingcpp
from PIL import Image

from hub.public.examination.extracted import (
    LONGEST_TEXT,
    MOST_TEXTS,
    REFUSED,
    Extracted,
    PdfRead,
    PictureRead,
    Unread,
    XmlRead,
    to_answer,
)
from hub.public.examination.forms import Form, kind_of
from hub.steps.files.confined import child
from schemas.document import XML_NAME
from signing.errors import PdfRefusedError, XmlRefusedError
from signing.pdf_reading import extract_pdf
from signing.xml import XmlParts, extract_xml

_MOST_PIXELS = 25_000_000
_ENOUGH_PIXELS = (2_000, 2_000)
_PICTURES = ("PNG", "JPEG")
_QR_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def serve() -> None:
    """Take one file apart, confined."""
    Image.preinit()  # what opens a kind of picture is loaded late
    child.serve(lambda raw: to_answer(extract(raw)))


def extract(raw: bytes) -> Extracted:
    """Take a file apart by its kind. Raises whatever a library raises: the parent sees no answer then."""
    try:
        match kind_of(raw):
            case Form.PDF:
                return _pdf(raw)
            case Form.XML:
                return XmlRead(extract_xml(raw))
            case _:
                return _picture(raw)
    except (PdfRefusedError, XmlRefusedError):
        return Unread(REFUSED)
    except Image.DecompressionBombError:
        return Unread("picture_too_large")


# --- each kind ---


def _pdf(raw: bytes) -> PdfRead:
    parts = extract_pdf(raw)
    return PdfRead(parts, _xml_in(dict(parts.attachments).get(XML_NAME, b"")))


def _xml_in(attached: bytes) -> XmlParts | None:
    try:
        return extract_xml(attached)
    except XmlRefusedError:
        return None


def _picture(raw: bytes) -> Extracted:
    with Image.open(BytesIO(raw), formats=_PICTURES) as picture:
        # A large photograph is scaled down, and read as grey, while it is decompressed.
        picture.draft("L", _ENOUGH_PIXELS)
        if picture.width * picture.height > _MOST_PIXELS:
            return Unread("picture_too_large")
        grey = picture.convert("L")
    # Looking for codes takes time by area, and a hostile picture has something like a code everywhere.
    grey.thumbnail(_ENOUGH_PIXELS)
    found = zxingcpp.read_barcodes(grey, formats=_QR_CODES, text_mode=zxingcpp.TextMode.Plain)
    texts = [each.text for each in found if len(each.text.encode()) <= LONGEST_TEXT]
    return PictureRead(tuple(texts[:MOST_TEXTS]))
