"""Merkle tree heads, inclusion and consistency proofs as RFC 9162, section 2.1, reads: SHA-256, recursive, slow.

Follows the definitions and numbered steps of the standard, for a second opinion of what the hub computes another way.
`D[k1:k2]` of the standard is the slice of the leaves, `HASH` is SHA-256, and a leaf input is any bytes.

The standard proves one tree consistent with another for 0 < old < new only. Here the edges are answered too, by empty
proofs: a tree of some size is consistent with the tree of that size that has the same head, and every tree with the
empty one, whose head is the hash of nothing. That a new head is of leaves at all is then proven by nobody.

A head does not tell its size: a proof also verifies under another size that leads the same way to the head. Whoever
takes a size from a stranger takes it from under a signature.
"""

from collections.abc import Sequence
from hashlib import sha256

_DIGEST_BYTES = 32


def head(leaves: Sequence[bytes]) -> bytes:
    """Return MTH(D_n), section 2.1.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return _leaf_hash(leaves[0])
    k = _split(len(leaves))
    return _node_hash(head(leaves[:k]), head(leaves[k:]))


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH(m, D_n), section 2.1.3.1: the proof of the leaf at `index`, counted from 0.

    ValueError: there is no leaf at this index.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_path(index, leaves[:k]), head(leaves[k:])]
    return [*inclusion_path(index - k, leaves[k:]), head(leaves[:k])]


def consistency_path(old_size: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PROOF(m, D_n), section 2.1.4.1: that the tree of the first `old_size` leaves is how this one began.

    Empty for the empty tree and for this very tree, which the standard leaves open. ValueError: there was no such tree.
    """
    if not 0 <= old_size <= len(leaves):
        raise ValueError(f"no tree of {old_size} in a tree of {len(leaves)}")
    if old_size == 0:
        return []
    return _subproof(old_size, leaves, is_known=True)


def verify_inclusion(leaf_input: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Answer whether `path` proves the leaf at `index` of the tree of `size` and head `root`, section 2.1.3.2.

    Its numbered steps stand in the code. Never raises: what is no proof is refused.
    """
    if not _are_digests(root, *path):
        return False
    # 1. A negative number is none of the standard's.
    if not 0 <= index < size:
        return False
    # 2 and 3.
    fn, sn = index, size - 1
    r = _leaf_hash(leaf_input)
    # 4.
    for p in path:
        if sn == 0:
            return False
        if _is_odd(fn) or fn == sn:
            r = _node_hash(p, r)
            fn, sn = _shifted_to_a_right_child(fn, sn)
        else:
            r = _node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    # 5.
    return sn == 0 and r == root


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Answer whether `path` proves that the new tree began as the old one, section 2.1.4.2.

    Its numbered steps stand in the code, for 0 < old < new; the edges are those of the module. Never raises: what is
    no proof is refused.
    """
    if not _are_digests(old_root, new_root, *path) or not 0 <= old_size <= new_size:
        return False
    if old_size == new_size and old_root != new_root:
        return False
    if old_size == 0:
        return not path and old_root == head([])
    if old_size == new_size:
        return not path
    # 1.
    if not path:
        return False
    # 2. The old tree is a subtree of the new one, whose hash need not be sent.
    if old_size & (old_size - 1) == 0:
        path = [old_root, *path]
    # 3 and 4.
    fn, sn = old_size - 1, new_size - 1
    while _is_odd(fn):
        fn, sn = fn >> 1, sn >> 1
    # 5.
    fr = sr = path[0]
    # 6.
    for c in path[1:]:
        if sn == 0:
            return False
        if _is_odd(fn) or fn == sn:
            fr, sr = _node_hash(c, fr), _node_hash(c, sr)
            fn, sn = _shifted_to_a_right_child(fn, sn)
        else:
            sr = _node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    # 7.
    return sn == 0 and fr == old_root and sr == new_root


def _leaf_hash(leaf_input: bytes) -> bytes:
    """Section 2.1.1: HASH(0x00 || d)."""
    return sha256(b"\x00" + leaf_input).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    """Section 2.1.1: HASH(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """Section 2.1.1: k, the largest power of two smaller than n > 1 (k < n <= 2k)."""
    return 1 << ((size - 1).bit_length() - 1)


def _subproof(old_size: int, leaves: Sequence[bytes], *, is_known: bool) -> list[bytes]:
    """Section 2.1.4.1: SUBPROOF(m, D_n, b); `is_known`, b, tells that the old head is that of these leaves' subtree."""
    if old_size == len(leaves):
        return [] if is_known else [head(leaves)]
    k = _split(len(leaves))
    if old_size <= k:
        return [*_subproof(old_size, leaves[:k], is_known=is_known), head(leaves[k:])]
    return [*_subproof(old_size - k, leaves[k:], is_known=False), head(leaves[:k])]


def _shifted_to_a_right_child(fn: int, sn: int) -> tuple[int, int]:
    """Sections 2.1.3.2 and 2.1.4.2, end of step b: past the levels on which the last node has no sibling."""
    while not _is_odd(fn) and fn != 0:
        fn, sn = fn >> 1, sn >> 1
    return fn, sn


def _is_odd(number: int) -> bool:
    """LSB of the standard."""
    return number & 1 == 1


def _are_digests(*octets: bytes) -> bool:
    return all(len(one) == _DIGEST_BYTES for one in octets)
