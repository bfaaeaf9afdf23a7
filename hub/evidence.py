"""Evidence of what was refused: an order given without the right to give it is kept and entered like an act.

Malformed input writes nothing; a decided refusal does, so that nobody can try quietly.
"""

from datetime import datetime

from sqlalchemy import Connection

from hub.errors import HubError
from hub.intentions import new_name
from hub.registry import Registry
from hub.repeats import spend_statement
from hub.statements import VerifiedStatement
from hub.store.entry import EntryWriter
from schemas.evidence import ActFacts, Kind
from schemas.parties import System

WITHOUT_RIGHT = frozenset({"body_not_yours", "body_not_in_charge", "body_ended", "body_unknown"})


def record_refusal(
    error: HubError, *, verified: VerifiedStatement, system: System, registry: Registry, now: datetime
) -> None:
    """Keep the statement and enter the refusal, when `error` says that the caller had no right to order this."""
    if error.code not in WITHOUT_RIGHT:
        return

    def record(connection: Connection) -> None:
        spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        act = ActFacts(Kind.ORDER_REFUSED, new_name(registry), now, None, verified.digest, None, None)
        EntryWriter(connection, registry.random).add([act])

    registry.database.write(record)
