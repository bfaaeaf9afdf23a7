"""Stories of examining what was collected from publication: sealed by the hub, never by the department."""

from datetime import timedelta
from pathlib import Path

from hub.public.examination.online import examine
from hub.public.examination.reader import Reader
from hub.store.certificate import CertificateReader
from schemas.verdict import CheckName, Verdict
from signing.sd_jwt import Record, Seal
from tests.flows.intake_world import Intakes, published_row, shop_number
from tests.flows.world import World, licence_order


def collected_record(world: World, folder: Path) -> bytes:
    """Take in one publicity row of a shop whose licence is recorded; return its record's public part."""
    world.issue(licence_order(licence_number=shop_number(1), certificate_number=shop_number(1)))
    intakes = Intakes(world, folder)
    intakes.collected([published_row(1)])
    serials = [each.serial for each in intakes.certificates(shop_number(1)) if each.source is not None]
    with world.registry.database.read() as connection:
        stored = CertificateReader(connection).records(serials)[serials[0]]
    seals = tuple(Seal(**each) for each in stored.seals)
    return Record(stored.payload, seals, tuple(stored.public_disclosures)).to_json()


def verdict(world: World, raw: bytes) -> Verdict | None:
    """Return what the hub says of it now."""
    surroundings, read = world.surroundings(), Reader().read
    return examine(raw, registry=world.registry, surroundings=surroundings, read=read, now=world.now).verdict


def test_collected_record_is_believed_while_its_source_is_fresh(hub_world: World, tmp_path: Path) -> None:
    raw = collected_record(hub_world, tmp_path)
    examined = verdict(hub_world, raw)
    assert examined is not None
    assert (examined.outcome.value, examined.reason) == ("valid", "good")
    reasons = {check.name: check.reason for check in examined.checks}
    assert reasons[CheckName.STATEMENT] == "collected"
    hub_world.now += timedelta(days=2)
    later = verdict(hub_world, raw)
    assert later is not None
    assert (later.outcome.value, later.reason) == ("unknown", "source_stale")
