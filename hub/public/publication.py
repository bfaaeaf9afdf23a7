"""What the hub publishes for those who verify on their own: its keys, and what it holds of whom."""

from datetime import datetime
from typing import Any

from hub.steps.registry import Registry
from hub.store.parties import PartyReader
from signing.algorithms import public_key_from_spki
from signing.jws import jwk_of


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
