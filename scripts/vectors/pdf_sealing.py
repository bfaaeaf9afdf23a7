"""Small pages to seal, and a careless sealer: it lays the same signature over whatever it is given."""

import warnings
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, PageCopyWarning, Pdf, String

from scripts.vectors.seals import BODY_NAME, SEALED_AT, seal
from signing.cms import sign_digest
from signing.pdf import seal_pdf
from signing.pdf_form import contents_octets, place_octets
from signing.signers import Signer

ROOM = 4096
GAP = 2 * ROOM + 2
_UNKNOWN = 9_999_999_999
Change = Callable[[Pdf], None]
MakeCms = Callable[[bytes], bytes]


def page_text(shop: str) -> bytes:
    """Return the content of a page, as long for each shop of one letter."""
    return b"BT /F0 16 Tf 20 150 Td (EXAMPLE CERTIFICATE OF SHOP %s) Tj ET" % shop.encode()


def attached_xml(shop: str) -> bytes:
    """Return the file attached to a page."""
    return f"<certificate><holder>示例商店{shop}</holder></certificate>".encode()


def plain_page(shop: str) -> bytes:
    """Return a page with an attached file, not sealed."""
    with Pdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(420, 200)).obj
        page.Resources = Dictionary(
            Font=Dictionary(F0=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        )
        page.Contents = pdf.make_stream(page_text(shop))
        pdf.Root.Lang = String("zh")
        file = pdf.make_indirect(attached(pdf, "certificate.xml", attached_xml(shop)))
        pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array([String("certificate.xml"), file])))
        pdf.Root.AF = Array([file])
        return saved(pdf, min_version="1.7")


def attached(pdf: Pdf, name: str, content: bytes, **entries: Any) -> Dictionary:
    """Return a file specification with its content; `entries` are further ones of the stream."""
    stream = pdf.make_stream(
        content,
        Type=Name.EmbeddedFile,
        Subtype=Name("/application/xml"),
        Params=Dictionary(Size=len(content)),
        **entries,
    )
    return Dictionary(
        Type=Name.Filespec,
        F=String(name),
        UF=String(name),
        AFRelationship=Name.Source,
        Desc=String("the certificate"),
        EF=Dictionary(F=stream, UF=stream),
    )


def sealed_page(shop: str = "A", *, signer: Signer | None = None) -> bytes:
    """Return a small page sealed as the hub seals."""
    return seal_pdf(
        plain_page(shop),
        signer=signer or seal("seal"),
        statement=None,
        sealed_at=SEALED_AT,
        page=1,
        rect=(320, 20, 400, 100),
        name=BODY_NAME,
        reason=f"电子证照 certificate {shop}",
    )


def saved(pdf: Pdf, **options: Any) -> bytes:
    """Return the file as sealing writes it, but for `options`."""
    written = BytesIO()
    form: dict[str, Any] = {
        "object_stream_mode": pikepdf.ObjectStreamMode.disable,
        "compress_streams": False,
        "stream_decode_level": pikepdf.StreamDecodeLevel.none,
        "deterministic_id": True,
    }
    with warnings.catch_warnings():
        # That a field is not in the form may be the very fault of a vector.
        warnings.simplefilter("ignore", PageCopyWarning)
        pdf.save(written, **{**form, **options})
    return written.getvalue()


def genuine_cms(signer: Signer, covered: bytes) -> bytes:
    """Return the CMS that sealing makes over what the signature covers."""
    return sign_digest(sha256(covered).digest(), signer=signer, statement=None)


def unchanged(pdf: Pdf) -> None:
    """Leave all as it is."""


def seal_carelessly(
    raw: bytes,
    change: Change = unchanged,
    *,
    edit: Callable[[bytes], bytes] = bytes,
    signer: Signer | None = None,
    make_cms: MakeCms | None = None,
    **options: Any,
) -> bytes:
    """Return a sealed file after `change`, sealed again over whatever that made of it, by the seal or another signer.

    `edit` is done to the written file before it is sealed, `options` are those of writing it; `make_cms` gets what the
    signature covers, in place of the signer.
    """
    with Pdf.open(BytesIO(raw)) as pdf:
        signature = pdf.Root.AcroForm.Fields[0].V
        signature.ByteRange, signature.Contents = empty_place()
        change(pdf)
        prepared = edit(saved(pdf, **options))
    return fill_place(prepared, prepared.index(b"/ByteRange"), make_cms or partial(genuine_cms, signer or seal("seal")))


def empty_place() -> tuple[Array, String]:
    """Return the byte range and the contents of a signature still to be made."""
    return Array([0, _UNKNOWN, _UNKNOWN, _UNKNOWN]), String("\0" * ROOM)


def fill_place(prepared: bytes, placed: int, make_cms: MakeCms) -> bytes:
    """Return the file with its empty place, which begins at `placed`, filled by a signature over all the rest."""
    opened = placed + len(place_octets(_UNKNOWN, _UNKNOWN, _UNKNOWN))
    closed = opened + GAP
    before = prepared[:placed] + place_octets(opened, closed, len(prepared) - closed)
    after = prepared[closed:]
    return before + contents_octets(make_cms(before + after), ROOM) + after
