"""What stories of keys do: a witness speaks, a key is followed by another, a key is found compromised."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hub.custody.installation import COMPROMISED, Revocation, make_next_key, make_trust_list, rotate_key
from hub.custody.key_life import Compromise, KeySteps, compromise
from hub.registry.resealing import Sealing, read_reseal_order, reseal
from hub.steps.log.proven_time import SealTimes
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Sealers
from hub.store.log import WitnessWord
from schemas.exchange import NOTE_TYP
from schemas.statement import Ordered
from signing.base64url import encode
from signing.jws import CompactSigner
from signing.trust import TrustList
from tests.flows.world import MARKET, World

SEAL = f"seal:{MARKET}"
MINUTE = timedelta(minutes=1)


def vouch(world: World, seen_at: datetime | None = None, name: str = "one") -> datetime:
    """Publish the log and let a witness speak of its head; return the moment it names, by default this one."""
    world.log.round(world.now)
    head, moment = world.log.store.head(), seen_at or world.now
    world.log.store.add_word(WitnessWord(head.number, name, head.size, head.note, "line\n", moment), ())
    return moment


def list_again(world: World, **changes: Any) -> TrustList:
    """Make the next trust list and let this process read it."""
    made = make_trust_list(
        database=world.registry.database, keys=world.keys, installation=world.installation,
        e_licence_cert=world.simulator.anchor_der, now=world.now, **changes,
    )  # fmt: skip
    world.trust.refresh(world.now)
    return made


def rotate(world: World, use: str) -> TrustList:
    """Let a new key follow that of a use; a hub's processes sign with it from then on."""
    made = rotate_key(
        use, keys=world.keys, operator=world.installation.operator, list_again=lambda: list_again(world),
        pause=lambda: None, now=world.now,
    )  # fmt: skip
    signer = CompactSigner(world.keys.signer("hub:notes"), NOTE_TYP)
    world.exchange = replace(world.exchange, note_signer=signer)
    return made


def steps(world: World) -> KeySteps:
    return KeySteps(
        present=lambda use: world.keys.signer(use).key_id if use in world.keys.uses() else None,
        make_next=lambda use: make_next_key(use, keys=world.keys, operator=world.installation.operator, now=world.now),
        list_again=lambda key_id, at, also: list_again(world, revoked=Revocation(key_id, at, COMPROMISED), also=also),
        pause=lambda: None,
        adopt=world.keys.adopt_next,
    )


def compromised(world: World, since: datetime, key_id: str | None = None, use: str = SEAL) -> Compromise:
    """Find out that a key, by default the market's seal, is compromised since a moment."""
    return compromise(
        key_id or world.keys.signer(use).key_id, since=since, operator=world.installation.operator,
        registry=world.registry, times=times(world), steps=steps(world), now=world.now,
    )  # fmt: skip


def times(world: World) -> SealTimes:
    return SealTimes(world.registry.database, world.log.store)


def resealed(
    world: World, key_id: str, *identifiers: str, system: str = "market", body: str = MARKET
) -> dict[str, Any]:
    """Order, as two officers, that what falls under a key is sealed again."""
    content = {"key_id": key_id, "identifiers": list(identifiers), "issuing_body": body}
    order = world.seconded(Ordered.RESEAL, content, system=system, issuing_body=body)
    return reseal_verified(world, content, order, system=system)


def reseal_verified(
    world: World,
    content: Mapping[str, Any],
    order: tuple[VerifiedStatement, tuple[Second, ...]],
    *,
    system: str = "market",
    key: str | None = None,
    sealers: Sealers | None = None,
) -> dict[str, Any]:
    return reseal(
        read_reseal_order(content), verified=order[0], seconds=order[1], system=world.system(system),
        key=key or encode(world.registry.random(16)), registry=world.registry,
        sealing=Sealing(sealers or world.sealers, times(world)), now=world.now,
    )  # fmt: skip


def told(world: World, system: str, kind: str) -> Iterator[dict[str, Any]]:
    """Yield what a department was told of a kind: the facts."""
    return (each["facts"] for each in world.inbox(system, kind=kind))
