"""A lost act is done again: by its own flow, at its own moment, under its own names; or nothing is done at all.

The flow is handed a registry that draws the act's name and the salt of its leaf as they were drawn then, and whose
transactions end in a question: is the entry that was just made the very leaf that the log has at the lost place? It
commits to kind, act, moment, statement, record and the act before, so whatever differs now is refused, with everything
rolled back. Else in the same transaction the entry gets its place back, and an act of the new log says that this was
done: it cites leaf, index and checkpoint of the old one.                                            <- commit point
What the recovery ended stays ended: grants and delegations count again only within the transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from hub.custody.recovery.returned import Opening
from hub.errors import BackupError
from hub.steps.registry import Registry
from hub.store.database import Database
from hub.store.delegation import DelegationWriter
from hub.store.entry import SALT_BYTES, EntryReader, EntryWriter
from hub.store.grant import GrantWriter
from hub.store.lost_act import LostAct, LostActWriter
from hub.store.recovery import Recovery
from schemas.evidence import ActFacts, Kind, citation
from signing.base64url import decode

T = TypeVar("T")
_NAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class Repetition:
    """One lost act that is to be done again: what opens it, by which act it is, the log's last checkpoint, when.

    `also` writes more in the same transaction.
    """

    lost: LostAct
    opening: Opening
    by_act: str
    checkpoint: str
    recovery: Recovery
    also: Callable[[Connection], None]
    now: datetime

    @property
    def at(self) -> datetime:
        """When the act was recorded."""
        return datetime.fromisoformat(self.opening.act["recorded_at"])


def registry_of_then(registry: Registry, repetition: Repetition) -> Registry:
    """Return the registry under which a flow does this act again, and nothing else."""
    drawn = _Drawn(repetition.opening, registry.random)
    return replace(registry, database=_OnlyThisAct(registry.database, repetition, drawn, registry.random), random=drawn)


class _Drawn:
    """What is drawn at random, as it was drawn then: first the act's name, then its leaf's salt.

    Whatever else a flow draws its act does not commit to (a site's id, a new reference): that cannot be told again, so
    it is refused; but for an issue, whose record brings back all that was drawn.
    """

    def __init__(self, opening: Opening, random: Callable[[int], bytes]) -> None:
        self._name = decode(opening.act["act_id"])
        self._salt = opening.salt
        self._random = random if opening.act["kind"] == Kind.ISSUE else None
        self._is_named = False

    def __call__(self, size: int) -> bytes:
        if size == SALT_BYTES:
            return self._salt
        if size == _NAME_BYTES == len(self._name) and not self._is_named:
            self._is_named = True
            return self._name
        if self._random is None:
            raise BackupError("drawn_at_random")
        return self._random(size)

    @contextmanager
    def once(self) -> Iterator[None]:
        """Let a transaction that runs a second time draw what it drew the first time."""
        before = self._is_named
        yield
        self._is_named = before


class _OnlyThisAct(Database):
    """The registry's database, in which nothing is written but the one act."""

    def __init__(self, inner: Database, repetition: Repetition, drawn: _Drawn, random: Callable[[int], bytes]) -> None:
        self.url, self.dialect = inner.url, inner.dialect
        self._inner, self._repetition, self._drawn, self._random = inner, repetition, drawn, random
        self._is_done = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._inner.read() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and what makes it a repetition; BackupError act_differs, names_taken, done_again."""
        if self._is_done:  # the act is committed: this is what its flow does after it
            return self._inner.write(work)

        def whole(connection: Connection) -> T:
            with self._drawn.once():
                result = _uncounted(connection, self._repetition.recovery, lambda: work(connection))
            self._finish(connection)
            return result

        try:
            result = self._inner.write(whole)
        except IntegrityError:
            raise BackupError("names_taken") from None
        self._is_done = True
        return result

    def close(self) -> None:
        raise AssertionError("who opened the database closes it")

    def _finish(self, connection: Connection) -> None:
        repetition, act_id = self._repetition, str(self._repetition.opening.act["act_id"])
        entry = EntryReader(connection).get(act_id)
        if entry is None or entry.leaf != repetition.lost.leaf:
            raise BackupError("act_differs")
        writer, lost = EntryWriter(connection, self._random), repetition.lost
        writer.place({entry.number: lost.place})
        if not LostActWriter(connection).done_again(lost.place, repetition.by_act, repetition.now):
            raise BackupError("done_again")
        sealed = citation(lost.leaf, lost.leaf_index, repetition.checkpoint)
        writer.add([ActFacts(Kind.REAPPLY, repetition.by_act, repetition.now, None, None, sealed, act_id)])
        repetition.also(connection)


def _uncounted(connection: Connection, recovery: Recovery, work: Callable[[], T]) -> T:
    """Do an act of before the recovery as if that had ended nothing; what is still open then, it ends again."""
    grants, delegations = GrantWriter(connection), DelegationWriter(connection)
    grants.reopen(recovery.act_id)
    delegations.reopen(recovery.act_id)
    result = work()
    grants.end_every(recovery.act_id, recovery.recovered_at)
    delegations.end_every(recovery.act_id, recovery.recovered_at)
    return result
