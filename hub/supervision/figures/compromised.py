"""Keys that are their owners' alone no more: since when, how many certificates read unknown, how far re-sealing is.

Read alone: a compromise is named by a command (`yizhao keys compromise`), sealing again is ordered by issuing bodies.
The operator sees of a certificate what anybody sees: its identifier, and where its public page is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.steps.certificates.fallen import next_fallen
from hub.steps.log.proven_time import SealTimes
from hub.store.standing import StandingReader
from schemas.certificate import Certificate
from signing.trust import HubKey, SealIssuer, TrustList

MOST = 1_000
"""So many certificates of a key are counted and listed; where there are more, that is said."""


@dataclass(frozen=True, slots=True)
class Compromised:
    """A key of the list that is revoked. `fallen` are up to MOST + 1 certificates that read unknown because of it.

    `sealed` were sealed again, `under_way` are about to be.
    """

    of: str
    key_id: str
    since: datetime
    reason: str
    fallen: Sequence[Certificate]
    sealed: int
    under_way: int


def list_compromised(times: SealTimes, trust: TrustList, connection: Connection) -> list[Compromised]:
    """Return the revoked keys of the list, the newest first."""
    listed: list[SealIssuer | HubKey] = [*trust.seals, *trust.hub_keys]
    revoked = [(each.revoked_at, each) for each in listed if each.revoked_at is not None]
    return [
        _compromised(each, since, times, trust, connection)
        for since, each in sorted(revoked, key=lambda pair: (pair[0], pair[1].key_id), reverse=True)
    ]


def _compromised(
    each: SealIssuer | HubKey, since: datetime, times: SealTimes, trust: TrustList, connection: Connection
) -> Compromised:
    of = f"hub:{each.purpose}" if isinstance(each, HubKey) else f"seal:{each.issuing_body}"
    fallen = next_fallen(each.key_id, MOST + 1, times=times, trust=trust, connection=connection, with_open=True)
    sealed, under_way = StandingReader(connection).sealed_again(each.key_id)
    return Compromised(of, each.key_id, since, each.revoke_reason or "", fallen, sealed, under_way)
