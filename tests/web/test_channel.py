"""The channel to the proxy: what it says of its callers counts, and the same words of anybody else do not (A2-4)."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from anyio import run
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.client import Client, RefusedError
from hub.errors import SetupError
from hub.store.database import Database
from hub.web.channel import CERT_THUMBPRINT, PinnedChannel, load_secrets
from hub.web.observation import Receive, Scope, Send
from signing.base64url import encode
from tests.flows.world import ORIGIN, make_world
from tests.signing.authority import new_root
from tests.web.served import Door, served

SECRET, NEXT_SECRET = "x" * 32, "y" * 40
DIRECT, CALLER = "192.0.2.1", "203.0.113.7"
CERT_DER, OTHER_CERT_DER = new_root().cert_der, new_root().cert_der
CERT, OTHER_CERT = (f":{b64encode(each).decode()}:" for each in (CERT_DER, OTHER_CERT_DER))
PEM = quote(x509.load_der_x509_certificate(CERT_DER).public_bytes(Encoding.PEM).decode())
PROXY = {"yizhao-proxy": SECRET}
PATH = "/api/v1/intakes/x"

NOT_THE_PROXY: dict[str, list[tuple[str, str]]] = {
    "no secret": [],
    "an empty secret": [("yizhao-proxy", "")],
    "another secret": [("yizhao-proxy", "z" * 32)],
    "a part of the secret": [("yizhao-proxy", SECRET[:-1])],
    "more than the secret": [("yizhao-proxy", SECRET + "x")],
    "two secrets": [("yizhao-proxy", SECRET), ("yizhao-proxy", SECRET)],
    "two secrets, one wrong": [("yizhao-proxy", "z" * 32), ("yizhao-proxy", SECRET)],
    "the secrets in one header": [("yizhao-proxy", f"{SECRET}, {NEXT_SECRET}")],
    "the secret under another name": [("yizhao_proxy", SECRET), ("x-yizhao-proxy", SECRET)],
}
NO_CERT: dict[str, list[str]] = {
    "none": [],
    "an empty one": [""],
    "two": [CERT, OTHER_CERT],
    "not base64": [":%%%:"],
    "base64 of nothing": ["::"],
    "bytes that are no cert": [f":{b64encode(b'x' * 600).decode()}:"],
    "bytes behind the cert": [f":{b64encode(CERT_DER + b'x').decode()}:"],
    "a thumbprint": [encode(sha256(CERT_DER).digest())],
    "a path": ["/etc/ssl/certs/client.pem"],
    "PEM of no cert": [quote("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")],
    "a private key": [quote("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")],
    "too long": [f":{'A' * 20_000}:"],
}
FORWARDED: dict[str, tuple[list[str], str]] = {
    "one address": ([CALLER], CALLER),
    "what its caller said before": ([f"127.0.0.1, {CALLER}"], CALLER),
    "what its caller said in another header": (["127.0.0.1", CALLER], CALLER),
    "an IPv6 address": (["2001:db8::7"], "2001:db8::7"),
    "nothing": ([], DIRECT),
    "no address": (["unknown"], DIRECT),
    "no address behind one": ([f"{CALLER}, x"], DIRECT),
    "an empty entry": ([f"{CALLER},"], DIRECT),
}


# --- who is the proxy ---


@pytest.mark.parametrize("secret", [SECRET, NEXT_SECRET])
def test_proxy_is_believed_by_the_old_secret_and_the_new(secret: str) -> None:
    seen = _seen([("yizhao-proxy", secret), ("x-forwarded-for", CALLER), ("client-cert", CERT)])
    assert seen["client"][0] == CALLER
    assert seen[CERT_THUMBPRINT] == encode(sha256(CERT_DER).digest())


@pytest.mark.parametrize("name", NOT_THE_PROXY)
def test_a2_4_forged_proxy_headers_from_outside_are_ignored(name: str) -> None:
    seen = _seen([*NOT_THE_PROXY[name], ("x-forwarded-for", CALLER), ("client-cert", CERT)])
    assert seen["client"][0] == DIRECT
    assert CERT_THUMBPRINT not in seen


def test_cert_counts_in_either_form() -> None:
    by_pem, by_der = (_seen([*PROXY.items(), ("client-cert", each)])[CERT_THUMBPRINT] for each in (PEM, CERT))
    assert by_pem == by_der == encode(sha256(CERT_DER).digest())


@pytest.mark.parametrize("name", NO_CERT)
def test_what_is_not_one_cert_is_none(name: str) -> None:
    assert CERT_THUMBPRINT not in _seen([*PROXY.items(), *(("client-cert", each) for each in NO_CERT[name])])


@pytest.mark.parametrize("name", FORWARDED)
def test_address_is_the_one_the_proxy_wrote_itself(name: str) -> None:
    values, address = FORWARDED[name]
    assert _seen([*PROXY.items(), *(("x-forwarded-for", each) for each in values)])["client"][0] == address


def test_file_holds_a_secret_a_line(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n\n{NEXT_SECRET}\n")
    assert load_secrets(tmp_path / "secret") == [SECRET.encode(), NEXT_SECRET.encode()]


@pytest.mark.parametrize("content", ["", "\n", "x" * 31, f"{SECRET}\nshort\n"])
def test_file_without_a_good_secret_is_refused_at_the_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content)
    with pytest.raises(SetupError, match="proxy_secret_file"):
        load_secrets(tmp_path / "secret")


def test_file_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="proxy_secret_file"):
        load_secrets(tmp_path / "nothing")


# --- the whole hub behind a proxy ---


@pytest.fixture(scope="module")
def proxied(sqlite_module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A hub behind a proxy, where an address may miss twice a minute."""
    folder = tmp_path_factory.mktemp("proxied")
    (folder / "secret").write_text(SECRET)
    with closing(Database(sqlite_module_url)) as database:
        world = make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20))
        with served(sqlite_module_url, folder, proxy_secret_file=folder / "secret", scan_misses="2/minute") as client:
            yield client, world


def test_a2_4_token_bound_to_a_cert_is_refused_with_another_valid_cert(proxied: Door) -> None:
    with _client(proxied, PROXY | {"client-cert": CERT}) as client:
        token = client.headers("GET", PATH)
    assert _code(proxied, token | PROXY | {"client-cert": CERT}) == "intake_not_found"
    assert _code(proxied, token | PROXY | {"client-cert": PEM}) == "intake_not_found"
    assert _code(proxied, token | PROXY | {"client-cert": OTHER_CERT}) == "invalid_token"
    assert _code(proxied, token | PROXY) == "token_missing"


def test_a2_4_stolen_token_with_a_forged_cert_header_from_outside_is_refused(proxied: Door) -> None:
    with _client(proxied, PROXY | {"client-cert": CERT}) as client:
        token = client.headers("GET", PATH)
    assert _code(proxied, token | {"client-cert": CERT}) == "token_missing"
    assert _code(proxied, token | {"client-cert": CERT, "yizhao-proxy": "z" * 32}) == "token_missing"


def test_a2_4_sign_in_with_a_forged_cert_header_from_outside_is_refused(proxied: Door) -> None:
    with _client(proxied, {"client-cert": CERT}) as client, pytest.raises(RefusedError, match="invalid_dpop_proof"):
        client.headers("GET", PATH)


def test_metadata_says_that_tokens_can_be_bound_to_certs(proxied: Door) -> None:
    metadata = proxied[0].get("/.well-known/oauth-authorization-server").json()
    assert metadata["tls_client_certificate_bound_access_tokens"] is True


def test_limits_count_the_address_that_the_proxy_names(proxied: Door) -> None:
    for caller in ("203.0.113.1", "203.0.113.2"):
        assert [_miss(proxied, PROXY, caller) for _ in range(3)] == [404, 404, 429]


def test_forged_address_from_outside_escapes_no_limit(proxied: Door) -> None:
    assert [_miss(proxied, {}, f"198.51.100.{number}") for number in range(3)] == [404, 404, 429]


def _seen(headers: list[tuple[str, str]]) -> Scope:
    """Return the scope of a request with these headers as the doors see it."""
    found: list[Scope] = []

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope)

    async def receive() -> Scope:
        return {}

    async def send(message: Scope) -> None:
        pass

    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "path": "/", "headers": raw, "client": (DIRECT, 4_711)}
    run(PinnedChannel(door, [SECRET.encode(), NEXT_SECRET.encode()]), scope, receive, send)
    return found[0]


@contextmanager
def _client(door: Door, headers: dict[str, str]) -> Iterator[Client]:
    """Yield the client of a system whose requests arrive with these headers, and whose tokens are bound to a cert."""
    signer, url = door[1].keys.signer("system:health"), str(door[0].base_url)
    with httpx.Client(headers=headers, timeout=60) as http:
        yield Client(url, "health", signer, origin=ORIGIN, http=http, bound_to_cert=True)


def _code(door: Door, headers: dict[str, str]) -> str:
    return str(door[0].get(PATH, headers=headers).json()["code"])


def _miss(door: Door, headers: dict[str, str], caller: str) -> int:
    headers = headers | {"x-forwarded-for": caller, "accept": "application/json"}
    return door[0].get("/c/x", headers=headers).status_code
