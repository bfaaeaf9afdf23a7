"""The evidence log as strangers read it: its head, its tiles, its proofs. It holds no key and no writer.

Whatever is shown belongs to the head that was published last; what others said of heads by a key of the log that is
`revoked` since is passed over (`signing/log_head.py`).
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from hub.errors import NotFoundError
from hub.store.log import LogStore
from hub.store.log_view import Log, LogView
from signing.base64url import encode
from signing.checkpoint import add_lines
from signing.log_head import Revoked
from signing.merkle import consistency_path, inclusion_path


@dataclass(frozen=True, slots=True)
class Panel:
    """The witnesses of the log, by their keys in the one-line form, and how many of them make a head cosigned."""

    witnesses: tuple[str, ...] = ()
    needed: int = 0


def former_log(number: int, store: LogStore) -> Log:
    """Return the hub's log of that number; NotFoundError log_not_found."""
    newest = store.head().number
    if number == newest:
        return store
    found = store.former(number) if 0 < number < newest else None
    if found is None:
        raise NotFoundError("log_not_found")
    return found


def checkpoint(store: Log) -> str:
    """Return the note of the head, with the words of witnesses that there are on it."""
    return add_lines(*store.cosigned_head())


def cosigned(store: LogStore, panel: Panel, revoked: Revoked) -> str:
    """Return the newest note that enough witnesses have signed; NotFoundError not_cosigned while there is none."""
    found = store.newest_cosigned(panel.witnesses, panel.needed, revoked) if panel.witnesses else None
    if found is None:
        raise NotFoundError("not_cosigned")
    return add_lines(*found)


def time_of(index: int | None, store: Log, revoked: Revoked) -> dict[str, Any]:
    """Return the newest timestamp, or the first over a head with the leaf at `index`; NotFoundError time_not_found.

    `token` (standard base64) is over the SHA-256 of the UTF-8 bytes of `note`, which has the size and the root.
    """
    found = store.newest_time(revoked) if index is None else store.first_time(index, revoked)
    if found is None:
        raise NotFoundError("time_not_found")
    return {
        "size": found.size,
        "note": found.note,
        "token": b64encode(found.token).decode(),
        "gen_time": found.gen_time.isoformat(),
        "authority": found.whose,
    }


def tile(name: str, store: Log) -> bytes:
    """Return a tile or bundle of entries by its C2SP name; NotFoundError tile_not_found beyond the head."""
    return LogView(store).read(name)


def prove_inclusion(index: int, size: int | None, store: Log) -> dict[str, Any]:
    """Return the proof that a leaf stands at `index` of the first `size` leaves (all, when None).

    NotFoundError proof_not_found where there is none.
    """
    view = LogView(store)
    at = view.size if size is None else size
    if not 0 <= index < at <= view.size:
        raise NotFoundError("proof_not_found")
    path = inclusion_path(index, at, view.hashes)
    return {"index": index, "size": at, "leaf": encode(view.leaf(index)), "path": [encode(each) for each in path]}


def prove_consistency(old: int, size: int | None, store: Log) -> dict[str, Any]:
    """Return the proof that the first `size` leaves (all, when None) begin with the first `old`; NotFoundError."""
    view = LogView(store)
    at = view.size if size is None else size
    if not 0 <= old <= at <= view.size:
        raise NotFoundError("proof_not_found")
    path = consistency_path(old, at, view.hashes)
    return {"from": old, "to": at, "path": [encode(each) for each in path]}
