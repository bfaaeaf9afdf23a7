"""The log holds every entry at its place, under a head that the log's key signed; and nothing else.

So do the logs that recoveries have closed, whose places come before.
1 each head is signed by a key the trust list names, and its tree is the one its own tiles make; that of the log which
  is written now by one that nothing has revoked (`signing/log_head.py`: no word of others is asked for here)
2 each log begins with a leaf that commits to the last head of the one before
3 every place of the log is an entry of the store, with that very leaf; of closed logs, but for as many as the recovery
  has named as lost: which these are, its report says, and which of them were done again since, the store
4 every entry has a place, but for those of the last moments
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from hub.store import tables
from hub.store.entry import EntryReader
from hub.store.log_view import Log, LogView
from hub.supervision.audit.everything import Check, Everything, Faults
from hub.supervision.audit.public import leaves_under, verify_tree
from schemas.evidence import GREATEST_ERROR
from signing.commitment import following_leaf
from signing.commitment import leaf as leaf_of
from signing.errors import SigningError
from signing.log_head import read_head

# Longer than the log may be silent.
_LATEST = timedelta(minutes=15)


def clock_steps(connection: Connection) -> list[str]:
    """Name each entry that is earlier than the one before it by more than clocks may differ; it is told, and no fault.

    The order of what happened is that of the log, whatever a clock said.
    """
    steps, before = list[str](), None
    for number, at in EntryReader(connection).times():
        if before is not None and before - at > GREATEST_ERROR:
            steps.append(f"entry {number}: the clock was set back by {before - at}, to {at.isoformat()}")
        before = at
    return steps


def _logs(all_: Everything) -> Iterator[tuple[str, Log]]:
    """Yield every log with its name in faults, the one that is written now at the end."""
    store = all_.hub.log
    for number in range(1, store.head().number):
        closed = store.former(number)
        if closed is not None:
            yield f"log {number}", closed
    yield "log", store


def _head(all_: Everything) -> Faults:
    newest = all_.hub.log.head().number
    for name, log in _logs(all_):
        head = log.head()
        try:
            signed = read_head(head.note, head.origin, all_.registry.trust())
        except SigningError:
            yield f"{name}: its head is signed by no listed key"
            continue
        if (signed.checkpoint.size, signed.checkpoint.root) != (head.size, head.edge.root()):
            yield f"{name}: the signed head is another tree's"
        # A closed log counts with the one that follows, which begins with its head (`_chain`).
        if head.number == newest and not signed.counts():
            yield f"{name}: its head is signed by a key that was revoked"


def _tree(all_: Everything) -> Faults:
    for name, log in _logs(all_):
        view = LogView(log)
        for fault in verify_tree(view.size, view.head.edge.root(), view.read):
            yield name + fault.removeprefix("log")


def _chain(all_: Everything) -> Faults:
    before, expected = None, 1
    for name, log in _logs(all_):
        view = LogView(log)
        if view.head.number != expected:
            yield f"log {expected}: is not there"
        if before is not None and (not view.size or view.leaf(0) != following_leaf(before.note)):
            yield f"{name}: does not begin with the end of the one before"
        before, expected = view.head, view.head.number + 1


def _places(all_: Everything) -> Faults:
    entries = {row["leaf_index"]: row for row in all_.rows(tables.entry) if row["leaf_index"] is not None}
    number = all_.hub.log.head().number
    lost = [row["lost"] for row in all_.rows(tables.recovery) if row["log"] <= number][-1:]
    missing = 0
    for name, log in _logs(all_):
        view = LogView(log)
        for index, leaf in enumerate(leaves_under(view.size, view.read)):
            row = entries.pop(view.head.first_place + index, None)
            if row is None and view.head.number < number:
                missing += 1
            elif row is None:
                yield f"{name}: leaf {index} is no entry of the store"
            elif row["leaf"] != leaf:
                yield f"{name}: leaf {index} is not entry {row['number']}, which claims its place"
    # What was lost once is lost in every recovery that follows: the last of them counts it all.
    still = sum(lost) - _done_again(all_)
    if missing != still:
        yield f"log: {missing} leaves of closed logs are no entries of the store, {still} were lost"
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


def _done_again(all_: Everything) -> int:
    """Return how many acts were done again since the last recovery."""
    since = max((row["recovered_at"] for row in all_.rows(tables.recovery)), default=all_.now)
    rows = [row for row in all_.rows(tables.lost_act) if row["again_at"] is not None]
    return sum(row["again_at"] >= since for row in rows)


def _lost(all_: Everything) -> Faults:
    """Every lost act is a leaf of its log; what opens it makes that leaf; its entry is back if it was done again."""
    entries = {row["leaf_index"]: row["leaf"] for row in all_.rows(tables.entry) if row["leaf_index"] is not None}
    views = {head.number: (view, head) for _, log in _logs(all_) for view in [LogView(log)] for head in [view.head]}
    for row in all_.rows(tables.lost_act):
        name, (view, head) = f"lost act {row['place']}", views[row["log"]]
        if head.first_place + row["leaf_index"] != row["place"] or view.leaf(row["leaf_index"]) != row["leaf"]:
            yield f"{name}: not what its log has there"
        if row["opened_at"] is not None and leaf_of(row["salt"], row["act_bytes"]) != row["leaf"]:
            yield f"{name}: opened by another act"
        if (entries.get(row["place"]) == row["leaf"]) != (row["again_by"] is not None):
            yield f"{name}: its entry is not what was done again"


CHECKS: Sequence[Check] = (_head, _tree, _chain, _places, _lost)
