"""Stories of access: tokens for who proves itself, bound to a key, for this hub, once; every broken proof refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import orjson
import pytest

from hub.department.access import Presented, issue_token, verify_caller
from hub.errors import AccessError
from schemas.parties import Role
from schemas.tokens import ASSERTION_TYPE, TOKEN_TYP, access_token_hash
from signing.algorithms import generate_private_key
from signing.base64url import decode, encode
from signing.jws import CompactSigner, jwk_of, sign_compact
from signing.signers.file import FileSigner
from tests.flows.refusals import refused
from tests.flows.signing_in import PATH, PROOF_KEY, TERM, call, call_by_cert, make_assertion, make_proof, sign_in
from tests.flows.world import HEALTH, ORIGIN, World

OTHER_KEY = FileSigner(generate_private_key("Ed25519"))
CERT, OTHER_CERT = encode(bytes(32)), encode(bytes([1] * 32))
OTHER_URL = "http://other.example.test"

BROKEN_ASSERTIONS: dict[str, dict[str, Any]] = {
    "for another audience": {"aud": OTHER_URL},
    "for an audience in a list": {"aud": [ORIGIN]},
    "for the token endpoint": {"aud": f"{ORIGIN}/oauth/token"},
    "by another issuer": {"iss": "market"},
    "about another subject": {"sub": "market"},
    "about nobody": {"sub": None},
    "without an end": {"exp": None},
    "ended": {"exp": -1},
    "with an end that is a text": {"exp": "soon"},
    "too long": {"exp": 400},
    "without a beginning": {"iat": None},
    "from the future": {"iat": 61},
    "without a name": {"jti": None},
    "with a name too long": {"jti": "x" * 257},
}
BROKEN_PROOFS: dict[str, dict[str, Any]] = {
    "of another method": {"htm": "GET"},
    "of another URL": {"htu": f"{OTHER_URL}{PATH}"},
    "of another path": {"htu": f"{ORIGIN}/api/v1/comparisons"},
    "with a query": {"htu": f"{ORIGIN}{PATH}?x=1"},
    "of no URL": {"htu": None},
    "too old": {"iat": -61},
    "from the future": {"iat": 11},
    "with a time that is a text": {"iat": "now"},
    "with a time that is true": {"iat": True},
    "without a time": {"iat": None},
    "without a name": {"jti": None},
    "with an empty name": {"jti": ""},
    "with a name too long": {"jti": "x" * 257},
    "of another token": {"ath": access_token_hash("other")},
    "of no token": {"ath": None},
}
PROOF_JWK = dict(jwk_of(PROOF_KEY.private_key.public_key()))
BROKEN_HEADERS: dict[str, dict[str, Any]] = {
    "without a key": {},
    "with a private key": {"jwk": PROOF_JWK | {"d": "AAAA"}},
    "with another's key": {"jwk": dict(jwk_of(OTHER_KEY.private_key.public_key()))},
    "with a symmetric key": {"jwk": {"kty": "oct", "k": "AAAA"}},
    "with a key that is a text": {"jwk": "key"},
    "with a key to be fetched": {"jku": f"{OTHER_URL}/keys"},
}


def test_system_that_proves_itself_gets_a_bound_token_and_is_known_by_it(hub_world: World) -> None:
    token = sign_in(hub_world)
    caller = call(hub_world, token)
    assert (caller.system.code, caller.system.department) == ("health", HEALTH)


@pytest.mark.parametrize("name", BROKEN_ASSERTIONS)
def test_broken_assertion_is_refused(lasting_world: World, name: str) -> None:
    with refused("invalid_client"):
        sign_in(lasting_world, assertion=make_assertion(lasting_world, **BROKEN_ASSERTIONS[name]))


def test_assertion_counts_once_in_all_processes(hub_world: World) -> None:
    assertion = make_assertion(hub_world)
    sign_in(hub_world, assertion=assertion)
    other = hub_world.another()
    with refused("invalid_client"):
        sign_in(other, assertion=assertion)
    other.close()


def test_assertion_sent_by_many_at_once_counts_once(hub_world: World) -> None:
    assertion = make_assertion(hub_world)
    with ThreadPoolExecutor(8) as threads:
        tries = [threads.submit(sign_in, hub_world, assertion=assertion) for _ in range(16)]
    errors = [each.exception() for each in tries]
    assert errors.count(None) == 1
    assert {error.code for error in errors if isinstance(error, AccessError)} == {"invalid_client"}


def test_assertion_by_another_systems_key_is_refused(lasting_world: World) -> None:
    with refused("invalid_client"):
        sign_in(lasting_world, assertion=make_assertion(lasting_world, use="system:market"))


def test_assertion_of_another_type_is_refused(lasting_world: World) -> None:
    with refused("invalid_client"):
        sign_in(lasting_world, assertion=make_assertion(lasting_world, typ="JWT"))


@pytest.mark.parametrize("assertion", ["", "x", "a.b.c", "e30.e30.", "e30.bnVsbA.", "..", "\u0000.\u0000.\u0000"])
def test_what_is_no_assertion_is_refused(lasting_world: World, assertion: str) -> None:
    with refused("invalid_client"):
        sign_in(lasting_world, assertion=assertion)


def test_system_that_is_no_longer_active_gets_nothing_and_its_token_ends(hub_world: World) -> None:
    token = sign_in(hub_world)
    system = hub_world.system("health")
    hub_world.enrol(
        "systems", code="health", department=HEALTH, name=system.name, roles=["pull"], cert=encode(system.cert_der),
        active=False,
    )  # fmt: skip
    with refused("invalid_client"):
        sign_in(hub_world)
    with refused("invalid_client"):
        call(hub_world, token)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"client_assertion_type": "secret"}, "invalid_client"),
        ({"client_id": "market"}, "invalid_client"),
    ],
)
def test_other_ways_to_a_token_are_refused(lasting_world: World, changes: dict[str, str], code: str) -> None:
    with refused(code):
        sign_in(lasting_world, **changes)


@pytest.mark.parametrize("name", BROKEN_PROOFS)
def test_call_with_a_broken_proof_is_refused(lasting_world: World, name: str) -> None:
    token = sign_in(lasting_world)
    with refused("invalid_dpop_proof"):
        call(lasting_world, token, proof=make_proof(lasting_world, token, **BROKEN_PROOFS[name]))


@pytest.mark.parametrize("name", BROKEN_HEADERS)
def test_call_with_a_proof_that_does_not_show_its_key_is_refused(lasting_world: World, name: str) -> None:
    token = sign_in(lasting_world)
    with refused("invalid_dpop_proof"):
        call(lasting_world, token, proof=make_proof(lasting_world, token, headers=BROKEN_HEADERS[name]))


@pytest.mark.parametrize("proof", [None, "", "x", "a.b.c", "e30.e30.", "\u0000"])
def test_call_without_a_proof_is_refused(lasting_world: World, proof: str | None) -> None:
    token = sign_in(lasting_world)
    with refused("invalid_dpop_proof"):
        verify_caller(
            Presented("POST", PATH, f"DPoP {token}", proof),
            role=Role.PULL, registry=lasting_world.registry, now=lasting_world.now,
        )  # fmt: skip


def test_proof_counts_once_in_all_processes(hub_world: World) -> None:
    token = sign_in(hub_world)
    proof = make_proof(hub_world, token)
    call(hub_world, token, proof=proof)
    other = hub_world.another()
    with refused("invalid_dpop_proof"):
        call(other, token, proof=proof)
    other.close()


@pytest.mark.parametrize("authorization", [None, "", "Bearer x", "DPoP", "DPoP ", "Basic eDp5"])
def test_call_without_a_token_is_refused(lasting_world: World, authorization: str | None) -> None:
    presented = Presented("POST", PATH, authorization, make_proof(lasting_world, "x"))
    with refused("token_missing"):
        verify_caller(presented, role=Role.PULL, registry=lasting_world.registry, now=lasting_world.now)


def test_token_ends_after_five_minutes(hub_world: World) -> None:
    token = sign_in(hub_world)
    hub_world.now += TERM - timedelta(seconds=1)
    assert call(hub_world, token)
    hub_world.now += timedelta(seconds=1)
    with refused("invalid_token"):
        call(hub_world, token)


@pytest.mark.parametrize(
    ("changes", "typ", "use"),
    [
        ({"aud": OTHER_URL}, TOKEN_TYP, "hub:tokens"),
        ({"iss": OTHER_URL}, TOKEN_TYP, "hub:tokens"),
        ({"exp": None}, TOKEN_TYP, "hub:tokens"),
        ({}, "dc+sd-jwt", "hub:tokens"),
        ({}, "statuslist+jwt", "hub:tokens"),
        ({}, TOKEN_TYP, "hub:status"),
        ({}, TOKEN_TYP, "hub:answers"),
        ({}, TOKEN_TYP, "system:health"),
    ],
)
def test_token_for_another_hub_of_another_type_or_by_another_key_is_refused(
    lasting_world: World, changes: dict[str, Any], typ: str, use: str
) -> None:
    claims = orjson.loads(decode(sign_in(lasting_world).split(".")[1])) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    forged = sign_compact(orjson.dumps(claims), signer=lasting_world.keys.signer(use), typ=typ)
    with refused("invalid_token"):
        call(lasting_world, forged)


def test_token_bound_to_another_key_is_refused(hub_world: World) -> None:
    token = sign_in(hub_world)
    with refused("invalid_dpop_proof"):
        call(hub_world, token, proof=make_proof(hub_world, token, signer=OTHER_KEY))


def test_token_bound_to_a_cert_is_good_on_its_connection_alone(lasting_world: World) -> None:
    token = sign_in(lasting_world, cert=CERT)
    assert call_by_cert(lasting_world, token, CERT).system.code == "health"
    with refused("invalid_token"):
        call_by_cert(lasting_world, token, OTHER_CERT)
    with refused("token_missing"):
        call_by_cert(lasting_world, token, None)
    with refused("invalid_dpop_proof"):
        call(lasting_world, token)


def test_token_bound_to_a_proofs_key_is_not_taken_without_the_proof_whatever_cert_is_shown(
    lasting_world: World,
) -> None:
    token = sign_in(lasting_world)
    with refused("invalid_token"):
        call_by_cert(lasting_world, token, CERT)


def test_system_that_shows_a_proof_over_a_connection_with_a_cert_gets_a_token_bound_to_the_proof(
    lasting_world: World,
) -> None:
    presented = Presented("POST", PATH, None, make_proof(lasting_world, None), CERT)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": make_assertion(lasting_world),
    }
    signer = CompactSigner(lasting_world.keys.signer("hub:tokens"), TOKEN_TYP)
    issued = issue_token(
        form, presented, registry=lasting_world.registry, signer=signer, term=TERM, now=lasting_world.now
    )
    assert issued["token_type"] == "DPoP"


@pytest.mark.parametrize("confirmation", [None, {}, "x", {"jkt": None}, {"x5t#S256": None}, [CERT]])
def test_token_that_is_bound_to_nothing_is_refused(lasting_world: World, confirmation: Any) -> None:
    claims = orjson.loads(decode(sign_in(lasting_world).split(".")[1])) | {"cnf": confirmation}
    forged = sign_compact(orjson.dumps(claims), signer=lasting_world.keys.signer("hub:tokens"), typ=TOKEN_TYP)
    with refused("invalid_dpop_proof"):
        call(lasting_world, forged)
    with refused("invalid_token"):
        call_by_cert(lasting_world, forged, CERT)


def test_role_that_a_system_has_not_is_refused(hub_world: World) -> None:
    token = sign_in(hub_world)
    with refused("role_missing"):
        call(hub_world, token, role=Role.OPERATE)
