"""The names and bytes of a log's tiles, as everybody reads them (C2SP tlog-tiles).

A tile is named `0/x001/x234/067`: its level and its index in groups of three digits; entry bundles stand at level
"entries" and hold, for each leaf, its length in two bytes and its content. A partial one ends in `.p/WIDTH`, and is
always the beginning of the full one.
"""

import re
from collections.abc import Iterable

from signing.merkle import HASH_BYTES, TILE_WIDTH

_NAME = re.compile(r"(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def tile_name(level: int | None, index: int) -> str:
    """Return the name of a full tile; level None is a bundle of entries."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    return f"{'entries' if level is None else level}/{'/'.join(reversed(groups))}"


def read_tile_name(name: str) -> tuple[int | None, int, int] | None:
    """Return level, index and width of a tile's name; None for what names none in the one form there is."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    level = None if found[1] == "entries" else int(found[1])
    index = int(found[2].replace("x", "").replace("/", ""))
    width = int(found[3]) if found[3] else TILE_WIDTH
    is_canonical = tile_name(level, index) == f"{found[1]}/{found[2]}"
    return (
        (level, index, width) if is_canonical and width <= TILE_WIDTH and (width < TILE_WIDTH or not found[3]) else None
    )


def bundle(leaves: Iterable[bytes]) -> bytes:
    """Return the bundle of these leaves' contents."""
    return b"".join(len(each).to_bytes(2, "big") + each for each in leaves)


def read_bundle(content: bytes) -> list[bytes]:
    """Return the leaves of a bundle; ValueError when it is cut short."""
    leaves, at = list[bytes](), 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if at + 2 > len(content) or end > len(content):
            raise ValueError("the bundle is cut short")
        leaves.append(content[at + 2 : end])
        at = end
    return leaves


def cut_bundle(content: bytes, width: int) -> bytes:
    """Return the bundle of the first `width` leaves."""
    return bundle(read_bundle(content)[:width])


def cut_tile(content: bytes, width: int) -> bytes:
    """Return the first `width` hashes of a tile."""
    return content[: width * HASH_BYTES]
