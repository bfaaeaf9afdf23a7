"""One-time links by which a person has what a grant gives: kept as keyed digests, bound to who opens them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows

_LINK = tables.grant_link


@dataclass(frozen=True, slots=True)
class StoredLink:
    """The link of a grant, by the grant's digest. `person_mac` is whose it is since it was first opened.

    `proof` holds what the sign-in service vouched for then, encrypted, with the text that was confirmed.
    """

    digest: str
    link_mac: str
    misses: int
    killed_at: datetime | None
    person_mac: str | None
    proof: bytes | None
    opened_at: datetime | None


class GrantLinkReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_link(self, link_mac: str) -> StoredLink | None:
        row = select_by(self._connection, _LINK, link_mac=link_mac).first()
        return None if row is None else StoredLink(*row)


class GrantLinkWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, digest: str, link_mac: str) -> None:
        insert_rows(self._connection, _LINK, [{"digest": digest, "link_mac": link_mac, "misses": 0}])

    def miss(self, digest: str, *, most: int, now: datetime) -> None:
        """Count one whom the link is not for; the last that is allowed kills it."""
        same = _LINK.c.digest == digest
        self._connection.execute(update(_LINK).where(same).values(misses=_LINK.c.misses + 1))
        self._connection.execute(update(_LINK).where(same, _LINK.c.misses >= most).values(killed_at=now))

    def bind(self, digest: str, person_mac: str, proof: bytes, now: datetime) -> bool:
        """Make a link that person's for good; False when it is another's."""
        free = (_LINK.c.digest == digest) & (_LINK.c.person_mac.is_(None) | (_LINK.c.person_mac == person_mac))
        values = {"person_mac": person_mac, "proof": proof, "opened_at": now}
        return self._connection.execute(update(_LINK).where(free).values(**values)).rowcount == 1
