"""Attacks on who may call, at the doors of the whole hub; named after the rows of the list of attacks (A2-1 to A2-9).

A2-4 (client certs) is in `test_channel.py`, A2-7 in `tests/signing/test_jws_vectors.py`, A2-8 in
`tests/signing/test_sd_jwt.py`; clocks, replay in other processes and after restarts in `tests/flows/test_freshness.py`.
"""

import secrets
import socket
import time
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from hub.store.database import Database
from schemas.statement import TYP as STATEMENT_TYP
from schemas.statement import Ordered, statement_payload
from schemas.tokens import ASSERTION_TYP, ASSERTION_TYPE, PROOF_TYP, TOKEN_TYP, access_token_hash
from signing.algorithms import generate_private_key
from signing.base64url import decode, encode
from signing.jws import jwk_of
from signing.signers.file import FileSigner
from tests.flows.world import (
    MARKET,
    ORIGIN,
    change_content,
    food_order,
    licence_order,
    make_world,
    statutory_request,
)
from tests.web.forging import ATTACKER, ATTACKS, attacks_on_the_key, signed
from tests.web.served import Door, client_of, issue, served, share

PATH = "/api/v1/intakes/x"
PULLS = "/api/v1/pulls"
KEY = FileSigner(generate_private_key("ES256"))
JWK = jwk_of(KEY.private_key.public_key())
REFUSED = {
    "assertion": (401, "invalid_client"),
    "proof": (400, "invalid_dpop_proof"),
    "token": (401, "invalid_token"),
    "statement": (403, "statement_key"),
}
OTHERWISE = {("statement", "a payload that is a list"): (400, "statement_form")}
OTHER_GRANTS = [
    "password", "implicit", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:openid:params:grant-type:ciba", "CLIENT_CREDENTIALS", "",
]  # fmt: skip
NO_KEYS: dict[str, Any] = {
    "nothing": None,
    "an empty key": {},
    "a list": [],
    "a text": "x",
    "a symmetric key": {"kty": "oct", "k": "AAAA"},
    "an RSA key": {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    "a private key": JWK | {"d": "AAAA"},
    "another curve": JWK | {"crv": "P-384"},
    "a short coordinate": JWK | {"x": "AAAA"},
    "no point of the curve": JWK | {"y": JWK["x"]},
    "a key for another algorithm": JWK | {"alg": "HS256"},
    "a key for encryption": JWK | {"use": "enc"},
    "a key of small order": {"kty": "OKP", "crv": "Ed25519", "x": encode(bytes(32))},
    "a key for agreement": {"kty": "OKP", "crv": "X25519", "x": JWK["x"]},
}
URL = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def door(sqlite_module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A hub on SQLite: what is refused here is refused before the database is asked for more than keys."""
    folder = tmp_path_factory.mktemp("attacked")
    with closing(Database(sqlite_module_url)) as database:
        world = make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20))
        with served(sqlite_module_url, folder) as client:
            share((client, world))
            yield client, world


@pytest.fixture(scope="module")
def story(door: Door) -> tuple[dict[str, Any], dict[str, Any]]:
    """A certificate that was issued, and its record as it was pulled."""
    issue(client_of(door, "market"), licence_order())
    issued = issue(client_of(door, "market"), food_order())
    pulled = client_of(door, "health").request(PULLS, Ordered.PULL, statutory_request(), officer="h-001")
    return issued, pulled["items"][0]["file"]["record"]


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """A server of the attacker's, at which nobody may ever call."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


# --- A2-1: FAPI 2.0 ---


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [ORIGIN]}, {"aud": f"{ORIGIN}/oauth/token"}, {"aud": "http://other.example.test"}, {"exp": None},
        {"iat": 61}, {"nbf": 61}, {"exp": -1}, {"jti": None}, {"iss": "market"}, {"sub": "market"},
    ],
    ids=str,
)  # fmt: skip
def test_a2_1_assertion_that_breaks_a_rule_is_refused(door: Door, changes: dict[str, Any]) -> None:
    response = _sign_in(door, assertion=signed(*_assertion(door, **changes)))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


def test_a2_1_clock_nine_seconds_ahead_is_accepted(door: Door) -> None:
    response = _sign_in(door, assertion=signed(*_assertion(door, iat=9, nbf=9)), proof=signed(*_proof(iat=9, nbf=9)))
    assert response.status_code == 200


def test_a2_1_token_without_a_holders_key_is_not_issued(door: Door) -> None:
    response = _sign_in(door, proof=None)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("changes", [{"nbf": 61}, {"iat": 61}, {"iat": -61}, {"exp": -1}], ids=str)
def test_a2_1_proof_outside_its_time_is_refused(door: Door, changes: dict[str, Any]) -> None:
    response = _sign_in(door, proof=signed(*_proof(**changes)))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_dpop_proof")


def test_a2_1_token_in_the_query_or_as_bearer_is_none(door: Door) -> None:
    token = _token(door)
    for path, headers in ((f"{PATH}?access_token={token}", {}), (PATH, {"authorization": f"Bearer {token}"})):
        response = door[0].get(path, headers=headers | {"dpop": signed(*_proof("GET", PATH, token))})
        assert (response.status_code, response.json()["code"]) == (401, "token_missing")


def test_a2_1_proof_of_another_key_than_the_tokens_is_refused(door: Door) -> None:
    token = _token(door)
    header, payload, _ = _proof("GET", PATH, token)
    forged = signed(header | {"jwk": jwk_of(ATTACKER.private_key.public_key())}, payload, ATTACKER)
    response = _call(door, token, proof=forged)
    assert (response.status_code, response.json()["code"]) == (401, "invalid_dpop_proof")


# --- A2-2: OAuth best current practice ---


@pytest.mark.parametrize("grant", OTHER_GRANTS)
def test_a2_2_other_grants_are_refused(door: Door, grant: str) -> None:
    response = _sign_in(door, grant_type=grant, username="x", password="x", code="x")
    assert (response.status_code, response.json()["error"]) in [
        (400, "unsupported_grant_type"), (400, "invalid_request"),
    ]  # fmt: skip


def test_a2_2_other_grants_are_absent_from_the_metadata(door: Door) -> None:
    metadata = door[0].get("/.well-known/oauth-authorization-server").json()
    assert (metadata["grant_types_supported"], metadata["response_types_supported"]) == (["client_credentials"], [])
    assert metadata["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert not {"authorization_endpoint", "device_authorization_endpoint", "registration_endpoint"} & metadata.keys()


@pytest.mark.parametrize("path", ["/oauth/authorize", "/authorize", "/oauth/introspect", "/oauth/register"])
def test_a2_2_there_is_no_door_for_another_flow(door: Door, path: str) -> None:
    assert door[0].get(path).status_code == 404


def test_a2_2_scope_that_is_asked_for_gives_no_further_role(door: Door) -> None:
    answer = _sign_in(door, scope="operate issue").json()
    assert "operate" not in answer["scope"].split()
    assert "operate" not in orjson.loads(decode(answer["access_token"].split(".")[1]))["scope"].split()


# --- A2-3: DPoP ---


@pytest.mark.parametrize("count", [2, 3])
def test_a2_3_several_proofs_are_none(door: Door, count: int) -> None:
    form = _form(signed(*_assertion(door)))
    proofs = [("dpop", signed(*_proof())) for _ in range(count)]
    response = door[0].post("/oauth/token", data=form, headers=httpx.Headers(proofs))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_dpop_proof")


def test_a2_3_same_proof_twice_is_refused(door: Door) -> None:
    token = _token(door)
    proof = signed(*_proof("GET", PATH, token))
    assert [_call(door, token, proof=proof).status_code for _ in range(2)] == [404, 401]


@pytest.mark.parametrize("host", ["evil.example.test", "127.0.0.1:1", "hub.example.test:8443"])
def test_a2_3_proof_for_the_host_that_the_request_names_is_refused(door: Door, host: str) -> None:
    token = _token(door)
    proof = signed(*_proof("GET", PATH, token, htu=f"http://{host}{PATH}"))
    headers = {"authorization": f"DPoP {token}", "dpop": proof, "host": host, "x-forwarded-host": host}
    response = door[0].get(PATH, headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize("header", ["host", "x-forwarded-host", "forwarded", "x-original-url", "x-forwarded-proto"])
def test_origin_comes_from_the_installation_and_never_from_the_request(door: Door, header: str) -> None:
    response = door[0].get("/.well-known/oauth-authorization-server", headers={header: "evil.example.test"})
    assert response.json()["issuer"] == ORIGIN
    assert "evil" not in response.text


# --- A2-5: assertions and access tokens ---


def test_a2_5_assertion_twice_is_refused(door: Door) -> None:
    assertion = signed(*_assertion(door))
    assert [_sign_in(door, assertion=assertion).status_code for _ in range(2)] == [200, 401]


def test_a2_5_what_the_hub_signs_otherwise_is_no_access_token(
    door: Door, story: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    issued, pulled = story
    answer = door[0].get(f"/c/{issued['reference']}", headers={"accept": "application/jwt"}).text
    status, statement = door[0].get("/status/0").text, client_of(door, "health").make_statement(Ordered.PULL)
    seal, record = pulled["signatures"][0], pulled["payload"]
    shown = [answer, status, statement, f"{seal['protected']}.{record}.{seal['signature']}", signed(*_assertion(door))]
    responses = [_call(door, token) for token in shown]
    assert [(each.status_code, each.json()["code"]) for each in responses] == [(401, "invalid_token")] * len(shown)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "http://other.example.test"}, {"aud": [ORIGIN]}, {"iss": "http://other.example.test"}, {"exp": -1},
        {"exp": None}, {"iat": 61}, {"iat": None}, {"sub": None}, {"sub": "nobody"}, {"cnf": None},
        {"cnf": {"jkt": "x"}}, {"cnf": {"x5t#S256": "x"}},
    ],
    ids=str,
)  # fmt: skip
def test_a2_5_access_token_that_breaks_a_rule_is_refused_even_when_truly_signed(
    door: Door, changes: dict[str, Any]
) -> None:
    response = _call(door, signed(*_access_token(door, **changes)))
    assert response.status_code == 401


# --- A2-6: every token the hub reads, forged in every known way ---


@pytest.mark.parametrize("kind", REFUSED)
def test_a2_6_token_that_is_not_forged_passes_here(door: Door, kind: str) -> None:
    response = _show(door, kind, signed(*MAKERS[kind](door)))
    assert response.json().get("code") in (None, "intake_not_found")


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("kind", REFUSED)
def test_a2_6_forged_token_is_refused(door: Door, kind: str, attack: str) -> None:
    header, payload, signer = MAKERS[kind](door)
    response = _show(door, kind, ATTACKS[attack](header, payload, signer))
    assert (response.status_code, response.json()["code"]) == OTHERWISE.get((kind, attack), REFUSED[kind])


@pytest.mark.parametrize("attack", attacks_on_the_key(URL))
@pytest.mark.parametrize("kind", [kind for kind in REFUSED if kind != "proof"])
def test_a2_6_key_of_the_attackers_is_neither_used_nor_fetched(
    door: Door, listener: socket.socket, kind: str, attack: str
) -> None:
    forge = attacks_on_the_key(f"http://127.0.0.1:{listener.getsockname()[1]}")[attack]
    response = _show(door, kind, forge(*MAKERS[kind](door)))
    assert (response.status_code, response.json()["code"]) == REFUSED[kind]
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("name", NO_KEYS)
def test_a2_6_proof_with_a_key_that_is_none_is_refused(door: Door, name: str) -> None:
    header, payload, signer = _proof()
    response = _sign_in(door, proof=signed({**header, "jwk": NO_KEYS[name]}, payload, signer))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_dpop_proof")


# --- A2-9: status lists ---


def test_a2_9_independent_reading_finds_every_place_of_the_list_right(
    door: Door, story: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    issued, record = story
    place = orjson.loads(decode(record["payload"]))["status"]["status_list"]
    change = change_content(issued["identifier"], "suspend") | {"works_from": _today(), "document_date": _today()}
    client_of(door, "market").order("/api/v1/status-changes", Ordered.CHANGE_STATUS, change, issuing_body=MARKET)
    header, claims = (_part(door[0].get("/status/0").text, number) for number in (0, 1))
    octets = zlib.decompress(urlsafe_b64decode(claims["status_list"]["lst"] + "=="))
    values = [octets[index // 4] >> index % 4 * 2 & 3 for index in range(4 * len(octets))]
    assert (header["typ"], claims["sub"], claims["status_list"]["bits"]) == ("statuslist+jwt", place["uri"], 2)
    assert (len(values), [index for index, value in enumerate(values) if value]) == (65_536, [place["idx"]])
    assert values[place["idx"]] == 2
    assert 0 < claims["exp"] - time.time() <= 2 * claims["ttl"]


def test_status_list_is_given_packed_and_not_at_all_to_whoever_has_it(
    door: Door, story: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    plain = door[0].get("/status/0", headers={"accept-encoding": "identity"})
    packed = door[0].get("/status/0", headers={"accept-encoding": "br, gzip;q=0.5"})
    refused = door[0].get("/status/0", headers={"accept-encoding": "gzip;q=0"})
    assert (packed.text, packed.headers["content-encoding"], plain.headers["etag"]) == (
        plain.text, "gzip", refused.headers["etag"]
    )  # fmt: skip
    known = {"accept-encoding": "identity", "if-none-match": f'"other", W/{plain.headers["etag"]}'}
    again = door[0].get("/status/0", headers=known)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", plain.headers["etag"])
    other = door[0].get("/status/0", headers=known | {"accept-encoding": "gzip"})
    assert (other.status_code, other.headers["vary"]) == (200, "accept-encoding")


@pytest.mark.parametrize("number", ["1", "-1", "99999999999999999999", "x", "0x0", "%00"])
def test_a2_9_list_that_nothing_points_to_is_not_found(door: Door, number: str) -> None:
    assert 400 <= door[0].get(f"/status/{number}").status_code < 500


# --- how the doors are asked ---


def _assertion(door: Door, **changes: Any) -> tuple[dict[str, Any], bytes, FileSigner]:
    signer = _signer(door, "system:health")
    claims = {"iss": "health", "sub": "health", "aud": ORIGIN, "iat": 0, "exp": 60}
    return _header(signer, ASSERTION_TYP), _payload(claims | changes), signer


def _proof(
    method: str = "POST", path: str = "/oauth/token", token: str | None = None, **changes: Any
) -> tuple[dict[str, Any], bytes, FileSigner]:
    claims: dict[str, Any] = {"htm": method, "htu": ORIGIN + path, "iat": 0, "ath": access_token_hash(token)}
    return {"alg": "ES256", "typ": PROOF_TYP, "jwk": JWK}, _payload(claims | changes), KEY


def _access_token(door: Door, **changes: Any) -> tuple[dict[str, Any], bytes, FileSigner]:
    """Return what makes a token truly signed by the hub's own key, as honest as `changes` leave it."""
    signer, claims = _signer(door, "hub:tokens"), _part(_token(door), 1)
    now = int(time.time())
    return _header(signer, TOKEN_TYP), _payload(claims | {"iat": claims["iat"] - now, "exp": 300} | changes), signer


def _statement(door: Door) -> tuple[dict[str, Any], bytes, FileSigner]:
    signer, now = _signer(door, "system:health"), int(time.time())
    said = statement_payload(
        act=Ordered.PULL, audience=ORIGIN, system="health", officer="h-001", issued_at=now,
        jti=secrets.token_urlsafe(16), request=statutory_request(),
    )  # fmt: skip
    return _header(signer, STATEMENT_TYP), orjson.dumps(said), signer


MAKERS: Mapping[str, Callable[[Door], tuple[dict[str, Any], bytes, FileSigner]]] = {
    "assertion": _assertion,
    "proof": lambda _: _proof(),
    "token": _access_token,
    "statement": _statement,
}


def _show(door: Door, kind: str, token: str) -> httpx.Response:
    """Show a token where tokens of its kind are shown, all else being right."""
    if kind == "assertion":
        return _sign_in(door, assertion=token)
    if kind == "proof":
        return _sign_in(door, proof=token)
    if kind == "token":
        return _call(door, token)
    access_token = _token(door)
    headers = {"authorization": f"DPoP {access_token}", "dpop": signed(*_proof("POST", PULLS, access_token))}
    headers["idempotency-key"] = secrets.token_urlsafe(16)
    return door[0].post(PULLS, json={"statement": token}, headers=headers)


def _sign_in(door: Door, *, assertion: str | None = None, proof: str | None = "", **changes: str) -> httpx.Response:
    """Ask for a token; with an honest assertion and proof where none is given, and no proof for None."""
    shown = signed(*_proof()) if proof == "" else proof
    form = _form(signed(*_assertion(door)) if assertion is None else assertion) | changes
    return door[0].post("/oauth/token", data=form, headers=_header_of(shown))


def _form(assertion: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }


def _call(door: Door, token: str, *, proof: str | None = None) -> httpx.Response:
    shown = signed(*_proof("GET", PATH, token)) if proof is None else proof
    return door[0].get(PATH, headers={"authorization": f"DPoP {token}"} | _header_of(shown))


def _token(door: Door) -> str:
    return str(_sign_in(door).json()["access_token"])


def _header_of(proof: str | None) -> dict[str, str]:
    return {} if proof is None else {"dpop": proof}


def _signer(door: Door, use: str) -> FileSigner:
    signer = door[1].keys.signer(use)
    assert isinstance(signer, FileSigner)
    return signer


def _header(signer: FileSigner, typ: str) -> dict[str, Any]:
    return {"alg": signer.algorithm, "kid": signer.key_id, "typ": typ}


def _payload(claims: Mapping[str, Any]) -> bytes:
    """Return claims whose times are given in seconds from now; those that are None are left out."""
    now = int(time.time())
    times = {name: claims[name] + now for name in ("iat", "nbf", "exp") if type(claims.get(name)) is int}
    whole = {"jti": secrets.token_urlsafe(16)} | dict(claims) | times
    return orjson.dumps({name: value for name, value in whole.items() if value is not None})


def _part(token: str, number: int) -> dict[str, Any]:
    part: dict[str, Any] = orjson.loads(decode(token.split(".")[number]))
    return part


def _today() -> str:
    return time.strftime("%Y-%m-%d", time.gmtime())
