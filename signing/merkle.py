"""The Merkle tree of a log (RFC 9162, section 2.1, as RFC 6962 has it), kept and read in tiles of 256 hashes.

A tile holds what its level begins: level 0 the hashes of 256 leaves, level 1 those of 256 full tiles of level 0, and so
on (C2SP tlog-tiles). `Edge` is the right end of every level, and all that is needed to append. A proof reads hashes
from tiles through a function, so that it works over files, a database or the network alike.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
TILE_WIDTH = 256
TILE_HEIGHT = 8
EMPTY_ROOT = sha256().digest()

Tile = Callable[[int, int, int], bytes]
"""Returns the hashes of a tile, joined: level, index in the level, how many hashes it must hold at least."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf's content."""
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root of the tree over these hashes; each but the last stands for equally many leaves."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    # Pair by pair, an odd one at the end moving up as it is: the largest power of two below n always stands left.
    while len(row) > 1:
        paired = [node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
        row = [*paired, row[-1]] if len(row) % 2 else paired
    return row[0]


@dataclass(frozen=True, slots=True)
class Full:
    """A tile that became full: it never changes again."""

    level: int
    index: int
    hashes: bytes


@dataclass(frozen=True, slots=True)
class Edge:
    """The right end of a tree of `size` leaves: the unfinished tile of each level, level 0 first."""

    size: int
    levels: tuple[bytes, ...]

    def root(self) -> bytes:
        """Return the root of the tree that ends here."""
        rest: list[bytes] = []
        for level in self.levels:
            hashes = [*_split(level), *rest]
            rest = [fold(hashes)] if hashes else []
        return rest[0] if rest else EMPTY_ROOT

    def extended(self, leaves: Iterable[bytes]) -> tuple["Edge", list[Full]]:
        """Return the edge after these leaf hashes, and the tiles that became full on the way."""
        levels, size, full = [bytearray(each) for each in self.levels], self.size, list[Full]()
        for leaf in leaves:
            size += 1
            level, carried = 0, leaf
            while True:
                if level == len(levels):
                    levels.append(bytearray())
                levels[level] += carried
                if len(levels[level]) < TILE_WIDTH * HASH_BYTES:
                    break
                done = bytes(levels[level])
                full.append(Full(level, (size >> (TILE_HEIGHT * (level + 1))) - 1, done))
                levels[level].clear()
                level, carried = level + 1, fold(_split(done))
        return Edge(size, tuple(map(bytes, levels))), full


EMPTY = Edge(0, ())


def edge_of(size: int, tile: Tile) -> Edge:
    """Return the edge of a tree of `size` leaves from its tiles."""
    levels = list[bytes]()
    while size >> (TILE_HEIGHT * len(levels)):
        level = len(levels)
        count = size >> (TILE_HEIGHT * level)
        width = count % TILE_WIDTH
        levels.append(tile(level, count // TILE_WIDTH, width)[: width * HASH_BYTES] if width else b"")
    return Edge(size, tuple(levels))


def root_of(size: int, tile: Tile) -> bytes:
    """Return the root of the first `size` leaves."""
    return edge_of(size, tile).root()


def inclusion_path(index: int, size: int, tile: Tile) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1), lowest hash first."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of this size")
    path, start, end = list[bytes](), 0, size
    while end - start > 1:
        middle = start + _left_size(end - start)
        if index < middle:
            path.append(_subtree(middle, end, size, tile))
            end = middle
        else:
            path.append(_subtree(start, middle, size, tile))
            start = middle
    return path[::-1]


def consistency_path(old: int, size: int, tile: Tile) -> list[bytes]:
    """Return the proof that a tree of `size` leaves begins with that of `old` leaves (2.1.4.1), lowest hash first.

    It is empty where one of them is empty or both are one tree.
    """
    if not 0 <= old <= size:
        raise ValueError("a tree does not begin with a larger one")
    if old in (0, size):
        return []
    path, start, end = list[bytes](), 0, size
    while end != old:
        middle = start + _left_size(end - start)
        if old <= middle:
            path.append(_subtree(middle, end, size, tile))
            end = middle
        else:
            path.append(_subtree(start, middle, size, tile))
            start = middle
    if start:
        path.append(_subtree(start, end, size, tile))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether the leaf with this hash is the one at `index` of the tree with this root (2.1.3.2)."""
    if not 0 <= index < size or not _are_hashes(path):
        return False
    at, last, found = index, size - 1, leaf
    for each in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(each, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether the tree with `root` begins with that of `old_root` (2.1.4.2)."""
    if not 0 <= old <= size or not _are_hashes(path):
        return False
    if old == size:
        return not path and old_root == root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    nodes = list(path)
    if old & (old - 1) == 0:
        nodes.insert(0, old_root)
    if not nodes:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = nodes[0]
    for each in nodes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, each)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == root


def _subtree(start: int, end: int, size: int, tile: Tile) -> bytes:
    """Return the hash of the subtree over leaves `start` to `end`; only one at the right edge is not a full one."""
    span = end - start
    if span & (span - 1):
        middle = start + _left_size(span)
        return node_hash(_subtree(start, middle, size, tile), _subtree(middle, end, size, tile))
    height = span.bit_length() - 1
    level, inner = divmod(height, TILE_HEIGHT)
    first = start >> (TILE_HEIGHT * level)
    index, offset = divmod(first, TILE_WIDTH)
    wide = 1 << inner
    hashes = tile(level, index, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))
    return _fold_full(hashes[offset * HASH_BYTES : (offset + wide) * HASH_BYTES])


def _fold_full(hashes: bytes) -> bytes:
    """Return the root over joined hashes, a power of two of them: what a proof spends its time on, without a list."""
    pair = 2 * HASH_BYTES
    while len(hashes) > HASH_BYTES:
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + pair]).digest() for at in range(0, len(hashes), pair)])
    return hashes


def _left_size(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _split(hashes: bytes | bytearray) -> list[bytes]:
    return [bytes(hashes[at : at + HASH_BYTES]) for at in range(0, len(hashes), HASH_BYTES)]


def _are_hashes(path: Sequence[bytes]) -> bool:
    return all(len(each) == HASH_BYTES for each in path)
