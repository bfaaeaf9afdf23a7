"""What enterprises and windows do with grants, as their doors call it: presenting, redeeming, confirming."""

import secrets
from typing import Any

from connectors.contract import SignedText, SignerRole
from hub.presentations import confirm, draft_confirmation, draft_presentation, post_presentation, redeem
from schemas.exchange import read_redemption
from schemas.statement import Ordered
from signing.base64url import encode
from tests.flows.world import SHOP, World, statutory_request

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
