"""The second implementation of Merkle proofs by itself: the standard's example, its own proofs, and what it refuses."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.vectors.merkle import (
    LARGEST_SIZE,
    LEAVES,
    ConsistencyClaim,
    InclusionClaim,
    consistency_of,
    inclusion_of,
    proven_consistencies,
    proven_inclusions,
    refused_consistencies,
    refused_inclusions,
    write_proofs,
)
from tests.second.merkle import consistency_path, head, inclusion_path, verify_consistency, verify_inclusion

Claim = InclusionClaim | ConsistencyClaim

PROOFS = Path(__file__).parent.parent / "vectors" / "merkle.json"
SIZES = range(LARGEST_SIZE + 1)
KINDS = {
    "node flipped",
    "path too long",
    "path too short",
    "index moved",
    "size moved",
    "roots swapped",
    "empty path for unequal trees",
    "node of another length",
    "node passed off as a leaf",
    "root changed",
    "leaf changed",
}

# Section 2.1.5 of RFC 9162: the tree of seven leaves d0 to d6, its nodes under the letters they have there.
D = LEAVES[:7]
A, B, C, DD, E, F, J = (sha256(b"\x00" + leaf).digest() for leaf in D)
G, H, I = (sha256(b"\x01" + pair).digest() for pair in (A + B, C + DD, E + F))  # noqa: E741
K, L = (sha256(b"\x01" + pair).digest() for pair in (G + H, I + J))
ROOT = sha256(b"\x01" + K + L).digest()


def _is_believed(claim: Claim) -> bool:
    if isinstance(claim, InclusionClaim):
        return verify_inclusion(claim.leaf_input, claim.index, claim.size, claim.path, claim.root)
    return verify_consistency(claim.old_size, claim.new_size, claim.old_root, claim.new_root, claim.path)


def _flips(octets: bytes) -> Iterator[bytes]:
    number = int.from_bytes(octets, "big")
    return ((number ^ (1 << bit)).to_bytes(len(octets), "big") for bit in range(len(octets) * 8))


def _paths_with_a_flip(path: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    return ((*path[:place], flipped, *path[place + 1 :]) for place, node in enumerate(path) for flipped in _flips(node))


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert head([]) == sha256(b"").digest()


def test_a_leaf_of_no_bytes_is_not_the_empty_tree() -> None:
    assert head([b""]) == sha256(b"\x00").digest()


def test_the_example_of_the_standard_has_its_head_and_inclusion_proofs() -> None:
    assert head(D) == ROOT
    assert inclusion_path(0, D) == [B, H, L]
    assert inclusion_path(3, D) == [C, G, L]
    assert inclusion_path(4, D) == [F, J, K]
    assert inclusion_path(6, D) == [I, K]


def test_the_example_of_the_standard_has_its_consistency_proofs() -> None:
    assert consistency_path(3, D) == [C, DD, G, L]
    assert consistency_path(4, D) == [L]
    assert consistency_path(6, D) == [I, J, K]


def test_own_inclusion_proofs_of_every_leaf_of_every_tree_are_believed() -> None:
    assert all(_is_believed(inclusion_of(index, size)) for size in SIZES for index in range(size))


def test_own_consistency_proofs_of_every_two_trees_are_believed() -> None:
    assert all(_is_believed(consistency_of(old, new)) for new in SIZES for old in range(new + 1))


def test_an_inclusion_proof_with_any_bit_flipped_is_refused() -> None:
    claims = list(proven_inclusions())
    paths = (replace(claim, path=path) for claim in claims for path in _paths_with_a_flip(claim.path))
    roots = (replace(claim, root=root) for claim in claims for root in _flips(claim.root))
    leaves = (replace(claim, leaf_input=leaf) for claim in claims for leaf in _flips(claim.leaf_input))
    assert not [changed for changes in (paths, roots, leaves) for changed in changes if _is_believed(changed)]


def test_a_consistency_proof_with_any_bit_flipped_is_refused() -> None:
    # Nothing proves the new head to follow from the empty tree: every tree does.
    claims = list(proven_consistencies())
    paths = (replace(claim, path=path) for claim in claims for path in _paths_with_a_flip(claim.path))
    old = (replace(claim, old_root=root) for claim in claims for root in _flips(claim.old_root))
    new = (replace(claim, new_root=root) for claim in claims if claim.old_size for root in _flips(claim.new_root))
    assert not [changed for changes in (paths, old, new) for changed in changes if _is_believed(changed)]


def test_no_leaf_is_believed_at_another_place_of_its_tree() -> None:
    moved = (replace(inclusion_of(index, 33), index=other) for index in range(33) for other in range(33))
    assert [claim.leaf_input for claim in moved if _is_believed(claim)] == list(LEAVES[:33])


def test_a_head_does_not_tell_its_size() -> None:
    assert _is_believed(replace(inclusion_of(0, 3), size=4))
    assert _is_believed(replace(consistency_of(3, 7), new_size=8))


def test_a_tree_is_believed_to_begin_as_no_other_of_the_old_size() -> None:
    forged = [*LEAVES[:2], b"another leaf", *LEAVES[3:]]
    claims = (consistency_of(old, new) for new in range(3, 34) for old in range(3, new + 1))
    forgeries = (replace(claim, old_root=head(forged[: claim.old_size])) for claim in claims)
    assert not [claim for claim in forgeries if _is_believed(claim)]


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_path_is_made_for_a_leaf_there_is_not(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"no leaf {index} "):
        inclusion_path(index, LEAVES[:size])


@pytest.mark.parametrize("old_size", [-1, 4])
def test_no_path_is_made_from_a_tree_there_was_not(old_size: int) -> None:
    with pytest.raises(ValueError, match=f"no tree of {old_size} "):
        consistency_path(old_size, LEAVES[:3])


@given(st.binary(), st.integers(), st.integers(), st.lists(st.binary() | st.sampled_from([G, H, L])), st.binary())
def test_strange_inclusion_proofs_are_refused_and_raise_nothing(
    leaf_input: bytes, index: int, size: int, path: list[bytes], root: bytes
) -> None:
    assert not verify_inclusion(leaf_input, index, size, path, root)
    assert not verify_inclusion(leaf_input, index, size, path, ROOT)


@given(st.integers(), st.integers(), st.binary(), st.lists(st.binary() | st.sampled_from([G, H, I])))
def test_strange_consistency_proofs_are_refused_and_raise_nothing(
    old_size: int, new_size: int, root: bytes, path: list[bytes]
) -> None:
    assert not verify_consistency(old_size, new_size, root, ROOT, path)
    assert not verify_consistency(old_size, new_size, ROOT, root, path)
    assert not verify_consistency(old_size, new_size, K, ROOT, path)


def test_every_refused_claim_of_the_vectors_is_refused() -> None:
    refused: list[tuple[str, Claim]] = [*refused_inclusions(), *refused_consistencies()]
    assert not [(kind, claim) for kind, claim in refused if _is_believed(claim)]
    assert {kind for kind, _ in refused} == KINDS


def test_every_proven_claim_of_the_vectors_is_believed() -> None:
    assert all(_is_believed(claim) for claim in proven_inclusions())
    assert all(_is_believed(claim) for claim in proven_consistencies())


def test_the_vectors_in_the_tree_are_those_that_the_script_makes(tmp_path: Path) -> None:
    write_proofs(tmp_path / "merkle.json")
    assert (tmp_path / "merkle.json").read_bytes() == PROOFS.read_bytes()


def test_the_file_reads_back_as_the_claims_it_was_made_of() -> None:
    read = json.loads(PROOFS.read_bytes())
    assert read["inclusion_proven"][-1] == json.loads(json.dumps(asdict(inclusion_of(64, 65)), default=bytes.hex))
    assert [tree["root"] for tree in read["trees"]] == [head(LEAVES[:size]).hex() for size in SIZES]
