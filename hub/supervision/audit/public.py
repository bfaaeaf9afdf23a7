"""The log audited by its public bytes alone: what anybody can fetch, and nothing that must be believed.

Every leaf is read and the whole tree made anew from the leaves: its root is the signed one, its tiles are those that
are served, and on the way the root of each earlier size is met, so that a head seen before is held against it.
Source: RFC 9162, 2.1; C2SP tlog-tiles and tlog-checkpoint.
"""

from collections.abc import Callable, Generator, Iterator, Mapping

from signing.merkle import EMPTY, TILE_HEIGHT, TILE_WIDTH, Edge, leaf_hash
from signing.tiles import read_bundle, tile_name

Fetch = Callable[[str], bytes]
"""Returns a tile by its name; raises where there is none."""


def leaves_under(size: int, fetch: Fetch) -> Iterator[bytes]:
    """Yield the contents of the first `size` leaves; ValueError for a bundle that does not hold what it should."""
    for index in range(-(-size // TILE_WIDTH)):
        wanted = min(TILE_WIDTH, size - index * TILE_WIDTH)
        leaves = read_bundle(fetch(_named(None, index, wanted)))
        if len(leaves) != wanted:
            raise ValueError(f"bundle {index} does not hold {wanted} leaves")
        yield from leaves


def verify_tree(size: int, root: bytes, fetch: Fetch, *, seen: Mapping[int, bytes] | None = None) -> Iterator[str]:
    """Yield what contradicts a head of `size` leaves with this root; `seen` are roots shown before, by size."""
    earlier = dict(seen or {})
    edge = EMPTY
    yield from _met(edge, earlier)
    batch = list[bytes]()
    for leaf in leaves_under(size, fetch):
        batch.append(leaf_hash(leaf))
        if len(batch) == TILE_WIDTH or edge.size + len(batch) in earlier:
            edge = yield from _extended(edge, batch, fetch)
            batch = []
            yield from _met(edge, earlier)
    edge = yield from _extended(edge, batch, fetch)
    if edge.root() != root:
        yield f"log: the root of its {size} leaves is not the signed one"
    for level, hashes in enumerate(edge.levels):
        if hashes and fetch(_named(level, size >> (TILE_HEIGHT * (level + 1)), len(hashes) // len(root))) != hashes:
            yield f"log: the last tile of level {level} is not its leaves'"
    yield from (f"log: it is shorter than a head of {each} leaves that it showed" for each in earlier)


def _extended(edge: Edge, hashes: list[bytes], fetch: Fetch) -> Generator[str, None, Edge]:
    after, full = edge.extended(hashes)
    for each in full:
        if fetch(tile_name(each.level, each.index)) != each.hashes:
            yield f"log: tile {tile_name(each.level, each.index)} is not its leaves'"
    return after


def _met(edge: Edge, earlier: dict[int, bytes]) -> Iterator[str]:
    root = earlier.pop(edge.size, None)
    if root is not None and root != edge.root():
        yield f"log: it no longer begins with the head of {edge.size} leaves that it showed"


def _named(level: int | None, index: int, width: int) -> str:
    return tile_name(level, index) + ("" if width == TILE_WIDTH else f".p/{width}")
