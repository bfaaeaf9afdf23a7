"""The hub as a client of a provider of identities: whose tokens it takes, which keys, and what it does not wait for."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.contract import IdentityError, Sending, Vouched
from connectors.openid import OpenIdProvider, Registration
from connectors.outward import is_confidential
from signing.algorithms import generate_private_key, sign, spki
from signing.base64url import encode
from signing.jws import jwk_of, unverified_payload
from signing.signers.file import FileSigner
from tests.provider import CLIENT, Provider, running_provider

_BACK = "http://hub.example.test/department/sign-in/return"
_RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as running:
        yield running


@dataclass(slots=True)
class Clock:
    """Seconds that go on when they are told to."""

    seconds: float = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(provider: Provider, clock: Clock) -> Iterator[OpenIdProvider]:
    key = generate_private_key("ES256")
    provider.client_key = key.public_key()
    with httpx.Client(follow_redirects=False) as http:
        registration = Registration(
            issuer=provider.issuer, client_id=CLIENT, scopes=("openid",), officer_claim="sub",
            second_factors=frozenset({"amr=otp", "acr=two"}), seconds=5.0, skew_seconds=10.0,
        )  # fmt: skip
        signer = FileSigner(key)
        yield OpenIdProvider(registration, signer=lambda: signer, http=http, random=secrets.token_bytes, clock=clock)


def go(client: OpenIdProvider, provider: Provider) -> Vouched:
    """Go there and back as a browser does."""
    sending = Sending(secrets.token_hex(16), secrets.token_hex(32), _BACK, datetime.now(UTC))
    asked = dict(parse_qsl(urlsplit(client.address(sending, "state")).query))
    answer = provider.answer(asked)
    return client.redeem(answer["code"], answer["iss"], sending, now=datetime.now(UTC))


def refused(client: OpenIdProvider, provider: Provider) -> str:
    with pytest.raises(IdentityError) as found:
        go(client, provider)
    return found.value.reason


def test_it_vouches_for_whom_the_token_names(client: OpenIdProvider, provider: Provider) -> None:
    assert go(client, provider) == Vouched(provider.issuer, "sub-1", "sub-1", "sid-1", is_twofold=False)


@pytest.mark.parametrize(
    ("says", "is_twofold"),
    [
        ({"amr": ["pwd", "otp"]}, True), ({"acr": "two"}, True), ({"acr": "otp"}, False), ({"amr": "otp"}, False),
        ({"amr": [["otp"]]}, False), ({"acr": ["two"]}, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_second_factor_is_what_the_settings_say(
    says: dict[str, Any], is_twofold: bool, client: OpenIdProvider, provider: Provider
) -> None:
    provider.says = says
    assert go(client, provider).is_twofold is is_twofold


def _signed(provider: Provider, header: dict[str, Any], signer: Any) -> None:
    """Let the provider hand out a token under this header, signed so."""

    def change(claims: dict[str, Any]) -> None:
        signing_input = f"{encode(orjson.dumps(header))}.{encode(orjson.dumps(claims))}"
        provider.token_says = f"{signing_input}.{encode(signer(signing_input.encode()))}"

    provider.change = change


def _hmac_by_the_public_key(provider: Provider) -> Any:
    def signer(message: bytes) -> bytes:
        mac = hmac.HMAC(spki(provider.signer.private_key.public_key()), hashes.SHA256())
        mac.update(message)
        return mac.finalize()

    return signer


def test_a_token_that_names_no_type_is_taken(client: OpenIdProvider, provider: Provider) -> None:
    key = provider.signer.private_key
    _signed(provider, {"alg": "ES256", "kid": provider.signer.key_id}, lambda message: sign("ES256", key, message))
    assert go(client, provider).subject == "sub-1"


def test_a_token_by_no_algorithm_of_the_list_is_refused(client: OpenIdProvider, provider: Provider) -> None:
    kid = provider.signer.key_id
    _signed(provider, {"alg": "none", "kid": kid}, lambda message: b"")
    assert refused(client, provider) == "token"
    _signed(provider, {"alg": "HS256", "kid": kid}, _hmac_by_the_public_key(provider))
    assert refused(client, provider) == "token"
    _signed(
        provider, {"alg": "RS256", "kid": "rsa"},
        lambda message: _RSA.sign(message, padding.PKCS1v15(), hashes.SHA256()),
    )  # fmt: skip
    assert refused(client, provider) == "token"


def test_a_token_that_brings_its_own_key_is_refused(client: OpenIdProvider, provider: Provider) -> None:
    own = generate_private_key("ES256")
    header = {"alg": "ES256", "kid": "own", "jwk": jwk_of(own.public_key()), "jku": provider.issuer}
    _signed(provider, header, lambda message: sign("ES256", own, message))
    assert refused(client, provider) == "token"
    _signed(provider, header | {"kid": provider.signer.key_id}, lambda message: sign("ES256", own, message))
    assert refused(client, provider) == "token"


def test_a_token_of_another_type_is_refused(client: OpenIdProvider, provider: Provider) -> None:
    provider.typ = "at+jwt"
    assert refused(client, provider) == "token"


def test_a_logout_token_is_no_id_token(client: OpenIdProvider, provider: Provider) -> None:
    provider.typ = "logout+jwt"
    assert refused(client, provider) == "token"


def test_keys_are_asked_for_once_and_not_again_for_every_name_that_is_made_up(
    client: OpenIdProvider, provider: Provider
) -> None:
    go(client, provider)
    go(client, provider)
    asked = provider.keys_asked
    key = provider.signer.private_key
    _signed(provider, {"alg": "ES256", "kid": "made up"}, lambda message: sign("ES256", key, message))
    assert [refused(client, provider) for _ in range(3)] == ["token"] * 3
    assert (asked, provider.keys_asked) == (1, 1)


def test_a_key_that_the_provider_changed_is_found_half_a_minute_after_they_were_asked_for(
    client: OpenIdProvider, provider: Provider, clock: Clock
) -> None:
    go(client, provider)
    provider.signer = FileSigner(generate_private_key("ES256"))
    assert refused(client, provider) == "token"
    clock.seconds += 31
    assert go(client, provider).subject == "sub-1"


def test_a_key_that_the_provider_withdrew_counts_ten_minutes_at_most(
    client: OpenIdProvider, provider: Provider, clock: Clock
) -> None:
    go(client, provider)
    provider.key_set = {"keys": []}
    clock.seconds += 601
    assert refused(client, provider) == "token"


@pytest.mark.parametrize(
    "keys",
    [
        None, [], {"keys": None}, {"keys": [{}] * 51}, {"keys": [], "x": "x" * 200_000},
        {"keys": ["none", {"kty": "EC"}, {"kty": "oct", "k": "AAAA", "kid": "a"}]},
    ],
    ids=lambda keys: str(keys)[:20],
)  # fmt: skip
def test_a_key_set_that_is_none_too_long_or_without_a_usable_key_signs_nobody_in(
    keys: Any, client: OpenIdProvider, provider: Provider
) -> None:
    provider.key_set = keys
    assert refused(client, provider) in ("away", "token")


def test_two_keys_of_one_name_are_none(client: OpenIdProvider, provider: Provider) -> None:
    jwk = jwk_of(provider.signer.private_key.public_key()) | {"kid": provider.signer.key_id}
    other = jwk_of(generate_private_key("ES256").public_key()) | {"kid": provider.signer.key_id}
    provider.key_set = {"keys": [jwk, other]}
    assert refused(client, provider) == "token"


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_provider_that_sends_elsewhere_or_fails_is_away(
    status: int, client: OpenIdProvider, provider: Provider
) -> None:
    provider.token_status = status
    assert refused(client, provider) == "away"


@pytest.mark.parametrize(
    "says",
    [
        {"issuer": "https://evil.example"}, {"token_endpoint": "http://idp.example/token"}, {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"}, {"token_endpoint": "https://user@idp.example/"},
    ],
    ids=str,
)  # fmt: skip
def test_metadata_of_another_or_that_leads_over_an_open_wire_is_not_taken(
    says: dict[str, Any], client: OpenIdProvider, provider: Provider
) -> None:
    provider.metadata_says = says
    assert refused(client, provider) == "away"


def test_a_client_that_the_provider_does_not_know_is_away_and_says_why(
    client: OpenIdProvider, provider: Provider
) -> None:
    provider.client_key = generate_private_key("ES256").public_key()
    with pytest.raises(IdentityError) as found:
        go(client, provider)
    assert (found.value.reason, found.value.detail) == ("away", "401 invalid_client")


def test_a_verifier_of_another_way_redeems_no_code(client: OpenIdProvider, provider: Provider) -> None:
    sending = Sending("nonce", "verifier", _BACK, datetime.now(UTC))
    asked = dict(parse_qsl(urlsplit(client.address(sending, "state")).query))
    assert asked["code_challenge"] == encode(sha256(b"verifier").digest())
    code = provider.answer(asked)["code"]
    with pytest.raises(IdentityError) as found:
        client.redeem(code, provider.issuer, Sending("nonce", "x", _BACK, sending.began_at), now=datetime.now(UTC))
    assert found.value.reason == "answer"


def test_who_signed_in_there_before_this_way_began_is_not_taken(client: OpenIdProvider, provider: Provider) -> None:
    provider.says = {"auth_time": int(datetime.now(UTC).timestamp()) - 60}
    assert refused(client, provider) == "token"


def test_a_logout_token_names_what_ended(client: OpenIdProvider, provider: Provider) -> None:
    token = provider.logout_token(sid="sid-1")
    ended = client.read_ending(token, now=datetime.now(UTC))
    assert (ended.issuer, ended.subject, ended.session) == (provider.issuer, "sub-1", "sid-1")
    assert ended.number == unverified_payload(token)["jti"]


@pytest.mark.parametrize(
    ("url", "is_so"),
    [
        ("https://id.example.test/realms/city", True), ("http://127.0.0.1:8080", True), ("http://[::1]/x", True),
        ("http://localhost/x", True), ("http://id.example.test", False), ("https://user@id.example.test", False),
        ("https://id.example.test/#x", False), ("ftp://id.example.test", False), ("https://", False),
        ("https://id.example.test:x", False), ("https://id.example.test/a b", False), ("https://示例/", False),
    ],
)  # fmt: skip
def test_a_confidential_address_is_https_or_on_this_machine(url: str, is_so: bool) -> None:
    assert is_confidential(url) is is_so
