"""Stories of the hub's own keys: a new one is listed beside the old one for a day, and chosen by its name."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from hub.custody.installation import HUB_KEYS, OVERLAP, SHORT_LIVED, make_trust_list
from hub.public.publication import jwks
from schemas.tokens import TOKEN_TYP
from signing.base64url import decode
from signing.jws import sign_compact
from tests.flows.keys_led import rotate
from tests.flows.refusals import refused
from tests.flows.signing_in import call, sign_in
from tests.flows.world import World


def test_tokens_of_both_keys_are_good_while_both_are_listed(hub_world: World) -> None:
    old = sign_in(hub_world)
    _renew(hub_world, "tokens")
    restarted = hub_world.another()
    new = sign_in(restarted)
    assert _kid(old) != _kid(new)
    assert [call(world, token).system.code for world in (hub_world, restarted) for token in (old, new)]
    restarted.close()


def test_process_that_was_not_started_again_signs_on_and_is_understood(hub_world: World) -> None:
    signer = hub_world.keys.signer("hub:tokens")
    claims = decode(sign_in(hub_world).split(".")[1])
    _renew(hub_world, "tokens")
    restarted = hub_world.another()
    assert call(restarted, sign_compact(claims, signer=signer, typ=TOKEN_TYP)).system.code == "health"
    restarted.close()


def test_old_key_signs_no_token_after_the_overlap(hub_world: World) -> None:
    signer = hub_world.keys.signer("hub:tokens")
    _renew(hub_world, "tokens")
    hub_world.now += OVERLAP
    claims = decode(sign_in(hub_world).split(".")[1])
    with refused("invalid_token"):
        call(hub_world, sign_compact(claims, signer=signer, typ=TOKEN_TYP))


@pytest.mark.parametrize("purpose", SHORT_LIVED)
def test_jwks_has_both_keys_for_the_overlap_and_then_the_new_one(hub_world: World, purpose: str) -> None:
    before = _published(hub_world)
    _renew(hub_world, purpose)
    during = _published(hub_world)
    hub_world.now += OVERLAP
    after = _published(hub_world)
    assert (len(during - before), before <= during) == (1, True)
    assert (len(after), after & (during - before)) == (len(before), during - before)


def test_key_of_another_purpose_is_not_taken_by_its_name(hub_world: World) -> None:
    _renew(hub_world, "tokens")
    claims = decode(sign_in(hub_world).split(".")[1])
    forged = sign_compact(claims, signer=hub_world.keys.signer("hub:answers"), typ=TOKEN_TYP)
    with refused("invalid_token"):
        call(hub_world, forged)


def test_revoked_key_is_published_no_more(hub_world: World) -> None:
    listed = hub_world.trust()
    revoked = replace(listed, hub_keys=tuple(replace(each, revoked_at=hub_world.now) for each in listed.hub_keys))
    assert jwks(registry=replace(hub_world.registry, trust=lambda: revoked), now=hub_world.now) == {"keys": []}


def test_renewal_that_was_killed_before_its_list_is_finished_with_the_same_key(hub_world: World) -> None:
    hub_world.keys.make_next("hub:tokens", "ES256")
    waiting = hub_world.keys.signer("next:hub:tokens").key_id
    _renew(hub_world, "tokens")
    assert hub_world.keys.signer("hub:tokens").key_id == waiting


def test_renewal_that_was_killed_after_its_list_is_finished_with_the_same_key(hub_world: World) -> None:
    hub_world.keys.make_next("hub:tokens", "ES256")
    make_trust_list(
        database=hub_world.registry.database, keys=hub_world.keys, installation=hub_world.installation,
        e_licence_cert=hub_world.simulator.anchor_der, now=hub_world.now,
    )  # fmt: skip
    ends = hub_world.now + OVERLAP
    hub_world.now += timedelta(hours=1)
    _renew(hub_world, "tokens")
    listed = [each for each in hub_world.trust().hub_keys if each.purpose == "tokens"]
    assert [each.until_at == ends for each in listed] == [True, False]
    assert listed[1].key_id == hub_world.keys.signer("hub:tokens").key_id


def test_key_is_renewed_as_often_as_one_likes(hub_world: World) -> None:
    names = {hub_world.keys.signer("hub:status").key_id}
    for _ in range(3):
        _renew(hub_world, "status")
        names.add(hub_world.keys.signer("hub:status").key_id)
    assert len(names) == 4
    assert names <= _published(hub_world)


@pytest.mark.parametrize("purpose", sorted(HUB_KEYS.keys() - set(SHORT_LIVED)))
def test_key_of_what_is_kept_stays_listed_to_its_own_end(hub_world: World, purpose: str) -> None:
    before = [each for each in hub_world.trust().hub_keys if each.purpose == purpose]
    _renew(hub_world, purpose)
    after = [each for each in hub_world.trust().hub_keys if each.purpose == purpose]
    assert (after[:1], len(after)) == (before, 2)


@pytest.mark.parametrize("purpose", ["root", "../tokens", ""])
def test_key_of_no_use_is_not_rotated(hub_world: World, purpose: str) -> None:
    with refused("key_not_rotatable"):
        _renew(hub_world, purpose)


def _renew(world: World, purpose: str) -> None:
    rotate(world, f"hub:{purpose}")


def _published(world: World) -> set[str]:
    return {each["kid"] for each in jwks(registry=world.registry, now=world.now)["keys"]}


def _kid(token: str) -> str:
    return str(orjson.loads(decode(token.split(".")[0]))["kid"])
