"""What enterprises and windows do with grants, as their doors call it: presenting, redeeming, confirming."""

import secrets
from datetime import timedelta
from typing import Any

from connectors.contract import SignedText, SignerRole
from hub.enterprise.delegations import (
    confirm_delegations,
    draft_delegation,
    draft_delegation_confirmation,
    draft_delegation_withdrawal,
    post_delegation,
    withdraw_delegation,
)
from hub.enterprise.endings import draft_ending, end_all
from hub.enterprise.grant_requests import ask_for_grant, read_request, refuse_request, request_state, sign_request
from hub.enterprise.presentations import confirm, draft_confirmation, draft_presentation, post_presentation, redeem
from hub.steps.keyfolder import SIMULATOR_FOLDER
from schemas.exchange import read_redemption
from schemas.statement import Ordered
from signing.base64url import encode
from signing.x509 import read_cert_unverified
from tests.flows.world import MARKET, SHOP, World, example_fields, licence_order, statutory_request

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


def asked_content(*holders: str, **changes: Any) -> dict[str, Any]:
    """Return what the health bureau asks holders to grant, the 示例 shop where none are named."""
    return {
        "holders": list(holders or (SHOP,)),
        "types": SHOWN,
        "item_code": "440112001",
        "item_name": "公共场所卫生许可",
        "case_number": "2026-0001",
        "valid_until": "2026-12-20T00:00:00+08:00",
        "uses": 2,
    } | changes


def ask(world: World, content: dict[str, Any], *, key: str | None = None, jws: Any = None) -> dict[str, Any]:
    """Ask for a grant as the health bureau's system."""
    verified = jws or world.order(Ordered.REQUEST_GRANT, content, system="health", officer="h-001")
    return ask_for_grant(
        content,
        verified=verified,
        system=world.system("health"),
        key=key or encode(secrets.token_bytes(16)),
        registry=world.registry,
        now=world.now,
    )


def read_asked(world: World, code: str) -> dict[str, Any]:
    return read_request(code, registry=world.registry, now=world.now)


def answer_asked(
    world: World, code: str, answer: str, *, signer: str | None = None, role: SignerRole = "legal_representative"
) -> dict[str, Any]:
    """Sign the next holder's "grant" or "refusal"."""
    following = read_asked(world, code)["next"]
    signed = world.simulator.sign(signer or following["licence_number"], following[answer]["text"], role)
    return post_answer(world, code, signed, answer)


def post_answer(world: World, code: str, signed: SignedText, answer: str = "grant") -> dict[str, Any]:
    post = sign_request if answer == "grant" else refuse_request
    return post(code, signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)


def answers(world: World, request: str, system: str = "health") -> list[str]:
    """Return the states of a request's holders, as the department that asked sees them."""
    state = request_state(request, system=world.system(system), registry=world.registry, now=world.now)
    return [str(each["state"]) for each in state["holders"]]


def sign_ending(world: World, since: Any = None, role: SignerRole = "legal_representative") -> SignedText:
    """Draft the end of all that the 示例 shop gave since then and have it signed."""
    wish = {"licence_number": SHOP, "since": since.isoformat() if since else None}
    return world.simulator.sign(SHOP, draft_ending(wish, registry=world.registry)["text"], role)


def post_ending(world: World, signed: SignedText) -> dict[str, Any]:
    return end_all(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)


def ending_content(**changes: Any) -> dict[str, Any]:
    """Return what two officers order when the 示例 shop asks at a window that all ends."""
    return {
        "licence_number": SHOP,
        "issuing_body": MARKET,
        "identity_check": "representative_present",
        "document_name": "收回授权申请表",
        "document_number": "示收〔2026〕1号",
    } | changes
