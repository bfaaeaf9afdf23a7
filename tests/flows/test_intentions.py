"""Stories of intentions: recorded before the key is used, listed, completed by one process, or refused; never lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.custody.installation import make_seal_key, make_trust_list
from hub.registry.issuance import complete_batch, complete_orphans, refuse_batch
from hub.steps.certificates.intentions import new_name
from hub.store.intention import IntentionReader
from schemas.identifiers import make_licence_number
from schemas.statement import Ordered
from signing.base64url import encode
from signing.errors import RateCapError, SigningError
from signing.signers import Signer
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, MARKET, World, food_number, food_order, licence_order

NEW_BODY = make_licence_number("11442000", "00000009")


class _BrokenSeal:
    """A seal platform that is out of order."""

    def __init__(self, signer: Signer) -> None:
        self.key_id, self.algorithm, self.cert_der = signer.key_id, signer.algorithm, signer.cert_der

    def sign(self, message: bytes, *, statement: bytes | None) -> bytes:
        raise RateCapError(self.key_id)


def test_no_name_begins_as_an_option_of_a_command_does(hub_world: World) -> None:
    drawn = iter([b"\xfa" * 16, b"\x00" * 16])
    registry = replace(hub_world.registry, random=lambda count: next(drawn))
    assert encode(b"\xfa" * 16).startswith("-")
    assert new_name(registry) == "A" * 22


def test_order_whose_seal_failed_is_listed_and_completed_later(hub_world: World) -> None:
    mend = _break_seal(hub_world)
    with pytest.raises(SigningError):
        hub_world.issue(food_order())
    assert len(_listed(hub_world)) == 1
    mend()
    _run_out(hub_world)
    assert complete_orphans(registry=hub_world.registry, sealers=hub_world.sealers, now=hub_world.now) == 1
    assert _listed(hub_world) == []


def test_order_whose_seal_failed_ends_right_when_it_is_sent_again(hub_world: World) -> None:
    content = food_order()
    code = content["certificate_type"]
    verified = hub_world.order(Ordered.ISSUE, content, system="market", certificate_type=code, issuing_body=MARKET)
    mend = _break_seal(hub_world)
    with pytest.raises(SigningError):
        hub_world.issue_verified(content, verified, key="k")
    mend()
    with refused("act_under_way"):
        hub_world.issue_verified(content, verified, key="k")
    _run_out(hub_world)
    assert hub_world.issue_verified(content, verified, key="k")["version"] == 1


def test_intention_within_its_lease_is_left_to_its_owner(hub_world: World) -> None:
    name = _orphan(hub_world)
    hub_world.now -= timedelta(seconds=2)  # back within the lease
    assert complete_batch(name, registry=hub_world.registry, sealers=hub_world.sealers, now=hub_world.now) == []
    assert refuse_batch(name, registry=hub_world.registry, now=hub_world.now) == 0
    hub_world.open_intentions = 1


def test_of_two_processes_one_completes_an_orphan(hub_world: World) -> None:
    name = _orphan(hub_world)
    other = hub_world.another()
    made = [
        complete_batch(name, registry=each.registry, sealers=each.sealers, now=hub_world.now)
        for each in (hub_world, other)
    ]
    assert [len(each) for each in made] == [1, 0]
    other.close()


def test_refused_intention_frees_its_number(hub_world: World) -> None:
    name = _orphan(hub_world)
    assert refuse_batch(name, registry=hub_world.registry, now=hub_world.now) == 1
    assert hub_world.issue(food_order())["version"] == 1


def test_renewal_refused_after_all_leaves_its_chain_as_it_was(hub_world: World) -> None:
    hub_world.issue(licence_order())
    first = hub_world.issue(food_order())
    name = _orphan(hub_world, replaces=first["identifier"])
    with refused("chain_busy"):
        hub_world.issue(food_order(replaces=first["identifier"]))
    refuse_batch(name, registry=hub_world.registry, now=hub_world.now)
    assert hub_world.outcome(first["reference"]) == ("valid", "good")
    assert hub_world.issue(food_order(replaces=first["identifier"]))["version"] == 3


def test_certificate_withdrawn_while_its_renewal_is_sealed_stays_withdrawn(hub_world: World) -> None:
    hub_world.issue(licence_order())
    first = hub_world.issue(food_order())
    name = _orphan(hub_world, replaces=first["identifier"])
    hub_world.change(first["identifier"], "withdraw")
    complete_batch(name, registry=hub_world.registry, sealers=hub_world.sealers, now=hub_world.now)
    assert hub_world.outcome(first["reference"]) == ("not_valid", "withdrawn")
    lines = hub_world.scan_enterprise(first["holder_reference"])["certificates"]
    assert [each["verdict"]["outcome"] for each in lines] == ["valid", "valid"]


def test_seal_key_counts_from_the_next_trust_list_and_not_before(hub_world: World) -> None:
    _enrol_body(hub_world)
    make_seal_key(hub_world.keys, NEW_BODY, "示例新局", hub_world.now)
    with refused("seal_not_listed"):
        hub_world.issue(food_order(issuing_body=NEW_BODY))
    _list_again(hub_world)
    assert hub_world.issue(food_order(issuing_body=NEW_BODY))["version"] == 1


def test_batch_that_cannot_be_sealed_does_not_hold_up_the_others(hub_world: World) -> None:
    sealers = hub_world.sealers
    mend = _break_seal(hub_world)
    with pytest.raises(SigningError):
        hub_world.issue(food_order(issuing_body=HEALTH), system="health")
    mend()
    _orphan(hub_world, certificate_number=food_number(2))
    broken: dict[str, Signer] = {HEALTH: _BrokenSeal(sealers(HEALTH))}
    with pytest.raises(RateCapError):
        complete_orphans(
            registry=hub_world.registry, sealers=lambda body: broken.get(body, sealers(body)), now=hub_world.now
        )
    assert len(_listed(hub_world)) == 1
    hub_world.open_intentions = 1


def test_intention_holds_no_field_in_the_open(hub_world: World) -> None:
    _orphan(hub_world, holder_name="中山示例保密餐饮有限公司")
    hub_world.open_intentions = 1
    assert not any("保密".encode() in each.envelope for each in _listed(hub_world))


def _orphan(world: World, **changes: Any) -> str:
    """Leave an order without its seal, its lease run out; return the batch's name."""
    mend = _break_seal(world)
    with pytest.raises(SigningError):
        world.issue(food_order(**changes))
    mend()
    _run_out(world)
    return str(_listed(world)[-1].batch)


def _break_seal(world: World) -> Callable[[], None]:
    sealers = world.sealers
    world.sealers = lambda body: _BrokenSeal(sealers(body))  # type: ignore[assignment]

    def mend() -> None:
        world.sealers = sealers

    return mend


def _run_out(world: World) -> None:
    world.now += world.registry.terms.lease + timedelta(seconds=1)


def _listed(world: World) -> list[Any]:
    with world.registry.database.read() as connection:
        return list(IntentionReader(connection).all())


def _list_again(world: World) -> None:
    make_trust_list(
        database=world.registry.database,
        keys=world.keys,
        installation=world.installation,
        e_licence_cert=world.simulator.anchor_der,
        now=world.now,
    )
    world.now += timedelta(seconds=1)
    world.trust.refresh(world.now)


def _enrol_body(world: World) -> None:
    world.enrol(
        "issuing-bodies",
        licence_number=NEW_BODY,
        department=MARKET,
        name_zh="示例新局",
        name_en="Example new bureau",
        area="442000",
        from_on="2019-01-01",
        competences=[{"certificate_type": "food_operation_permit", "from_on": "2019-01-01"}],
    )
