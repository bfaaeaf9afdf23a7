"""Approvals of changes, each spent once by being kept: an officer's `jti` stands here for ever."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_new


@dataclass(frozen=True, slots=True)
class KeptApproval:
    """One approval as kept; `statement` is the number of the order that it approves, None for a local act."""

    officer: str
    jti: str
    change: str
    content_digest: str
    statement: int | None
    jws: str
    recorded_at: datetime


class ApprovalReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_statement(self, number: int) -> Sequence[KeptApproval]:
        """Return the approvals of an order."""
        rows = select_by(self._connection, tables.approval, order="officer", statement=number).mappings()
        return [KeptApproval(**row) for row in rows]

    def of_content(self, change: str, content_digest: str) -> Sequence[KeptApproval]:
        """Return the approvals of a change by the digest of what is changed."""
        found = select_by(
            self._connection, tables.approval, order="officer", change=change, content_digest=content_digest
        )
        return [KeptApproval(**row) for row in found.mappings()]


class ApprovalWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, approval: KeptApproval) -> bool:
        """Keep an approval; False when it was spent before. Holds across processes and restarts."""
        return insert_new(self._connection, tables.approval, [asdict(approval)]) == 1
