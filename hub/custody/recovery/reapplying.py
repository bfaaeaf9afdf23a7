"""Doing lost acts again with what others bring back, in a store that was recovered; beside a hub that serves it.

1 open     every leaf that was brought back is opened and kept: the act is proven to have been in the log, and whatever
           certificate it changed is held: it reads unknown, though nobody can say yet what the act was
2 repeat   in the order of the log each act that is known is done again by its own flow from its own statement
           (`again.py`): the entry, the act of the new log that cites it, and what it changes     <- one commit each
3 name     what could not be done again is kept with the obstacle, and goes on being held

What makes a certificate worth less needs no more than its opened leaf; what makes it worth more needs all. A crash
leaves some acts done and the others opened: the same command goes on. The same file twice does nothing twice. A hold
ends when the act is done again, or when the certificate's body orders another change.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.custody.recovery.again import Repetition, registry_of_then
from hub.custody.recovery.returned import Opening, Returned
from hub.errors import BackupError, HubError
from hub.steps.certificates.intentions import new_name
from hub.steps.registry import Registry
from hub.store.entry import EntryReader
from hub.store.log import LogStore
from hub.store.lost_act import LostAct, LostActReader, LostActWriter
from hub.store.recovery import RecoveryReader
from hub.store.status import StatusReader, StatusWriter
from schemas.evidence import Kind
from signing.errors import SigningError
from signing.jws import parse_json

_CHANGING = frozenset({Kind.CHANGE_STATUS, Kind.ANNOTATE, Kind.ERASE})
"""Kinds of act whose entry seals the record of the certificate that they change."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A lost act as its flow is handed it: what it says, when, its signed receipts, all that was brought back."""

    act: Mapping[str, Any]
    at: datetime
    receipts: Sequence[str]
    returned: Returned

    @property
    def orders(self) -> Sequence[Mapping[str, Any]]:
        """The orders that were brought back whose statement the act names."""
        return self.returned.orders.get(str(self.act.get("statement")), ())

    @property
    def sentences(self) -> Sequence[Mapping[str, Any]]:
        """The signed sentences that were brought back whose text the act names."""
        return self.returned.sentences.get(str(self.act.get("statement")), ())

    @property
    def key(self) -> str:
        """The idempotency key under which the act is done again."""
        return f"again-{self.act['act_id']}"


Attempt = Callable[[Registry], object]
"""Does an act on the registry it is handed; HubError, SigningError, ValueError where it cannot."""
Deed = Callable[[Lost], Sequence[Attempt]]
"""Returns the ways to do a lost act again with what was brought back: none, where that is not there."""


def reapply(
    returned: Returned, *, deeds: Mapping[str, Deed], registry: Registry, store: LogStore, now: datetime
) -> dict[str, Any]:
    """Do again what can be done with what was brought back; `deeds` are the flows by the kinds of their acts.

    Raises BackupError not_recovered, StoreError store_rolled_back.
    """
    registry.refuse_rolled_back(now)
    with registry.database.read() as connection:
        recovery = RecoveryReader(connection).newest()
        found = [each for each in LostActReader(connection).by_leaf(list(returned.openings)) if not each.opened_at]
        held = _changed_by({each.leaf: returned.openings[each.leaf] for each in found}, connection)
    if recovery is None:
        raise BackupError("not_recovered")
    registry.database.write(partial(_open, found, returned, held, now))
    with registry.database.read() as connection:
        waiting = LostActReader(connection).opened()
    obstacles, again = dict[int, str](), list[int]()
    for each in waiting:
        opening = _opening(each)
        repetition = Repetition(
            lost=each,
            opening=opening,
            by_act=new_name(registry),
            checkpoint=_checkpoint(store, each.log),
            recovery=recovery,
            also=partial(_hold_followers, opening, waiting),
            now=now,
        )
        lost = Lost(opening.act, repetition.at, returned.receipts.get(each.leaf, ()), returned)
        obstacle = _repeat(lost, deeds, partial(registry_of_then, registry, repetition))
        if obstacle is None:
            again.append(each.place)
        else:
            obstacles[each.place] = obstacle
    registry.database.write(partial(_note, obstacles, bool(again)))
    return tell(registry, again, len(found))


def tell(registry: Registry, again: Iterable[int] = (), opened: int = 0) -> dict[str, Any]:
    """Say what became of all lost acts: how many were done again, which are known by name alone, how many not at all.

    `again` are the places of those that were done again now, of `opened` that were opened now.
    """
    with registry.database.read() as connection:
        reader = LostActReader(connection)
        counts, left, done = reader.counts(), reader.opened(), [reader.get(place) for place in again]
    return {
        "opened_now": opened,
        "again_now": [_named(each) for each in done if each is not None],
        "lost": counts,
        "left": [_named(each) | {"obstacle": each.obstacle} for each in left],
    }


def _repeat(lost: Lost, deeds: Mapping[str, Deed], then: Callable[[], Registry]) -> str | None:
    """Do an act again in one of the ways there are; return the obstacle as a code, None when it was done."""
    deed = deeds.get(str(lost.act.get("kind")))
    if deed is None:
        return "kind_named_only"
    obstacle = "nothing_to_do_it_by"
    for attempt in deed(lost):
        registry = then()
        try:
            attempt(registry)
        except HubError as error:
            obstacle = error.code
        except SigningError:
            obstacle = "signature_refused"
        except ValueError:
            obstacle = "content_refused"
        # Whatever the flow said, before or after its commit: the store tells.
        with registry.database.read() as connection:
            if EntryReader(connection).get(str(lost.act["act_id"])) is not None:
                return None
    return obstacle


def _note(obstacles: Mapping[int, str], is_any_again: bool, connection: Connection) -> None:
    LostActWriter(connection).note_obstacles(obstacles)
    if is_any_again:
        # A certificate that is here again had been listed as held by nobody.
        skipped = RecoveryReader(connection).skipped(0, StatusReader(connection).highest() + 1)
        StatusWriter(connection).note_change(serial for lost in skipped for serial in lost)


def _open(
    found: Sequence[LostAct], returned: Returned, held: Mapping[bytes, int], now: datetime, connection: Connection
) -> None:
    writer = LostActWriter(connection)
    for each in found:
        opening = returned.openings[each.leaf]
        serial = held.get(each.leaf)
        writer.open(each.place, act_bytes=opening.act_bytes, salt=opening.salt, serial=serial, now=now)


def _changed_by(openings: Mapping[bytes, Opening], connection: Connection) -> dict[bytes, int]:
    """Return which certificate each act changed, of those the store holds: by its record, or by the act before it."""
    acts = {leaf: opening.act for leaf, opening in openings.items()}
    reader = LostActReader(connection)
    by_record = reader.serials_of_records({str(act.get("sealed")) for act in acts.values() if _changes(act)})
    by_act = reader.serials_of_acts({str(act.get("previous")) for act in acts.values() if _replaces(act)})
    changed = {leaf: by_record.get(str(act.get("sealed"))) for leaf, act in acts.items() if _changes(act)}
    changed |= {leaf: by_act.get(str(act.get("previous"))) for leaf, act in acts.items() if _replaces(act)}
    return {leaf: serial for leaf, serial in changed.items() if serial is not None}


def _changes(act: Mapping[str, Any]) -> bool:
    return act.get("kind") in _CHANGING


def _replaces(act: Mapping[str, Any]) -> bool:
    """Say whether an act issued the next version of another: that one no longer counts."""
    return act.get("kind") == Kind.ISSUE and act.get("previous") is not None


def _hold_followers(opening: Opening, waiting: Sequence[LostAct], connection: Connection) -> None:
    """Hold what other opened acts changed of a certificate that is only there, or known, since this one is back."""
    following = {}
    for each in waiting:
        act = _opening(each).act
        if act["act_id"] != opening.act["act_id"] and (
            (_changes(act) and act["sealed"] == opening.act["sealed"])
            or (_replaces(act) and act["previous"] == opening.act["act_id"])
        ):
            following[each.place] = act
    if following and (serial := LostActReader(connection).serials_of_acts({opening.act["act_id"]})):
        LostActWriter(connection).hold(following, next(iter(serial.values())))


def _opening(lost: LostAct) -> Opening:
    act_bytes, salt = lost.act_bytes or b"", lost.salt or b""
    act: Mapping[str, Any] = parse_json(act_bytes)
    return Opening(act_bytes, act, salt)


def _checkpoint(store: LogStore, number: int) -> str:
    closed = store.former(number)
    if closed is None:
        raise BackupError("not_recovered")
    return closed.head().note


def _named(lost: LostAct) -> dict[str, Any]:
    act = _opening(lost).act
    return {"log": lost.log, "index": lost.leaf_index} | {
        name: act.get(name) for name in ("kind", "act_id", "recorded_at")
    }
