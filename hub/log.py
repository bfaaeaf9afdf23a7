"""The evidence log as strangers read it: its head, its tiles, its proofs. It holds no key and no writer.

Whatever is shown belongs to the head that was published last.
"""

from typing import Any

from hub.errors import NotFoundError
from hub.store.log import LogStore
from hub.store.log_view import LogView
from signing.base64url import encode
from signing.merkle import consistency_path, inclusion_path


def checkpoint(store: LogStore) -> str:
    """Return the note of the head."""
    return store.head().note


def tile(name: str, store: LogStore) -> bytes:
    """Return a tile or bundle of entries by its C2SP name; NotFoundError tile_not_found beyond the head."""
    return LogView(store).read(name)


def prove_inclusion(index: int, size: int | None, store: LogStore) -> dict[str, Any]:
    """Return the proof that a leaf stands at `index` of the first `size` leaves (all, when None).

    NotFoundError proof_not_found where there is none.
    """
    view = LogView(store)
    at = view.size if size is None else size
    if not 0 <= index < at <= view.size:
        raise NotFoundError("proof_not_found")
    path = inclusion_path(index, at, view.hashes)
    return {"index": index, "size": at, "leaf": encode(view.leaf(index)), "path": [encode(each) for each in path]}


def prove_consistency(old: int, size: int | None, store: LogStore) -> dict[str, Any]:
    """Return the proof that the first `size` leaves (all, when None) begin with the first `old`; NotFoundError."""
    view = LogView(store)
    at = view.size if size is None else size
    if not 0 <= old <= at <= view.size:
        raise NotFoundError("proof_not_found")
    path = consistency_path(old, at, view.hashes)
    return {"from": old, "to": at, "path": [encode(each) for each in path]}
