"""Officers' accounts at the provider of identities: by which of them who may sign in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete

from hub.store import tables
from hub.store.queries import select_among
from hub.store.upsert import insert_new

_TABLE = tables.officer_identity


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """An officer's account at a provider: its issuer (an URL), and what the claim that names officers says of him."""

    officer: str
    issuer: str
    account: str
    recorded_at: datetime


class IdentityReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, officer: str) -> StoredIdentity | None:
        """Return an officer's account, held until the transaction ends: a sign-in under way comes before or after."""
        row = select_among(self._connection, _TABLE, "officer", [officer], lock=True).first()
        return None if row is None else StoredIdentity(*row)

    def of(self, issuer: str, account: str, *, lock: bool = False) -> StoredIdentity | None:
        """Return whose account that is; with `lock` held until the transaction ends: what takes it from him waits."""
        row = select_among(self._connection, _TABLE, "issuer", [issuer], lock=lock, account=account).first()
        return None if row is None else StoredIdentity(*row)


class IdentityWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, identity: StoredIdentity) -> bool:
        """Keep an officer's account; False when it is another's. He has none at that moment."""
        row = {name: getattr(identity, name) for name in StoredIdentity.__slots__}
        return insert_new(self._connection, _TABLE, [row]) == 1

    def remove(self, officer: str) -> None:
        self._connection.execute(delete(_TABLE).where(_TABLE.c.officer == officer))
