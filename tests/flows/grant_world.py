"""What enterprises and windows do with grants, as their doors call it: presenting, redeeming, confirming."""

import secrets
from datetime import timedelta
from typing import Any

from connectors.contract import SignedText, SignerRole
from hub.delegations import (
    confirm_delegations,
    draft_delegation,
    draft_delegation_confirmation,
    draft_delegation_withdrawal,
    post_delegation,
    withdraw_delegation,
)
from hub.keyfolder import SIMULATOR_FOLDER
from hub.presentations import confirm, draft_confirmation, draft_presentation, post_presentation, redeem
from schemas.exchange import read_redemption
from schemas.statement import Ordered
from signing.base64url import encode
from signing.x509 import read_cert_unverified
from tests.flows.world import SHOP, World, example_fields, licence_order, statutory_request

SHOWN = {"food_operation_permit": ["business_items", "floor_area"]}


def sign_presentation(
    world: World, *, signer: str = SHOP, role: SignerRole = "legal_representative", **changes: Any
) -> SignedText:
    """Draft what the 示例 shop shows and have an e-licence sign it."""
    wish = {"licence_number": SHOP, "types": SHOWN} | changes
    text = draft_presentation(wish, registry=world.registry, now=world.now)["text"]
    return world.simulator.sign(signer, text, role)


def present(world: World, **changes: Any) -> dict[str, Any]:
    """Post what the 示例 shop shows; return digest, code and digits."""
    signed = sign_presentation(world, **changes)
    return post_presentation(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)


def redemption_request(**changes: Any) -> dict[str, Any]:
    """Return what an officer of the health bureau asks with a code."""
    return {
        "window": "3号窗口",
        "wanted": [{"certificate_type": "food_operation_permit", "fields": ["business_items"]}],
        "item_code": "440112001",
        "case_number": "2026-0001",
    } | changes


def redeem_at_window(
    world: World,
    shown: str,
    *,
    system: str = "health",
    officer: str | None = "h-001",
    jws: str | None = None,
    key: str | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Redeem what was shown as an officer of a department does; digits with the shop's licence number."""
    if shown.isdigit():
        changes = {"licence_number": SHOP} | changes
    request = redemption_request(**changes)
    jws = jws or world.sign(Ordered.REDEEM, system=system, officer=officer, request=request)
    return redeem(
        read_redemption(request),
        shown,
        verified=world.verified(jws, act=Ordered.REDEEM, system=system),
        system=world.system(system),
        officer=world.officer(officer),
        key=key or encode(secrets.token_bytes(16)),
        registry=world.registry,
        e_licence=world.exchange.e_licence,
        now=world.now,
    )


def sign_confirmation(
    world: World, digest: str, *, signer: str = SHOP, role: SignerRole = "legal_representative"
) -> SignedText:
    """Draft the confirmation of who asks and have an e-licence sign it."""
    return world.simulator.sign(signer, draft_confirmation(digest, registry=world.registry)["text"], role)


def post_confirmation(world: World, digest: str, signed: SignedText) -> dict[str, Any]:
    return confirm(digest, signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)


def confirm_presentation(world: World, digest: str, **changes: Any) -> dict[str, Any]:
    """Confirm who asks as the holder does."""
    return post_confirmation(world, digest, sign_confirmation(world, digest, **changes))


def presented_request(digest: str, **changes: Any) -> dict[str, Any]:
    """Return a pull request of the health bureau on a presentation."""
    wanted = [{"certificate_type": "food_operation_permit"}]
    return statutory_request(types=wanted) | {"basis": {"kind": "presentation", "reference": digest}} | changes


def wrong(digits: str, step: int = 1) -> str:
    """Return digits that are not these."""
    return f"{(int(digits) + step) % 10**8:08d}"


def remake_licence(world: World, role: SignerRole = "legal_representative") -> None:
    """Give the 示例 shop another e-licence in a role, as it gets when its holder changes."""
    folder = world.settings.key_folder / SIMULATOR_FOLDER / "licences"
    (folder / f"{SHOP}.{role}.cert.der").unlink()
    world.make_licence(role=role)


def cert_serial(world: World, role: SignerRole = "agent") -> str:
    """Return the serial of the cert by which the 示例 shop signs in a role."""
    return read_cert_unverified(world.simulator.sign(SHOP, "", role).cert_der).serial_hex


def sign_delegation(world: World, *, role: SignerRole = "legal_representative", **changes: Any) -> SignedText:
    """Draft a delegation to the 示例 shop's agent and have it signed."""
    wish = {
        "licence_number": SHOP,
        "delegate": "示例丙",
        "cert_serial": cert_serial(world),
        "item_code": "440112001",
        "item_name": "公共场所卫生许可",
        "valid_until": (world.now + timedelta(days=60)).isoformat(),
    }
    text = draft_delegation(wish | changes, registry=world.registry, now=world.now)["text"]
    return world.simulator.sign(SHOP, text, role)


def delegate(world: World, **changes: Any) -> str:
    """Delegate to the agent; return the delegation's digest."""
    signed = sign_delegation(world, **changes)
    posted = post_delegation(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)
    return str(posted["digest"])


def take_back(world: World, digest: str, role: SignerRole = "legal_representative") -> dict[str, Any]:
    """Withdraw a delegation."""
    text = draft_delegation_withdrawal(digest, registry=world.registry)["text"]
    signed = world.simulator.sign(SHOP, text, role)
    e_licence = world.exchange.e_licence
    return withdraw_delegation(digest, signed, registry=world.registry, e_licence=e_licence, now=world.now)


def confirm_delegated(world: World, role: SignerRole = "legal_representative", **wish: Any) -> dict[str, Any]:
    """Confirm delegations after a change, all that stand unless some are named."""
    drafted = draft_delegation_confirmation({"licence_number": SHOP} | wish, registry=world.registry, now=world.now)
    signed = world.simulator.sign(SHOP, drafted["text"], role)
    return confirm_delegations(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)


def change_representative(world: World, licence: str, name: str = "示例丁") -> str:
    """Have the registry change the legal representative on the business licence; return the new identifier."""
    fields = example_fields("business_licence", legal_representative=name)
    issued = world.issue(licence_order(replaces=licence, cause="change", fields=fields))
    world.now += timedelta(seconds=2)
    return str(issued["identifier"])
