"""A font of one character, a black square, as a site would add one for what the bundled font lacks.

Written after the OpenType specification 1.9: the tables without which a TrueType font is none.
"""

import struct

_UNITS = 1000
_OUTLINED = 1  # the glyph of the character; glyph 0 is what is drawn for any other
_WINDOWS, _UNICODE_BMP, _UNICODE_FULL, _ENGLISH = 3, 1, 10, 0x409


def font_with(character: str, family: str = "Example Site") -> bytes:
    """Return a TrueType font whose only character is this."""
    tables = {
        b"OS/2": _os2(character),
        b"cmap": _cmap(ord(character)),
        b"glyf": _square(),
        b"head": _head(),
        b"hhea": struct.pack(">IhhhHhhhhhh8xhH", 0x00010000, 880, -120, 0, _UNITS, 0, 0, _UNITS, 1, 0, 0, 0, 2),
        b"hmtx": struct.pack(">HhHh", _UNITS, 0, _UNITS, 100),
        b"loca": struct.pack(">III", 0, 0, len(_square())),
        b"maxp": struct.pack(">IHHHHHHHHHHHHHH", 0x00010000, 2, 4, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0),
        b"name": _name(family),
        b"post": struct.pack(">IIhhIIIII", 0x00030000, 0, 0, 0, 0, 0, 0, 0, 0),
    }
    header = struct.pack(">IHHHH", 0x00010000, len(tables), 128, 3, len(tables) * 16 - 128)
    place, entries, content = len(header) + 16 * len(tables), b"", b""
    for tag, table in sorted(tables.items()):
        padded = table + bytes(-len(table) % 4)
        entries += struct.pack(">4sIII", tag, _sum(padded), place + len(content), len(table))
        content += padded
    return header + entries + content


def _sum(padded: bytes) -> int:
    words = (padded[start : start + 4] for start in range(0, len(padded), 4))
    return sum(int.from_bytes(word) for word in words) & 0xFFFFFFFF


def _square() -> bytes:
    bounds = (100, 0, 900, 800)
    points = struct.pack(">4h4h", 100, 0, 800, 0, 0, 800, 0, -800)
    return struct.pack(">h4hHH4B", 1, *bounds, 3, 0, 1, 1, 1, 1) + points


def _head() -> bytes:
    times = (0, 0)
    return struct.pack(
        ">IIIIHHqqhhhhHHhhh", 0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0, _UNITS, *times, 100, 0, 900, 800, 0, 8, 2, 1, 0
    )


def _cmap(code_point: int) -> bytes:
    group = struct.pack(">HHIIIIII", 12, 0, 28, 0, 1, code_point, code_point, _OUTLINED)
    return struct.pack(">HHHHI", 0, 1, _WINDOWS, _UNICODE_FULL, 12) + group


def _name(family: str) -> bytes:
    names = {1: family, 2: "Regular", 4: family, 6: family.replace(" ", "")}
    texts = {number: text.encode("utf-16-be") for number, text in names.items()}
    records, start = b"", 0
    for number, text in texts.items():
        records += struct.pack(">HHHHHH", _WINDOWS, _UNICODE_BMP, _ENGLISH, number, len(text), start)
        start += len(text)
    return struct.pack(">HHH", 0, len(texts), 6 + len(records)) + records + b"".join(texts.values())


def _os2(character: str) -> bytes:
    last = min(ord(character), 0xFFFF)
    metrics = struct.pack(">HhHHH10hh10B4I4s", 4, _UNITS, 400, 5, 0, *[0] * 10, 0, *[0] * 10, 0, 0, 0, 0, b"EXMP")
    return metrics + struct.pack(">HHHhhhHHIIhhHHH", 64, last, last, 880, -120, 0, 880, 120, 0, 0, 500, 700, 0, 32, 1)
