"""The holders' rows, which every act on their certificates locks first: acts on one holder come one after another."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from hub.steps.registry import Registry
from hub.store.enterprise import EnterpriseWriter, LockedEnterprise
from schemas.identifiers import make_reference


def lock_holders(
    holders: Mapping[str, tuple[str, str]], *, connection: Connection, registry: Registry, now: datetime
) -> dict[str, LockedEnterprise]:
    """Lock holders (licence number → name, address), giving a random reference to each that is new."""
    return EnterpriseWriter(connection).lock(
        holders, make_reference=lambda: make_reference(registry.random(16)), now=now
    )


def lock_holder(licence_number: str, *, connection: Connection, registry: Registry, now: datetime) -> LockedEnterprise:
    """Lock the one holder of a certificate that is on record."""
    return lock_holders({licence_number: ("", "")}, connection=connection, registry=registry, now=now)[licence_number]
