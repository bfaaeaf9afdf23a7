"""What a department sees of itself: its systems with their keys, and what was ordered in its name.

Whoever audits a department reads here what each officer ordered at which system; the statements themselves are its
evidence, and each leads to the receipt of its act.
"""

from datetime import datetime
from typing import Any

from hub.steps.orders.statements import unverified_claims
from hub.steps.registry import Registry
from hub.store.parties import PartyReader
from hub.store.statement import KeptStatement, StatementReader
from schemas.parties import Role
from signing.x509 import read_cert_unverified

PAGE = 50


def list_systems(department: str, *, registry: Registry, now: datetime) -> list[dict[str, Any]]:
    """Return a department's systems and terminals, and of each the keys that count with the last day of their certs."""
    with registry.database.read() as connection:
        reader = PartyReader(connection)
        systems = reader.systems_of(department)
        keys = reader.keys_of_all([each.code for each in systems], now)
    return [
        {
            "code": each.code,
            "name": each.name,
            "roles": sorted(map(str, each.roles)),
            "is_terminal": Role.TERMINAL in each.roles,
            "active": each.active,
            "keys": [_key(cert_der, now) for cert_der in keys[each.code]],
        }
        for each in systems
    ]


def list_ordered(department: str, *, before: int | None, registry: Registry) -> dict[str, Any]:
    """Return what a department's systems ordered, the newest first, a page below number `before`."""
    with registry.database.read() as connection:
        codes = [each.code for each in PartyReader(connection).systems_of(department)]
        found = StatementReader(connection).of_systems(codes, before=before, most=PAGE + 1)
    more = found[PAGE - 1].number if len(found) > PAGE else None
    return {"ordered": [_ordered(each) for each in found[:PAGE]], "before": more}


def _key(cert_der: bytes, now: datetime) -> dict[str, Any]:
    facts = read_cert_unverified(cert_der)
    return {"key_id": facts.key_id, "ends_on": facts.not_after.date().isoformat(), "days": (facts.not_after - now).days}


def _ordered(kept: KeptStatement) -> dict[str, Any]:
    said = unverified_claims(kept.jws)
    return {
        "number": kept.number,
        "act": kept.act,
        "system": kept.system,
        "officer": str(said.get("officer") or ""),
        "recorded_at": kept.recorded_at.isoformat(),
        "is_second": kept.seconds is not None,
        "digest": kept.digest,
    }
