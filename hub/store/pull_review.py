"""Reviews of statutory pulls by another department, and of each requester's day the pull that is reviewed at least."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_rows

_REVIEW = tables.pull_review
_CANDIDATE = tables.review_candidate


@dataclass(frozen=True, slots=True)
class StoredReview:
    """A review as kept; `justified` None: not answered. `words` are encrypted, `notice` is its task."""

    decision: str
    requester: str
    reviewer: str
    notice: int
    recorded_at: datetime
    justified: bool | None = None
    reason: str | None = None
    words: bytes | None = None
    act_id: str | None = None


class PullReviewReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, decision: str) -> StoredReview | None:
        row = select_by(self._connection, _REVIEW, decision=decision).first()
        return None if row is None else StoredReview(*row)

    def answered(self, decisions: Sequence[str]) -> dict[str, StoredReview]:
        """Return the answered reviews of these decisions."""
        rows = select_among(self._connection, _REVIEW, "decision", decisions) if decisions else ()
        found = (StoredReview(*row) for row in rows)
        return {each.decision: each for each in found if each.justified is not None}

    def of(self, department: str, *, most: int) -> list[StoredReview]:
        """Return the newest reviews that a department makes, or that are made of its pulls."""
        whose = or_(_REVIEW.c.reviewer == department, _REVIEW.c.requester == department)
        query = select(_REVIEW).where(whose).order_by(_REVIEW.c.recorded_at.desc(), _REVIEW.c.decision).limit(most)
        return [StoredReview(*row) for row in self._connection.execute(query)]

    def waiting(self, department: str, *, most: int) -> list[StoredReview]:
        """Return the oldest reviews that wait for a department."""
        query = select(_REVIEW).where(_REVIEW.c.reviewer == department, _REVIEW.c.justified.is_(None))
        query = query.order_by(_REVIEW.c.recorded_at, _REVIEW.c.decision).limit(most)
        return [StoredReview(*row) for row in self._connection.execute(query)]

    def unsettled(self, before: date) -> list[tuple[date, str, str]]:
        """Return day, requester and decision of the pulls to be reviewed because none else of their day was."""
        open_ = ~_CANDIDATE.c.is_settled & (_CANDIDATE.c.day < before)
        query = select(_CANDIDATE.c.day, _CANDIDATE.c.requester, _CANDIDATE.c.decision).where(open_)
        return [(row[0], row[1], row[2]) for row in self._connection.execute(query)]


class PullReviewWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, review: StoredReview) -> None:
        insert_rows(self._connection, _REVIEW, [{name: getattr(review, name) for name in StoredReview.__slots__}])

    def answer(self, decision: str, *, justified: bool, reason: str | None, words: bytes, act_id: str) -> bool:
        """Answer a review, once; False when that has been done."""
        waiting = (_REVIEW.c.decision == decision) & _REVIEW.c.justified.is_(None)
        values = {"justified": justified, "reason": reason, "words": words, "act_id": act_id}
        return self._connection.execute(update(_REVIEW).where(waiting).values(**values)).rowcount == 1

    def draw(self, day: date, requester: str, *, decision: str, lot: str) -> None:
        """Let a pull be the one of its day that is reviewed at least, if its lot is the lowest."""
        row = {"day": day, "requester": requester, "decision": decision, "lot": lot, "is_settled": False}
        self._connection.execute(_lower_lot(self._connection.dialect.name), row)

    def settle(self, day: date, requester: str) -> bool:
        """Note that one of that day's pulls is reviewed; False when that has been noted."""
        same = (_CANDIDATE.c.day == day) & (_CANDIDATE.c.requester == requester) & ~_CANDIDATE.c.is_settled
        return self._connection.execute(update(_CANDIDATE).where(same).values(is_settled=True)).rowcount == 1


@cache
def _lower_lot(dialect: str) -> Any:
    into = (postgresql if dialect == "postgresql" else sqlite).insert(_CANDIDATE)
    return into.on_conflict_do_update(
        index_elements=["day", "requester"],
        set_={"decision": into.excluded.decision, "lot": into.excluded.lot},
        where=into.excluded.lot < _CANDIDATE.c.lot,
    )
