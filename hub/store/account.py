"""Accounts of officers who sign in to pages: what proves who they are, and how often that went wrong."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_or_replace

_TABLE = tables.officer_account


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An officer's account; `password` and `totp` None: it was not opened yet, `code_sha256` is of the code that does.

    `password` is a hash, `totp` the app's secret, encrypted; `totp_step` is the last step a code was used in.
    """

    officer: str
    password: str | None
    totp: bytes | None
    totp_step: int
    misses: int
    locked_until: datetime | None
    code_sha256: str | None
    code_ends_at: datetime | None
    changed_at: datetime


class AccountReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, officer: str) -> StoredAccount | None:
        row = select_by(self._connection, _TABLE, officer=officer).first()
        return None if row is None else StoredAccount(*row)

    def lock(self, officer: str) -> StoredAccount | None:
        """Return an account that is held until the transaction ends: two guesses at once count as two."""
        row = select_among(self._connection, _TABLE, "officer", [officer], lock=True).first()
        return None if row is None else StoredAccount(*row)


class AccountWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, account: StoredAccount) -> None:
        row = {name: getattr(account, name) for name in StoredAccount.__slots__}
        insert_or_replace(self._connection, _TABLE, [row])

    def remove(self, officer: str) -> None:
        """Remove the account of an officer who left: what he knew opens nothing any more."""
        self._connection.execute(delete(_TABLE).where(_TABLE.c.officer == officer))
