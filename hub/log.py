"""The evidence log as strangers read it: its head, its tiles, its proofs. It holds no key and no writer.

Whatever is shown belongs to the head that was published last; a partial tile is the beginning of the one there is.
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from hub.errors import NotFoundError, StoreError
from hub.store.log import Head, LogStore, tiles_under
from signing.base64url import encode
from signing.checkpoint import add_lines
from signing.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, consistency_path, inclusion_path
from signing.tiles import cut_bundle, read_bundle, read_tile_name


@dataclass(frozen=True, slots=True)
class Panel:
    """The witnesses of the log, by their keys in the one-line form, and how many of them make a head cosigned."""

    witnesses: tuple[str, ...] = ()
    needed: int = 0


def checkpoint(store: LogStore) -> str:
    """Return the note of the head, with the words of witnesses that there are on it."""
    return add_lines(*store.cosigned_head())


def cosigned(store: LogStore, panel: Panel) -> str:
    """Return the newest note that enough witnesses have signed; NotFoundError not_cosigned while there is none."""
    found = store.newest_cosigned(panel.witnesses, panel.needed) if panel.witnesses else None
    if found is None:
        raise NotFoundError("not_cosigned")
    return add_lines(*found)


def time_of(index: int | None, store: LogStore) -> dict[str, Any]:
    """Return the newest timestamp, or the first over a head with the leaf at `index`; NotFoundError time_not_found.

    `token` (standard base64) is over the SHA-256 of the UTF-8 bytes of `note`, which has the size and the root.
    """
    found = store.newest_time() if index is None else store.first_time(index)
    if found is None:
        raise NotFoundError("time_not_found")
    return {
        "size": found.size,
        "note": found.note,
        "token": b64encode(found.token).decode(),
        "gen_time": found.gen_time.isoformat(),
        "authority": found.whose,
    }


def tile(name: str, store: LogStore) -> bytes:
    """Return a tile or bundle of entries by its C2SP name; NotFoundError tile_not_found beyond the head."""
    wanted = read_tile_name(name)
    if wanted is None:
        raise NotFoundError("tile_not_found")
    level, index, width = wanted
    head = store.head()
    there = head.size >> (TILE_HEIGHT * (level or 0))
    if index * TILE_WIDTH + width > there:
        raise NotFoundError("tile_not_found")
    if level is None:
        return cut_bundle(_bundle(index, head, store), width)
    return tiles_under(head, store)(level, index, width)[: width * HASH_BYTES]


def prove_inclusion(index: int, size: int | None, store: LogStore) -> dict[str, Any]:
    """Return the proof that a leaf stands at `index` of the first `size` leaves (all, when None).

    NotFoundError proof_not_found where there is none.
    """
    head = store.head()
    at = head.size if size is None else size
    if not 0 <= index < at <= head.size:
        raise NotFoundError("proof_not_found")
    path = inclusion_path(index, at, tiles_under(head, store))
    leaf = read_bundle(_bundle(index // TILE_WIDTH, head, store))[index % TILE_WIDTH]
    return {"index": index, "size": at, "leaf": encode(leaf), "path": [encode(each) for each in path]}


def prove_consistency(old: int, size: int | None, store: LogStore) -> dict[str, Any]:
    """Return the proof that the first `size` leaves (all, when None) begin with the first `old`; NotFoundError."""
    head = store.head()
    at = head.size if size is None else size
    if not 0 <= old <= at <= head.size:
        raise NotFoundError("proof_not_found")
    path = consistency_path(old, at, tiles_under(head, store))
    return {"from": old, "to": at, "path": [encode(each) for each in path]}


def _bundle(index: int, head: Head, store: LogStore) -> bytes:
    if index == head.size // TILE_WIDTH:
        return head.leaves
    found = store.tile(None, index)
    if found is None:
        raise StoreError("log_damaged")
    return found
