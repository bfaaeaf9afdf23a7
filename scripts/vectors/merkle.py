"""The vectors of Merkle proofs: `tests/vectors/merkle.json`, made by the second implementation, held against the first.

Leaf `i` is 0x01 followed by SHA-256 of the text "yizhao leaf i", as long as a leaf of the hub's log. The file has an
entry a line, all bytes in hex:

- `trees`, for every size from 0 to 65: the root, and two SHA-256 over proofs laid end to end, those of inclusion in
  the order of the index, those of consistency in the order of the old size, 0 to this size;
- `inclusion_proven` and `consistency_proven`: proofs in full, with all that a verifier takes, for every tree of 1 to 9
  leaves and a few larger ones;
- `inclusion_refused` and `consistency_refused`: what every verifier must refuse, each with its `kind`.

The proofs from an old size of 0 and from the same size are empty, as the second implementation takes them. A verifier
may refuse an old size of 0 altogether: then it leaves these of the proven out, and nothing of the digests.

Not every wrong size is among the refused: a head does not tell its size, so that some sizes beside the right one lead
to it as well.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from tests.second.merkle import consistency_path, head, inclusion_path

LARGEST_SIZE = 65
LEAVES = tuple(b"\x01" + sha256(f"yizhao leaf {index}".encode()).digest() for index in range(LARGEST_SIZE))

_SIZES_IN_FULL = range(1, 10)
# Index and size: the edges of a full tree and of one with a leaf more, and leaves well inside.
_LARGER_INCLUSIONS = ((20, 33), (0, 64), (63, 64), (0, 65), (37, 65), (64, 65))
# Old and new size.
_LARGER_CONSISTENCIES = ((21, 33), (32, 64), (63, 64), (1, 65), (37, 65), (64, 65), (65, 65))

# Index and size of a proof, and sizes that lead another way than it does.
_REFUSED_INCLUSIONS = {(2, 7): (3, 4), (6, 7): (8,), (5, 8): (6,)}
# Old and new size.
_REFUSED_CONSISTENCIES = ((3, 7), (4, 7), (6, 7))
# A verifier that counts in 32 bits takes a number for the one that is larger by this.
_WRAP = 1 << 32
_STRANGE_NODE = sha256(b"a node of no tree").digest()


@dataclass(frozen=True, slots=True)
class InclusionClaim:
    """All that a verifier of an inclusion proof takes."""

    leaf_input: bytes
    index: int
    size: int
    path: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True, slots=True)
class ConsistencyClaim:
    """All that a verifier of a consistency proof takes."""

    old_size: int
    new_size: int
    old_root: bytes
    new_root: bytes
    path: tuple[bytes, ...]


def inclusion_of(index: int, size: int) -> InclusionClaim:
    """Return the true claim that the leaf at `index` is in the tree of the first `size` leaves."""
    leaves = LEAVES[:size]
    return InclusionClaim(leaves[index], index, size, tuple(inclusion_path(index, leaves)), head(leaves))


def consistency_of(old_size: int, new_size: int) -> ConsistencyClaim:
    """Return the true claim that the tree of the first `new_size` leaves began as that of the first `old_size`."""
    path = tuple(consistency_path(old_size, LEAVES[:new_size]))
    return ConsistencyClaim(old_size, new_size, head(LEAVES[:old_size]), head(LEAVES[:new_size]), path)


def proven_inclusions() -> Iterator[InclusionClaim]:
    """Return the claims of inclusion that are given in full."""
    yield from (inclusion_of(index, size) for size in _SIZES_IN_FULL for index in range(size))
    yield from (inclusion_of(index, size) for index, size in _LARGER_INCLUSIONS)


def proven_consistencies() -> Iterator[ConsistencyClaim]:
    """Return the claims of consistency that are given in full."""
    yield from (consistency_of(old, new) for new in _SIZES_IN_FULL for old in range(new + 1))
    yield from (consistency_of(old, new) for old, new in _LARGER_CONSISTENCIES)


def refused_inclusions() -> Iterator[tuple[str, InclusionClaim]]:
    """Return claims of inclusion that nobody may believe, each with its kind."""
    for (index, size), other_ways in _REFUSED_INCLUSIONS.items():
        claim = inclusion_of(index, size)
        for kind, path in _broken_paths(claim.path):
            yield kind, replace(claim, path=path)
        for moved in (index - 1, index + 1, size, -1, index - size, index + _WRAP):
            yield "index moved", replace(claim, index=moved)
        for moved in (*other_ways, 2 * size, index, 0, -size, size + _WRAP):
            yield "size moved", replace(claim, size=moved)
        for root in (_flipped(claim.root, size), head(LEAVES[: size - 1]), claim.root[:-1], b""):
            yield "root changed", replace(claim, root=root)
        for leaf_input in (_flipped(claim.leaf_input, size), claim.leaf_input[1:], b""):
            yield "leaf changed", replace(claim, leaf_input=leaf_input)
    yield "path too long", replace(inclusion_of(0, 1), path=(_STRANGE_NODE,))
    yield "size moved", replace(inclusion_of(0, 1), size=0)
    # A path of a larger tree that leads to its head, one node after the smaller tree ends.
    yield "size moved", replace(inclusion_of(1, 2), index=0, size=1)
    yield "size moved", replace(inclusion_of(6, 7), index=2, size=3)
    yield from _nodes_as_leaves()
    yield from _heads_over_odd_nodes()


def _nodes_as_leaves() -> Iterator[tuple[str, InclusionClaim]]:
    """A node's children passed off as a leaf: refused, since leaves and nodes are hashed under other first bytes."""
    left, right = (head([leaf]) for leaf in LEAVES[:2])
    claim = InclusionClaim(left + right, 0, 2, (head(LEAVES[2:4]),), head(LEAVES[:4]))
    yield "node passed off as a leaf", claim
    yield "node passed off as a leaf", replace(claim, leaf_input=b"\x01" + left + right)
    yield "node passed off as a leaf", InclusionClaim(left + right, 0, 1, (), head(LEAVES[:2]))


def _heads_over_odd_nodes() -> Iterator[tuple[str, InclusionClaim]]:
    """Heads that do follow from the path, over a node that is no SHA-256."""
    for node in (b"", _STRANGE_NODE[:-1], _STRANGE_NODE + b"\x00"):
        root = sha256(b"\x01" + node + head(LEAVES[1:2])).digest()
        yield "node of another length", InclusionClaim(LEAVES[1], 1, 2, (node,), root)


def refused_consistencies() -> Iterator[tuple[str, ConsistencyClaim]]:
    """Return claims of consistency that nobody may believe, each with its kind."""
    for old, new in _REFUSED_CONSISTENCIES:
        claim = consistency_of(old, new)
        for kind, path in _broken_paths(claim.path):
            yield kind, replace(claim, path=path)
        for old_size in (old - 1, old + 1, new, 0, -old, old + _WRAP):
            yield "size moved", replace(claim, old_size=old_size)
        for new_size in (2 * new, old, old - 1, 0, -new, new + _WRAP):
            yield "size moved", replace(claim, new_size=new_size)
        yield "size moved", replace(claim, old_size=new, new_size=old)
        yield "roots swapped", replace(claim, old_root=claim.new_root, new_root=claim.old_root)
        for root in (_flipped(claim.old_root, new), head(LEAVES[: old - 1]), claim.old_root[:-1], b""):
            yield "root changed", replace(claim, old_root=root)
        for root in (_flipped(claim.new_root, new), head(LEAVES[: new - 1]), claim.new_root[:-1], b""):
            yield "root changed", replace(claim, new_root=root)
        yield "empty path for unequal trees", replace(claim, path=())
        yield "empty path for unequal trees", replace(claim, old_size=new, path=())
        yield "empty path for unequal trees", replace(claim, old_size=0, path=())
    yield from _edges()
    yield from _heads_that_follow()


def _edges() -> Iterator[tuple[str, ConsistencyClaim]]:
    """The empty tree and the same tree, whose proofs are empty, with proofs that are not and heads that are others'."""
    empty, same = consistency_of(0, 7), consistency_of(7, 7)
    for claim in (consistency_of(0, 0), empty, same):
        yield "path too long", replace(claim, path=(claim.new_root,))
    yield "roots swapped", replace(empty, old_root=empty.new_root, new_root=empty.old_root)
    yield "empty path for unequal trees", replace(empty, new_size=0)
    yield "empty path for unequal trees", replace(same, old_root=head(LEAVES[:6]))


def _heads_that_follow() -> Iterator[tuple[str, ConsistencyClaim]]:
    """Heads that do follow from the path, with sizes that are not theirs or over what is no SHA-256."""
    first, second = head(LEAVES[:1]), head(LEAVES[1:2])
    # One node after the smaller trees end.
    yield "size moved", replace(consistency_of(7, 8), old_size=3, new_size=4)
    # What counts shifts with a sign takes -1 for a tree whose every node is a right one.
    yield "size moved", replace(consistency_of(1, 2), old_size=-1, path=(first, second))
    for node in (b"", _STRANGE_NODE[:-1], _STRANGE_NODE + b"\x00"):
        new_root = sha256(b"\x01" + first + node).digest()
        yield "node of another length", ConsistencyClaim(1, 2, first, new_root, (node,))
        new_root = sha256(b"\x01" + node + second).digest()
        yield "root changed", ConsistencyClaim(1, 2, node, new_root, (second,))


def _broken_paths(path: tuple[bytes, ...]) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """Return paths beside the right one, which is not empty."""
    for place, node in enumerate(path):
        # Another bit each time, in the first byte, in the last one and between.
        yield "node flipped", (*path[:place], _flipped(node, place * 85 % 256), *path[place + 1 :])
    for longer in ((*path, _STRANGE_NODE), (_STRANGE_NODE, *path), (*path, path[-1]), (*path, b"")):
        yield "path too long", longer
    for shorter in sorted({path[1:], path[:-1], ()}):
        yield "path too short", shorter
    for first in (path[0][:-1], path[0] + b"\x00", b""):
        yield "node of another length", (first, *path[1:])
    yield "node of another length", (b"".join(path) + b"\x00",)


def _flipped(octets: bytes, bit: int) -> bytes:
    """Return the octets with one bit turned, counted from 0 at the lowest of the last octet."""
    return (int.from_bytes(octets, "big") ^ (1 << bit)).to_bytes(len(octets), "big")


def vectors() -> dict[str, list[dict[str, object]]]:
    """Return what the file holds; bytes are bytes yet."""
    return {
        "trees": [_tree(size) for size in range(LARGEST_SIZE + 1)],
        "inclusion_proven": [asdict(claim) for claim in proven_inclusions()],
        "inclusion_refused": [{"kind": kind, **asdict(claim)} for kind, claim in dict.fromkeys(refused_inclusions())],
        "consistency_proven": [asdict(claim) for claim in proven_consistencies()],
        "consistency_refused": [
            {"kind": kind, **asdict(claim)} for kind, claim in dict.fromkeys(refused_consistencies())
        ],
    }


def _tree(size: int) -> dict[str, object]:
    leaves = LEAVES[:size]
    return {
        "size": size,
        "root": head(leaves),
        "inclusion_sha256": _digest(inclusion_path(index, leaves) for index in range(size)),
        "consistency_sha256": _digest(consistency_path(old_size, leaves) for old_size in range(size + 1)),
    }


def _digest(paths: Iterable[list[bytes]]) -> bytes:
    return sha256(b"".join(node for path in paths for node in path)).digest()


def write_proofs(path: Path) -> None:
    """Write the vectors of Merkle proofs, instead of those there."""
    lists = (f'"{name}": [\n{_lines(entries)}\n]' for name, entries in vectors().items())
    path.write_bytes(("{\n" + ",\n".join(lists) + "\n}\n").encode())


def _lines(entries: Iterable[dict[str, object]]) -> str:
    return ",\n".join(json.dumps(entry, default=bytes.hex) for entry in entries)
