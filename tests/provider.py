"""A provider of identities (OpenID Connect) on a port of this machine: real HTTP, real keys, and rules that it keeps.

It knows one client, by the client's public key, and hands out a code for whoever `signs_in` says is at its page; a code
counts once, for its redirection and its PKCE challenge. What a test changes of it is what a bad or broken one would do.
"""

import secrets
import socket
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from time import time
from typing import Any
from urllib.parse import parse_qs, urlencode

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from schemas.tokens import ASSERTION_TYP
from signing.algorithms import PublicKey, generate_private_key
from signing.errors import SigningError
from signing.jws import VerificationKey, jwk_of, sign_compact, verify_compact
from signing.signers.file import FileSigner

CLIENT = "yizhao-hub"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
Change = Callable[[dict[str, Any]], Any]


@dataclass(slots=True)
class Provider:
    """The provider; `says` and `change` alter each ID token before it is signed."""

    issuer: str
    client_key: PublicKey | None = None
    signer: FileSigner = field(default_factory=lambda: FileSigner(generate_private_key("ES256")))
    subject: str = "sub-1"
    session: str = "sid-1"
    says: dict[str, Any] = field(default_factory=dict)
    change: Change = lambda claims: None
    typ: str = "JWT"
    metadata_says: dict[str, Any] = field(default_factory=dict)
    token_status: int = 200
    token_says: str = ""
    key_set: Any = ...
    asked: list[str] = field(default_factory=list)
    keys_asked: int = 0
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _spent: set[str] = field(default_factory=set)

    # --- what a test does at it ---

    def answer(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Return what the browser brings back once somebody signed in: a code for the request `asked`."""
        code = secrets.token_urlsafe(16)
        self._codes[code] = dict(asked)
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def logout_token(self, **changes: Any) -> str:
        now = int(time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": secrets.token_urlsafe(8),
            "events": {LOGOUT: {}}, "sub": self.subject,
        }  # fmt: skip
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return sign_compact(orjson.dumps(claims), signer=self.signer, typ="logout+jwt")

    # --- its doors ---

    async def metadata(self, _: Request) -> Response:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(said | self.metadata_says)

    async def keys(self, _: Request) -> Response:
        self.keys_asked += 1
        if self.key_set is not ...:
            return JSONResponse(self.key_set)
        jwk = jwk_of(self.signer.private_key.public_key()) | {"kid": self.signer.key_id}
        # As providers do, it lists keys of other kinds too.
        return JSONResponse({"keys": [jwk, {"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"}]})

    async def authorize(self, request: Request) -> Response:
        """Show a page with one button, as a browser's user sees it."""
        self.asked.append(str(request.url))
        asked = dict(request.query_params)
        back = f"{asked['redirect_uri']}?{urlencode(self.answer(asked))}"
        link = f'<a href="{escape(back)}">登录</a>'
        return HTMLResponse(f'<!doctype html><html lang="zh"><title>示例</title><main>{link}</main>')

    async def icon(self, _: Request) -> Response:
        return Response(status_code=204)

    async def token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if self.token_status == 302:
            return RedirectResponse(f"{self.issuer}/keys", 302)
        if self.token_status != 200:
            return Response(status_code=self.token_status)
        if not self._is_client(form):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form.get("code", ""), None)
        verifier = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if asked is None or (asked["code_challenge"], asked["redirect_uri"]) != (challenge, form["redirect_uri"]):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": self._id_token(asked)})

    def _is_client(self, form: Mapping[str, str]) -> bool:
        assert self.client_key is not None
        key = VerificationKey("ES256", self.client_key)
        try:
            signed = verify_compact(form["client_assertion"], find_key=lambda kid: key, typ=ASSERTION_TYP)
        except SigningError:
            return False
        claims = orjson.loads(signed.payload)
        is_fresh = claims["jti"] not in self._spent and time() < claims["exp"] < time() + 300
        self._spent.add(claims["jti"])
        return is_fresh and (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, self.issuer)

    def _id_token(self, asked: Mapping[str, str]) -> str:
        now = int(time())
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": asked["client_id"], "sub": self.subject, "sid": self.session, "iat": now,
            "exp": now + 300, "auth_time": now, "nonce": asked["nonce"],
        }  # fmt: skip
        claims |= self.says
        self.change(claims)
        return self.token_says or sign_compact(orjson.dumps(claims), signer=self.signer, typ=self.typ)


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Serve a provider; yield it."""
    listening = socket.create_server(("127.0.0.1", 0))
    provider = Provider(f"http://127.0.0.1:{listening.getsockname()[1]}")
    doors = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", provider.metadata),
            Route("/keys", provider.keys),
            Route("/authorize", provider.authorize),
            Route("/favicon.ico", provider.icon),
            Route("/token", provider.token, methods=["POST"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(doors, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join()
