"""The written form of a sealed PDF: what stands where among its octets, for sealing and for reading alike.

One file, one form: a header, objects without a gap between them, one cross-reference table, one end; and in one of
the objects the signature's place, whose octets follow from the octets around it and the CMS in it. So nothing can be
added before, between or after, and no second file carries the same signature. Only octets are looked at here; what the
objects say is for `signing.pdf_reading`.

Source: ISO 32000-1 sections 7.5 (file structure) and 12.8.1 (byte range), in the narrow form that qpdf writes.
"""

import re
from itertools import pairwise

from signing.errors import PdfRefusedError

LARGEST_PDF_BYTES = 10_000_000
_PLACE_WIDTH = len(b"/ByteRange [ 0 9999999999 9999999999 9999999999 ")
_PLACE = re.compile(rb"/ByteRange \[ 0 (\d{1,10}) (\d{1,10}) (\d{1,10}) *\] /Contents ")
_CONTENTS = re.compile(rb"<(3082(?:[0-9a-f]{2})+)>")
_HEADER = re.compile(rb"%PDF-1\.[4-7]\n%\xbf\xf7\xa2\xfe\n")
_ENDING = re.compile(rb"\nstartxref\n(\d{1,10})\n%%EOF\n\Z")
_LONGEST_ENDING = 40
_TABLE = re.compile(
    rb"xref\n0 (\d{1,7})\n0000000000 65535 f \n((?:\d{10} 00000 n \n)+)"
    rb"trailer << (?:/Info \d+ 0 R )?/Root \d+ 0 R /Size \1 /ID \[(?:<[0-9a-f]*>){2}\](?: /Encrypt \d+ 0 R)? >>\n"
    rb"startxref\n\d+\n%%EOF\n"
)
_ENTRY_WIDTH = 20


def place_octets(opened: int, closed: int, rest: int) -> bytes:
    """Return what stands before /Contents' hex string: the byte range [0 opened closed rest], in a fixed width."""
    return (b"/ByteRange [ 0 %d %d %d" % (opened, closed, rest)).ljust(_PLACE_WIDTH) + b"] /Contents "


def contents_octets(cms: bytes, room: int) -> bytes:
    """Return the hex string that holds the CMS, filled up with zeros to `room` bytes."""
    return b"<" + cms.hex().encode("ascii").ljust(2 * room, b"0") + b">"


def attached_octets(content: bytes) -> bytes:
    """Return what an attached file looks like among the octets: a stream, not packed."""
    return b"stream\n%b\nendstream" % content


def one_place(raw: bytes) -> int:
    """Return where the one signature's place begins; PdfRefusedError (byte_range) when there is none or another."""
    placed = raw.find(b"/ByteRange")
    if placed < 0 or raw.find(b"/ByteRange", placed + 1) >= 0:
        raise PdfRefusedError("byte_range", "the file has no byte range, or more than one")
    return placed


def read_place(raw: bytes) -> tuple[tuple[int, int, int, int], bytes]:
    """Return the byte range as it stands in the file, and the CMS in its gap; PdfRefusedError byte_range, contents."""
    stated = _PLACE.match(raw, one_place(raw))
    if stated is None:
        raise PdfRefusedError("byte_range", "the byte range is not four numbers in their place")
    opened, closed, rest = map(int, stated.groups())
    if opened != stated.end() or closed + rest != len(raw):
        raise PdfRefusedError("byte_range", "the byte range is not the whole file but for the signature")
    contents = _CONTENTS.fullmatch(raw, opened, closed)
    if contents is None:
        raise PdfRefusedError("contents", "the signature is not one of a length that it states, then zeros")
    padded = bytes.fromhex(contents[1].decode("ascii"))
    cms = padded[: 4 + int.from_bytes(padded[2:4], "big")]
    return (0, opened, closed, rest), cms


def require_one_revision(raw: bytes) -> int:
    """Return how many objects there are in a file that is header, objects 1 to n in their order, table and end.

    Raises PdfRefusedError when there is anything else: leading, trailing, revised (more than one end) or layout.
    """
    header = _HEADER.match(raw)
    if header is None:
        raise PdfRefusedError("leading", "the file does not begin as a sealed file does")
    ending = _ENDING.search(raw, max(0, len(raw) - _LONGEST_ENDING))
    if ending is None:
        raise PdfRefusedError("trailing", "the file does not end as a sealed file does")
    table_at = int(ending[1])
    table = _TABLE.fullmatch(raw, table_at)
    if table is None or not _are_objects(raw, header.end(), _offsets(table[2]), table_at, int(table[1])):
        reason = "revised" if raw.count(b"startxref") > 1 else "layout"
        raise PdfRefusedError(reason, "the file is not one revision of objects, a table and an end")
    return int(table[1]) - 1


def _offsets(entries: bytes) -> list[int]:
    return [int(entries[at : at + 10]) for at in range(0, len(entries), _ENTRY_WIDTH)]


def _are_objects(raw: bytes, header_ends: int, offsets: list[int], table_at: int, size: int) -> bool:
    """Tell whether each object begins where the one before it ends, and the table where the last does."""
    return (
        size == len(offsets) + 1
        and offsets[0] == header_ends
        and all(
            raw.startswith(b"%d 0 obj\n" % number, begins) and raw.endswith(b"\nendobj\n", begins, ends)
            for number, (begins, ends) in enumerate(pairwise([*offsets, table_at]), start=1)
        )
    )
