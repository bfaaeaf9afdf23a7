"""The log holds every entry at its place, under a head that the log's key signed; and nothing else.

1 the head is signed by the key the trust list names, and its tree is the one its own tiles make
2 every place of the log is an entry of the store, with that very leaf
3 every entry has a place, but for those of the last moments
"""

from collections.abc import Sequence
from datetime import timedelta

from hub.audit.everything import Check, Everything, Faults
from hub.audit.public import leaves_under, verify_tree
from hub.store import tables
from hub.store.log_view import LogView
from signing.algorithms import public_key_from_spki
from signing.checkpoint import NoteKey, read_checkpoint
from signing.errors import SigningError
from signing.trust import TrustList

# Longer than the log may be silent.
_LATEST = timedelta(minutes=15)


def log_keys(trust: TrustList, origin: str) -> list[NoteKey]:
    """Return every key that signed or signs this log, as the trust list names them."""
    return [NoteKey(origin, public_key_from_spki(each.spki)) for each in trust.hub_keys if each.purpose == "log"]


def _head(all_: Everything) -> Faults:
    head = all_.hub.log.head()
    for key in log_keys(all_.registry.trust(), head.origin):
        try:
            said = read_checkpoint(head.note, key)
        except SigningError:
            continue
        if (said.size, said.root) != (head.size, head.edge.root()):
            yield "log: the signed head is another tree's"
        return
    yield "log: its head is signed by no listed key"


def _tree(all_: Everything) -> Faults:
    view = LogView(all_.hub.log)
    yield from verify_tree(view.size, view.head.edge.root(), view.read)


def _places(all_: Everything) -> Faults:
    view = LogView(all_.hub.log)
    entries = {row["leaf_index"]: row for row in all_.rows(tables.entry) if row["leaf_index"] is not None}
    for index, leaf in enumerate(leaves_under(view.size, view.read)):
        row = entries.pop(index, None)
        if row is None:
            yield f"log: leaf {index} is no entry of the store"
        elif row["leaf"] != leaf:
            yield f"log: leaf {index} is not entry {row['number']}, which claims its place"
    yield from (
        f"entry {row['number']}: has a place beyond the head"
        for row in entries.values()
        if row["recorded_at"] < all_.now - _LATEST
    )
    yield from (
        f"entry {row['number']}: has no place in the log"
        for row in all_.rows(tables.entry)
        if row["leaf_index"] is None and row["recorded_at"] < all_.now - _LATEST
    )


CHECKS: Sequence[Check] = (_head, _tree, _places)
