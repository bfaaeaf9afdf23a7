"""Sealing a PDF: one certification signature over the whole file, PAdES baseline B-B, "no changes" (DocMDP P=1).

The page as drawn shows the seal; the signature's field lies over it, empty, so that a click on the seal opens the
signature. Sources: ISO 32000-1 sections 12.7.4.5, 12.8.1 and 12.8.2.2, ETSI EN 319 142-1 section 6.
What is refused to be sealed is what could change its meaning later (forms, scripts, layers) or is signed already.
Where its parts stand among the octets is in `signing.pdf_form`; a stranger's PDF is read by `signing.pdf_reading`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO

import pikepdf
from pikepdf import AccessMode, Array, Dictionary, Name, Pdf, String

from signing.cms import sign_digest
from signing.errors import PdfRefusedError
from signing.pdf_form import LARGEST_PDF_BYTES, contents_octets, one_place, place_octets, require_one_revision
from signing.signers import Signer

# Room for the CMS: two certs of ours take 1,600 bytes.
_CONTENTS_BYTES = 4096
_UNKNOWN = 9_999_999_999  # as wide as any number that comes in its place
_PRINTED_LOCKED = 132  # bits 3 and 8: print, locked
_SIGNED_FORM_FLAGS = 3  # signatures exist, append only
_FORBIDDEN_IN_ROOT = ("/AcroForm", "/OpenAction", "/AA", "/OCProperties", "/Perms")


def seal_pdf(
    pdf: bytes,
    *,
    signer: Signer,
    statement: bytes | None,
    sealed_at: datetime,
    page: int,
    rect: tuple[float, float, float, float],
    name: str,
    reason: str,
) -> bytes:
    """Return the sealed file. All but the signature follows from the input alone.

    `page` counts from 1, `rect` is x0, y0, x1, y1 in points where the drawn seal stands; `name` is whose seal it is,
    `sealed_at` (aware) what the signature claims of its time. Raises PdfRefusedError, and what `sign_digest` raises.
    """
    prepared = _prepared(pdf, sealed_at, page, rect, name, reason)
    if len(prepared) > LARGEST_PDF_BYTES:
        raise PdfRefusedError("too_long", "what is sealed could not be read again")
    require_one_revision(prepared)
    placed = one_place(prepared)
    opened = placed + len(place_octets(_UNKNOWN, _UNKNOWN, _UNKNOWN))
    closed = opened + len(contents_octets(b"", _CONTENTS_BYTES))
    if prepared[opened:closed] != contents_octets(b"", _CONTENTS_BYTES):
        raise PdfRefusedError("layout", "the signature's place is not where it was put")
    place = place_octets(opened, closed, len(prepared) - closed)
    before, after = prepared[:placed] + place, prepared[closed:]
    cms = sign_digest(sha256(before + after).digest(), signer=signer, statement=statement)
    if len(cms) > _CONTENTS_BYTES:
        raise PdfRefusedError("too_long", "the signature does not fit into its place")
    return before + contents_octets(cms, _CONTENTS_BYTES) + after


def _prepared(
    raw: bytes, sealed_at: datetime, page: int, rect: tuple[float, float, float, float], name: str, reason: str
) -> bytes:
    """Return the file with an empty signature in its place."""
    try:
        with _opened(raw) as pdf:
            _require_sealable(pdf, page)
            _unpack_attached(pdf)
            signature = pdf.make_indirect(_signature(sealed_at, name, reason))
            field = pdf.make_indirect(_field(pdf, signature, page, rect))
            pdf.pages[page - 1].obj.Annots = Array([field])
            pdf.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=_SIGNED_FORM_FLAGS)
            pdf.Root.Perms = Dictionary(DocMDP=signature)
            written = BytesIO()
            pdf.save(
                written,
                object_stream_mode=pikepdf.ObjectStreamMode.disable,
                compress_streams=False,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                deterministic_id=True,
                # The file keeps its version, and so the metadata that the drawing wrote keep theirs.
                fix_metadata_version=False,
            )
    except pikepdf.PdfError as error:
        raise PdfRefusedError("malformed", "not a readable PDF") from error
    return written.getvalue()


def _unpack_attached(pdf: Pdf) -> None:
    """Let attached files stand in the octets as they are: whoever verifies finds them there without a parser."""
    for attached in pdf.attachments.values():
        stream = attached.obj.EF.F
        stream.write(stream.read_bytes())


@contextmanager
def _opened(raw: bytes) -> Iterator[Pdf]:
    """Open a PDF in memory that qpdf reads by itself; of a stream of Python's, each of 4,000 reads would be a call."""
    with open(os.memfd_create("drawn"), "w+b") as file:
        file.write(raw)
        file.flush()
        with Pdf.open(file, access_mode=AccessMode.mmap) as pdf:
            yield pdf


def _require_sealable(pdf: Pdf, page: int) -> None:
    if pdf.is_encrypted:
        raise PdfRefusedError("encrypted", "an encrypted file is not sealed")
    if any(key in pdf.Root for key in _FORBIDDEN_IN_ROOT):
        raise PdfRefusedError("active", "the file has a form, an action, layers or a signature")
    if "/Names" in pdf.Root and "/JavaScript" in pdf.Root.Names:
        raise PdfRefusedError("active", "the file has a script")
    if any("/Annots" in each.obj or "/AA" in each.obj for each in pdf.pages):
        raise PdfRefusedError("active", "a page has annotations or actions")
    if not 1 <= page <= len(pdf.pages):
        raise PdfRefusedError("page", "the seal's page is not there")


def _signature(sealed_at: datetime, name: str, reason: str) -> Dictionary:
    parameters = Dictionary(Type=Name.TransformParams, P=1, V=Name("/1.2"))
    reference = Dictionary(Type=Name.SigRef, TransformMethod=Name.DocMDP, TransformParams=parameters)
    return Dictionary(
        Type=Name.Sig,
        Filter=Name("/Adobe.PPKLite"),
        SubFilter=Name("/ETSI.CAdES.detached"),
        ByteRange=Array([0, _UNKNOWN, _UNKNOWN, _UNKNOWN]),
        Contents=String("\0" * _CONTENTS_BYTES),
        M=String(sealed_at.astimezone(UTC).strftime("D:%Y%m%d%H%M%S+00'00'")),
        Name=String(name),
        Reason=String(reason),
        Reference=Array([reference]),
    )


def _field(pdf: Pdf, signature: pikepdf.Object, page: int, rect: tuple[float, float, float, float]) -> Dictionary:
    x0, y0, x1, y1 = rect
    look = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, x1 - x0, y1 - y0]))
    return Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Sig,
        T=String("seal"),
        V=signature,
        F=_PRINTED_LOCKED,
        Rect=Array([x0, y0, x1, y1]),
        P=pdf.pages[page - 1].obj,
        AP=Dictionary(N=look),
    )
