"""Which records fall under a key that is over: those whose newest seal is its, and is not proven older than its end.

The same question as the verdict's (`hub/facts.py`), asked of all records of a body at once: by the places of their
entries first, so that of a large registry only those are read that no early word covers.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from hub.proven_time import SealTimes
from hub.recomposition import seal_key_id
from hub.store.certificate import CertificateReader
from hub.store.resealing import ResealingReader
from schemas.certificate import Certificate
from signing.errors import KeyUnknownError
from signing.trust import TrustList

_RECORDS_AT_ONCE = 500


def fallen_under(key_id: str, *, times: SealTimes, trust: TrustList, connection: Connection) -> list[Certificate]:
    """Return the certificates that read unknown because of this key, as `trust` names it, oldest first."""
    ends_at = trust.ends_at(key_id)
    if ends_at is None:
        return []
    body, place = issuing_body_of(key_id, trust), times.covered_before(ends_at)
    candidates = ResealingReader(connection).sealed_since(place, issuing_body=body, key_id=key_id)
    in_time = times.under(trust)
    return [each for each in _bearing(key_id, candidates, connection) if not in_time.record(each.serial, key_id)]


def issuing_body_of(key_id: str, trust: TrustList) -> str | None:
    """Return the body whose seal a key is; None for the hub's own."""
    try:
        return trust.find_seal(key_id).issuing_body
    except KeyUnknownError:
        return None


def _bearing(key_id: str, candidates: Sequence[int], connection: Connection) -> list[Certificate]:
    reader, found = CertificateReader(connection), list[Certificate]()
    for first in range(0, len(candidates), _RECORDS_AT_ONCE):
        serials = candidates[first : first + _RECORDS_AT_ONCE]
        records = reader.records(serials)
        its = [serial for serial in serials if seal_key_id(records[serial].seals[-1]) == key_id]
        certificates = reader.by_serial(its)
        found += [certificates[serial] for serial in its]
    return found
