"""Doors of access: tokens for systems, and the metadata that tells clients how."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from hub.department.access import issue_token
from hub.steps.registry import Registry
from hub.web.bodies import BodyError, read_body
from hub.web.callers import in_thread, moment, presented
from hub.web.limits import Places
from signing.jws import CompactSigner

_LONGEST_FORM = 16_384
_NO_STORE = {"cache-control": "no-store"}


def routes(
    registry: Registry, signer: CompactSigner, term: timedelta, sign_ins: Places, *, behind_proxy: bool
) -> APIRouter:
    """Return the doors. `sign_ins` are the places for requests of a token that are under way.

    `behind_proxy` says that a proxy tells of certs, so that tokens can be bound to them.
    """
    router = APIRouter(tags=["access 接入"])

    @router.post("/oauth/token", summary="Get an access token 获取访问令牌")
    async def token(request: Request) -> JSONResponse:
        """Client credentials with private_key_jwt (RFC 7523), and a DPoP proof (RFC 9449) or client cert (RFC 8705)."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise BodyError("media_type", expected="application/x-www-form-urlencoded")
        try:
            pairs = parse_qsl(
                (await read_body(request, _LONGEST_FORM)).decode(), strict_parsing=True, max_num_fields=20
            )
        except ValueError:
            raise BodyError("body_malformed") from None
        form = dict(pairs)
        if len(form) != len(pairs):
            raise BodyError("body_malformed")

        def work() -> dict[str, Any]:
            shown = presented(request)
            return issue_token(form, shown, registry=registry, signer=signer, term=term, now=moment())

        # A place is held for the work alone: who sends its form slowly takes none from others.
        with sign_ins.taken():
            return JSONResponse(await in_thread(work), headers=_NO_STORE)

    @router.get("/.well-known/oauth-authorization-server", summary="Metadata 元数据")
    async def metadata() -> dict[str, Any]:
        """RFC 8414 metadata."""
        return {
            "issuer": registry.origin,
            "token_endpoint": f"{registry.origin}/oauth/token",
            "jwks_uri": f"{registry.origin}/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256", "Ed25519"],
            "dpop_signing_alg_values_supported": ["ES256", "Ed25519"],
            "tls_client_certificate_bound_access_tokens": behind_proxy,
            "scopes_supported": ["issue", "collect", "pull", "operate"],
        }

    return router
