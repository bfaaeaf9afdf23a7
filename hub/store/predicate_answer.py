"""Answers to predicates: by which signed bytes a question was answered, and under which act."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows


@dataclass(frozen=True, slots=True)
class StoredPredicateAnswer:
    """The signed answer a decision led to, by the SHA-256 (hex) of its token."""

    decision: str
    token_sha256: str
    recorded_at: datetime
    act_id: str


class PredicateAnswerReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, decision: str) -> StoredPredicateAnswer | None:
        row = select_by(self._connection, tables.predicate_answer, decision=decision).first()
        return None if row is None else StoredPredicateAnswer(*row)


class PredicateAnswerWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, answer: StoredPredicateAnswer) -> None:
        row = {name: getattr(answer, name) for name in StoredPredicateAnswer.__slots__}
        insert_rows(self._connection, tables.predicate_answer, [row])
