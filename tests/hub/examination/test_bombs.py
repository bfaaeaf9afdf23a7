"""Files made to exhaust whoever reads them: read or refused, within the memory of one child, never a failure."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import partial

import pytest

from scripts.vectors.pdf import LARGE, large_vector

# A process of its own, as the memory of a child is counted from that of its parent.
MEASURED = """
import resource, sys
from hub.public.examination.reader import Reader
found = Reader().read(sys.stdin.buffer.read())
print(type(found).__name__, getattr(found, "reason", ""), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
MOST_KILOBYTES = 300 * 1024


def read_measured(raw: bytes) -> tuple[str, str, int]:
    """Return what came of a file, why, and the most memory its child had (kB)."""
    ran = subprocess.run([sys.executable, "-c", MEASURED], input=raw, capture_output=True, check=True)
    kind, *reason, kilobytes = ran.stdout.decode().split()
    return kind, "".join(reason), int(kilobytes)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, declared: int = 1) -> bytes:
    """Return a blank picture, 16 bits in each of four colours; it may declare itself so many times as wide."""
    packer, row = zlib.compressobj(9), bytes(1 + width * 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width * declared, height * declared, 16, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def xref_stream() -> bytes:
    """Return a PDF whose cross-references are 600 MB in 600 KB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(600)) + packer.flush()
    stream = b"<</Type/XRef/Size 100000000/W[1 4 1]/Root 2 0 R/Filter/FlateDecode/Length %d>>" % len(packed)
    named = b"1 0 obj\n" + stream + b"stream\n" + packed + b"\nendstream\nendobj\n"
    return b"%PDF-1.7\n%\xbf\xf7\xa2\xfe\n" + named + b"startxref\n15\n%%EOF\n"


def laughs() -> bytes:
    inner = b"".join(b'<!ENTITY a%d "%s">' % (each, b"&a%d;" % (each - 1) * 10) for each in range(1, 9))
    return b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">' + inner + b"]><x>&a8;</x>"


def sealed(name: str) -> bytes:
    return large_vector(name).content


# Each is made by its test: together they take seconds.
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    **{name: (partial(sealed, name), "refused") for name in LARGE},
    "xref_stream": (xref_stream, "refused"),
    "laughs": (laughs, "refused"),
    "brackets": (lambda: b"<" * 12_000_000, "refused"),
    "pixels_declared": (partial(png, 10, 10, declared=6000), "picture_too_large"),
    "pixels_missing": (partial(png, 10, 10, declared=400), "unreadable"),
    "pixels": (partial(png, 5_000, 5_000), ""),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_read_or_refused_within_the_memory_of_a_child(name: str) -> None:
    make, reason = BOMBS[name]
    kind, found, kilobytes = read_measured(make())
    assert (kind, found) == ("Unread" if reason else "PictureRead", reason)
    assert kilobytes < MOST_KILOBYTES
