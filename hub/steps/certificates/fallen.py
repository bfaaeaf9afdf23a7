"""Which records fall under a key that is over: those whose newest seal is its, and is not proven older than its end.

The same question as the verdict's (`hub/decisions/facts.py`), asked of all records of a body at once: by the places of
their entries first, so that of a large registry only those are read that no early word covers.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection

from hub.steps.certificates.recomposition import seal_key_id
from hub.steps.log.proven_time import SealTimes
from hub.store.certificate import CertificateReader
from hub.store.resealing import ResealingReader
from schemas.certificate import Certificate
from signing.errors import KeyUnknownError
from signing.trust import TrustList

_RECORDS_AT_ONCE = 500


def fallen_under(key_id: str, *, times: SealTimes, trust: TrustList, connection: Connection) -> list[Certificate]:
    """Return all certificates that read unknown because of this key, as `trust` names it, oldest first."""
    return list(_falling(key_id, 0, times, trust, connection, with_open=True))


def next_fallen(
    key_id: str, most: int, *, times: SealTimes, trust: TrustList, connection: Connection, with_open: bool
) -> list[Certificate]:
    """Return some of the same, `most` at most: first those above what was ordered sealed again already.

    So a whole registry is sealed again by orders that each read a page or two. What is about to be sealed is among them
    only `with_open`.
    """
    above = ResealingReader(connection).last_over(key_id)
    found = list(islice(_falling(key_id, above, times, trust, connection, with_open), most))
    if len(found) == most or not above:
        return found
    return list(islice(_falling(key_id, 0, times, trust, connection, with_open), most))


def falls_under(
    key_id: str, certificate: Certificate, *, times: SealTimes, trust: TrustList, connection: Connection
) -> bool:
    """Say of one certificate whether it reads unknown because of this key."""
    if trust.ends_at(key_id) is None:
        return False
    bearing = _bearing(key_id, [certificate.serial], connection)
    return bool(bearing) and not times.under(trust).record(certificate.serial, key_id)


def issuing_body_of(key_id: str, trust: TrustList) -> str | None:
    """Return the body whose seal a key is; None for the hub's own."""
    try:
        return trust.find_seal(key_id).issuing_body
    except KeyUnknownError:
        return None


def _falling(
    key_id: str, after: int, times: SealTimes, trust: TrustList, connection: Connection, with_open: bool
) -> Iterator[Certificate]:
    """Yield what falls under the key above the serial `after`, read by the page."""
    ends_at = trust.ends_at(key_id)
    if ends_at is None:
        return
    body, in_time = issuing_body_of(key_id, trust), times.under(trust)
    place = times.covered_before(ends_at, in_time.revoked)
    reader = ResealingReader(connection)
    while page := reader.sealed_since(
        place, issuing_body=body, key_id=key_id, after=after, most=_RECORDS_AT_ONCE, with_open=with_open
    ):
        yield from (each for each in _bearing(key_id, page, connection) if not in_time.record(each.serial, key_id))
        after = page[-1]


def _bearing(key_id: str, candidates: Sequence[int], connection: Connection) -> list[Certificate]:
    reader = CertificateReader(connection)
    records = reader.records(candidates)
    its = [serial for serial in candidates if seal_key_id(records[serial].seals[-1]) == key_id]
    certificates = reader.by_serial(its)
    return [certificates[serial] for serial in its]
