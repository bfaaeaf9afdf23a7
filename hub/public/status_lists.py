"""The published status lists (IETF Token Status List: typ statuslist+jwt, 2 bits, zlib), kept until something changes.

1 refuse   a store in doubt lists nothing: a list would say "valid"
2 compare  one look-up tells how often the answers of the certificates in a list were rewritten; the list that is kept
           is given again when it was built from that, on this day, is signed by the key that counts, and is young
3 build    else it is built from one state of the database, by one reader at a time, signed and kept
No list is ever old for a while: the number goes up in the transaction of the change
(`hub/steps/certificates/recomposition.py`), so that the next reader, in whatever process, builds it anew. What is kept
is in memory alone: a crash leaves nothing to mend.
Source: draft-ietf-oauth-status-list, sections 5.1 and 8.1 (ETag and gzip are the door's, `hub/web/api/publication.py`).
"""

import gzip
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from threading import Lock

import orjson

from hub.errors import NotFoundError
from hub.steps.registry import Registry
from hub.store.annotation import AnnotationReader
from hub.store.recovery import RecoveryReader
from hub.store.status import StatusReader, StatusRow
from schemas.certificate import Status, civil_date, suspension_over
from signing.jws import CompactSigner
from signing.status_list import SHARD_SIZE, StatusValue, encode_statuses, place_of

# Beyond this a serial would not fit its column.
_MOST_LISTS = 2**40
# Some 30 KB each.
_MOST_KEPT = 1_024
_TURNS = 64
_VALUES: Mapping[str, StatusValue] = {
    Status.SUSPENDED: StatusValue.SUSPENDED,
    Status.SUPERSEDED: StatusValue.APPLICATION_SPECIFIC,
}


@dataclass(frozen=True, slots=True)
class SignedList:
    """One list as it is handed out: the token, the same as gzip, and its entity tag (without quotes)."""

    token: str
    gzipped: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _BuiltFrom:
    """Whatever a list follows from: another of any of these is another list.

    Suspensions and orders end by the day; a store that was recovered counts its changes anew, and holds certificates
    of which a lost act is known to be missing.
    """

    version: int
    day: date
    key_id: str
    recovered_at: datetime | None
    held: frozenset[int]


class StatusLists:
    """The lists of one process; `term` is the ttl."""

    def __init__(self, registry: Registry, signer: CompactSigner, term: timedelta) -> None:
        self.term = term
        self._registry = registry
        self._signer = signer
        self._kept: dict[int, tuple[_BuiltFrom, datetime, SignedList]] = {}
        self._turns = [Lock() for _ in range(_TURNS)]

    def get(self, number: int, now: datetime) -> SignedList:
        """Return the list of that number as everything committed until now makes it.

        NotFoundError for a list no certificate can point to yet; StoreError store_rolled_back, store_recovered.
        """
        self._registry.refuse_doubtful(now)
        if (kept := self._still_right(number, now)) is not None:
            return kept
        with self._turns[number % _TURNS]:
            # Asked again: who waited takes what was built meanwhile, unless there was another change since.
            return self._still_right(number, now) or self._build(number, now)

    def token(self, number: int, now: datetime) -> str:
        """Return the same list as the token alone, for what is handed out with one."""
        return self.get(number, now).token

    def _still_right(self, number: int, now: datetime) -> SignedList | None:
        if number not in self._kept:
            return None
        built_from, signed_at, kept = self._kept[number]
        # Whoever fetches it keeps it for a ttl, and it ends two after it was signed.
        if not timedelta(0) <= now - signed_at < self.term / 2:
            return None
        with self._registry.database.read() as connection:
            version = StatusReader(connection).version(number)
        return kept if built_from == self._built_from(version, now) else None

    def _build(self, number: int, now: datetime) -> SignedList:
        # Before it is signed: a key that is followed by another in between makes the next reader build again.
        held = self._registry.log(now).held
        version, values = self._read(number, civil_date(now), held)
        built_from = replace(self._built_from(version, now), held=held)
        token = self._sign(number, values, now)
        raw = token.encode("ascii")
        made = SignedList(token, gzip.compress(raw, mtime=0), sha256(raw).hexdigest()[:32])
        while len(self._kept) >= _MOST_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[number] = (built_from, now, made)
        return made

    def _built_from(self, version: int, now: datetime) -> _BuiltFrom:
        log = self._registry.log(now)
        return _BuiltFrom(version, civil_date(now), self._signer.key_id, log.recovered_at, log.held)

    def _read(self, number: int, today: date, held: Collection[int]) -> tuple[int, dict[int, int]]:
        """Return how often what the list tells of has changed, and the value of each place that is not valid."""
        first, key = number * SHARD_SIZE, self._registry.status_key
        last = first + SHARD_SIZE - 1
        with self._registry.database.snapshot() as connection:
            reader = StatusReader(connection)
            if not 0 <= number <= _MOST_LISTS or first > reader.highest():
                raise NotFoundError("status_list_not_found")
            version, rows = reader.version(number), reader.not_valid(first, last)
            halted = AnnotationReader(connection).halted(first, last, today)
            skipped = RecoveryReader(connection).skipped(first, last + 1)
            back = reader.sealed(first, last) if skipped else set()
        # Who cannot ask about other authorities must not read "valid" of what may not be used, or is in doubt here.
        doubtful = (serial for serial in held if first <= serial <= last)
        values = dict.fromkeys((*halted, *doubtful), StatusValue.SUSPENDED)
        values |= {
            row.serial: _VALUES.get(row.status, StatusValue.INVALID) for row in rows if not self._is_over(row, today)
        }
        # What was sealed in a range that the store lost is held by nobody here: a list must not call it valid.
        values |= {serial: StatusValue.INVALID for lost in skipped for serial in lost if serial not in back}
        return version, {place_of(serial, key).index: int(value) for serial, value in values.items()}

    def _is_over(self, row: StatusRow, today: date) -> bool:
        """Say whether a suspension ended by itself: the list says what the verdict says."""
        kind = self._registry.catalogue.get(row.certificate_type, row.type_version)
        return row.status == Status.SUSPENDED and suspension_over(row.suspended_until, kind.suspension_ends, today)

    def _sign(self, number: int, values: Mapping[int, int], now: datetime) -> str:
        issued_at, ttl = int(now.timestamp()), int(self.term.total_seconds())
        payload = {
            "sub": f"{self._registry.origin}/status/{number}",
            "iss": self._registry.origin,
            "iat": issued_at,
            "exp": issued_at + 2 * ttl,
            "ttl": ttl,
            "status_list": {"bits": 2, "lst": encode_statuses(values)},
        }
        return self._signer.sign(orjson.dumps(payload))
