"""What the hub publishes for those who verify on their own: the trust list, its keys, the status lists."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from hub.errors import NotFoundError
from hub.registry import Registry
from hub.store.annotation import AnnotationReader
from hub.store.parties import PartyReader
from hub.store.recovery import RecoveryReader
from hub.store.status import StatusReader, StatusRow
from schemas.certificate import Status, civil_date, suspension_over
from signing.algorithms import public_key_from_spki
from signing.jws import CompactSigner, jwk_of
from signing.status_list import SHARD_SIZE, StatusValue, encode_statuses, place_of

# Beyond this a serial would not fit its column.
_MOST_LISTS = 2**40
_VALUES: Mapping[str, StatusValue] = {
    Status.SUSPENDED: StatusValue.SUSPENDED,
    Status.SUPERSEDED: StatusValue.APPLICATION_SPECIFIC,
}


def status_list(number: int, *, registry: Registry, signer: CompactSigner, term: timedelta, now: datetime) -> str:
    """Return one status list as a signed token (IETF Token Status List: typ statuslist+jwt, 2 bits, zlib).

    NotFoundError for a list no certificate can point to yet; StoreError store_rolled_back,
    store_recovered: a list would say "valid".
    """
    first, today = number * SHARD_SIZE, civil_date(now)
    registry.refuse_doubtful(now)
    with registry.database.read() as connection:
        reader = StatusReader(connection)
        if not 0 <= number <= _MOST_LISTS or first > reader.highest():
            raise NotFoundError("status_list_not_found")
        rows = reader.not_valid(first, first + SHARD_SIZE - 1)
        halted = AnnotationReader(connection).halted(first, first + SHARD_SIZE - 1, today)
        skipped = RecoveryReader(connection).skipped(first, first + SHARD_SIZE)
        back = reader.sealed(first, first + SHARD_SIZE - 1) if skipped else set()
    # Who cannot ask about other authorities must not read "valid" of what may not be used.
    held = [serial for serial in registry.log(now).held if first <= serial < first + SHARD_SIZE]
    values = {place_of(serial, registry.status_key).index: int(StatusValue.SUSPENDED) for serial in (*halted, *held)}
    values |= {
        place_of(row.serial, registry.status_key).index: int(_VALUES.get(row.status, StatusValue.INVALID))
        for row in rows
        if not _is_over(row, registry, today)
    }
    # What was sealed in a range that the store lost is held by nobody here: a list must not call it valid.
    values |= {
        place_of(serial, registry.status_key).index: int(StatusValue.INVALID)
        for lost in skipped
        for serial in lost
        if serial not in back
    }
    issued_at = int(now.timestamp())
    payload = {
        "sub": f"{registry.origin}/status/{number}",
        "iss": registry.origin,
        "iat": issued_at,
        "exp": issued_at + 2 * int(term.total_seconds()),
        "ttl": int(term.total_seconds()),
        "status_list": {"bits": 2, "lst": encode_statuses(values)},
    }
    return signer.sign(orjson.dumps(payload))


def coverage(*, registry: Registry) -> list[dict[str, Any]]:
    """Return what this hub holds of each type and issuing body, as declared, and when that body was last heard."""
    with registry.database.read() as connection:
        declared = PartyReader(connection).coverage()
    return [
        {
            "certificate_type": each.certificate_type,
            "issuing_body": each.issuing_body,
            "state": each.state.value,
            "since_on": each.since_on.isoformat() if each.since_on else None,
            "heard_at": each.heard_at.isoformat() if each.heard_at else None,
        }
        for each in sorted(declared, key=lambda each: (each.certificate_type, each.issuing_body))
    ]


def _is_over(row: StatusRow, registry: Registry, today: date) -> bool:
    """Say whether a suspension ended by itself: the list says what the verdict says."""
    kind = registry.catalogue.get(row.certificate_type, row.type_version)
    return row.status == Status.SUSPENDED and suspension_over(row.suspended_until, kind.suspension_ends, today)


def jwks(*, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the hub's own public keys that others verify its answers, notes, tokens and lists with, by their `kid`.

    While one is renewed, both are there, and the next one before it is used; not one that has ended or was revoked.
    """
    keys = []
    for each in registry.trust().hub_keys:
        if any(end is not None and end <= now for end in (each.until_at, each.revoked_at)):
            continue
        jwk: dict[str, Any] = dict(jwk_of(public_key_from_spki(each.spki)))
        keys.append(jwk | {"kid": each.key_id, "alg": each.algorithm, "use": "sig"})
    return {"keys": keys}
