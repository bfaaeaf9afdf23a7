"""How the stories sign in: a system's assertion, a proof, a token for both, and a call that bears it.

Times (`iat`, `nbf`, `exp`) are given in seconds from the world's now; claims that are None are left out.
"""

from datetime import timedelta
from typing import Any

import orjson

from hub.department.access import Presented, issue_token, verify_caller
from schemas.parties import Role
from schemas.tokens import ASSERTION_TYP, ASSERTION_TYPE, PROOF_TYP, TOKEN_TYP, access_token_hash
from signing.algorithms import generate_private_key
from signing.base64url import encode
from signing.jws import CompactSigner, jwk_of, sign_compact
from signing.signers.file import FileSigner
from tests.flows.world import ORIGIN, World

PROOF_KEY = FileSigner(generate_private_key("ES256"))
TERM = timedelta(minutes=5)
PATH = "/api/v1/pulls"


def sign_in(world: World, *, assertion: str | None = None, cert: str | None = None, **changes: str) -> str:
    """Get a token, bound to the cert of that thumbprint, or without one to PROOF_KEY."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "health",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": make_assertion(world) if assertion is None else assertion,
    } | changes
    proof = None if cert else make_proof(world, None, htu=f"{ORIGIN}/oauth/token")
    signer = CompactSigner(world.keys.signer("hub:tokens"), TOKEN_TYP)
    presented = Presented("POST", "/oauth/token", None, proof, cert)
    answer = issue_token(form, presented, registry=world.registry, signer=signer, term=TERM, now=world.now)
    return str(answer["access_token"])


def call(world: World, token: str, *, proof: str | None = None, role: Role = Role.PULL) -> Any:
    presented = Presented("POST", PATH, f"DPoP {token}", proof or make_proof(world, token))
    return verify_caller(presented, role=role, registry=world.registry, now=world.now)


def call_by_cert(world: World, token: str, cert: str | None) -> Any:
    """Call with a token over a connection on which the cert of that thumbprint was shown, and no proof."""
    presented = Presented("POST", PATH, f"Bearer {token}", None, cert)
    return verify_caller(presented, role=Role.PULL, registry=world.registry, now=world.now)


def make_assertion(world: World, *, use: str = "system:health", typ: str = ASSERTION_TYP, **changes: Any) -> str:
    claims = {
        "iss": "health",
        "sub": "health",
        "aud": ORIGIN,
        "iat": 0,
        "exp": 60,
        "jti": encode(world.registry.random(16)),
    }
    return sign_compact(_moments(world, claims | changes), signer=world.keys.signer(use), typ=typ)


def make_proof(
    world: World,
    token: str | None,
    *,
    signer: FileSigner = PROOF_KEY,
    headers: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    claims: dict[str, Any] = {"htm": "POST", "htu": ORIGIN + PATH, "iat": 0, "jti": encode(world.registry.random(16))}
    claims["ath"] = access_token_hash(token)
    headers = {"jwk": jwk_of(signer.private_key.public_key())} if headers is None else headers
    return sign_compact(_moments(world, claims | changes), signer=signer, typ=PROOF_TYP, headers=headers)


def _moments(world: World, claims: dict[str, Any]) -> bytes:
    now = int(world.now.timestamp())
    moments = {name: claims[name] + now for name in ("iat", "nbf", "exp") if type(claims.get(name)) is int}
    return orjson.dumps({name: value for name, value in (claims | moments).items() if value is not None})
