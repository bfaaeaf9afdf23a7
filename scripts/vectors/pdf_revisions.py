"""Revisions laid after a sealed PDF, without touching a byte of it (ISO 32000-1 section 7.5.6)."""

import re
from collections.abc import Mapping
from io import BytesIO

from pikepdf import Dictionary, Object, Pdf, Stream

from scripts.vectors.pdf_sealing import Change


def appended(raw: bytes, change: Change) -> bytes:
    """Return the file with a whole revision after it: objects, table and trailer."""
    return raw + with_table(raw, changed_objects(raw, change))


def changed_objects(raw: bytes, change: Change) -> dict[int, bytes]:
    """Return the objects that are new or other after `change`, by their number."""
    with Pdf.open(BytesIO(raw)) as pdf:
        before = _written_objects(pdf)
        change(pdf)
        return {number: octets for number, octets in _written_objects(pdf).items() if before.get(number) != octets}


def with_table(raw: bytes, objects: Mapping[int, bytes], *, free: int | None = None) -> bytes:
    """Return a revision: objects, a table of them (and of one that is free from now on) and a trailer."""
    entries, written = {}, b""
    for number, octets in objects.items():
        entries[number] = b"%010d 00000 n \n" % (len(raw) + len(written))
        written += octets
    if free is not None:
        entries[free] = b"0000000000 00001 f \n"
    return written + table_of(raw, entries, len(raw) + len(written))


def table_of(raw: bytes, entries: Mapping[int, bytes], at: int) -> bytes:
    """Return a table of these entries and its trailer, to stand at `at`."""
    sections = b"".join(b"%d 1\n%s" % (number, entry) for number, entry in sorted(entries.items()))
    previous = int(raw[raw.rindex(b"startxref") :].split()[1])
    root = re.findall(rb"/Root \d+ 0 R", raw)[-1]
    size = max(*entries, *offsets_of(raw)) + 1
    trailer = b"trailer << %s /Size %d /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (root, size, previous, at)
    return b"xref\n" + sections + trailer


def offsets_of(raw: bytes) -> dict[int, int]:
    """Return where each object of a file with one revision begins, by its number."""
    return {int(each[1]): each.start(1) for each in re.finditer(rb"\n(\d+) 0 obj\n", raw)}


def trailer_of(raw: bytes) -> bytes:
    """Return the last trailer."""
    return raw[raw.rindex(b"trailer") : raw.rindex(b"\nstartxref")]


def object_octets(number: int, written: Object) -> bytes:
    """Return an object as it stands in a file."""
    if isinstance(written, Stream):
        entries = Dictionary(dict(written.items()))
        entries.Length = len(written.read_raw_bytes())
        body = b"%s\nstream\n%s\nendstream" % (entries.unparse(), written.read_raw_bytes())
    else:
        body = written.unparse(resolved=True)
    return b"%d 0 obj\n%s\nendobj\n" % (number, body)


def _written_objects(pdf: Pdf) -> dict[int, bytes]:
    return {each.objgen[0]: object_octets(each.objgen[0], each) for each in pdf.objects}
