"""Stories of collected data: sealed by the hub, never by the body; believed only while its source is fresh."""

from datetime import timedelta

from hub.registry.issuance import Issued, issue_many
from hub.steps.certificates.intentions import Batch, Origin, new_name
from hub.store.parties import PartyWriter
from schemas.catalogue import Occasion
from schemas.identifiers import make_licence_number
from schemas.order import read_order
from schemas.statement import Ordered
from tests.flows.world import CATALOGUE, World, food_order, licence_order

FAR_BODY = make_licence_number("11442000", "00000077")


def test_collected_certificate_is_valid_while_its_source_is_fresh_and_unknown_beyond(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = collect(hub_world)
    _see_source(hub_world)
    assert hub_world.outcome(issued.reference)[0] == "valid"
    hub_world.now += timedelta(seconds=86_400)
    assert hub_world.outcome(issued.reference)[0] == "valid"
    hub_world.now += timedelta(seconds=1)
    assert hub_world.outcome(issued.reference) == ("unknown", "source_stale")


def test_collected_certificate_of_a_source_never_seen_is_unknown(hub_world: World) -> None:
    hub_world.issue(licence_order())
    assert hub_world.outcome(collect(hub_world).reference) == ("unknown", "age_unknown")


def test_collected_certificate_says_where_it_came_from(hub_world: World) -> None:
    certificate = hub_world.scan_certificate(collect(hub_world).reference)["certificate"]
    assert (certificate["origin"], certificate["trust_level"], certificate["source_name"]) == (
        "collected",
        "C",
        "示例公示",
    )


def test_source_seen_again_makes_its_certificates_good_again(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = collect(hub_world)
    hub_world.now += timedelta(days=10)
    _see_source(hub_world)
    assert hub_world.outcome(issued.reference)[0] == "valid"


def collect(world: World) -> Issued:
    """Take in one row of a published file of a body that nobody enrolled."""
    verified = world.order(Ordered.ISSUE, {}, system="market")
    order = read_order(
        food_order(issuing_body=FAR_BODY), catalogue=CATALOGUE, overrides=frozenset(), occasion=Occasion.IMPORT
    )
    origin = Origin("collected", world.now, "publicity", "0" * 64, 2)
    batch = Batch(new_name(world.registry), [order], [origin], verified, world.system("market"))
    (issued,) = issue_many(batch, registry=world.registry, sealers=world.sealers, now=world.now)
    assert isinstance(issued, Issued)
    return issued


def _see_source(world: World) -> None:
    world.registry.database.write(lambda connection: PartyWriter(connection).source_seen("publicity", world.now))
