"""Stories of the installation: what `init` burnt in stays, and a hub that is not whole does not run."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from connectors.e_licence_simulator import ELicenceSimulator
from connectors.errors import SimulatorError
from hub.app.building import build
from hub.custody.installation import (
    TrustInForce,
    make_test_installation,
    make_trust_list,
)
from hub.decisions.facts import seal_standing
from hub.settings import Settings
from hub.steps.certificates.type_versions import pin_types
from hub.steps.keyfolder import KeyFolder
from hub.store import tables
from hub.store.installation import InstallationReader, InstallationWriter
from schemas.catalogue import TYPES_FOLDER, load_catalogue
from schemas.parties import Department
from signing.errors import TrustListError
from signing.trust import verify_trust_list
from tests.flows.refusals import refused
from tests.flows.world import OPERATOR, ORIGIN, World, food_order, licence_order


def test_installation_is_made_once(hub_world: World) -> None:
    with refused("already_initialised"):
        _init_again(hub_world, ORIGIN)


@pytest.mark.parametrize("origin", ["hub.example.test", "ftp://hub.example.test", "http://hub/x", "http://Hub", ""])
def test_origin_of_another_form_is_refused(hub_world: World, origin: str) -> None:
    with refused("origin_form"):
        _init_again(hub_world, origin)


def test_another_origin_is_refused_at_the_start(hub_world: World) -> None:
    with refused("origin_fixed"):
        build(_settings(hub_world, public_origin="http://other.example.test"))


def test_production_refuses_file_keys_and_the_simulator(unchecked_world: World) -> None:
    mode = update(tables.installation).where(tables.installation.c.name == "mode").values(value="production")
    unchecked_world.registry.database.write(lambda connection: connection.execute(mode))
    with refused("production_needs_devices"):
        build(_settings(unchecked_world))


def test_simulator_refuses_production(hub_world: World, tmp_path: Path) -> None:
    with pytest.raises(SimulatorError):
        ELicenceSimulator(tmp_path / "other", passphrase=bytes(32), mode="production", now=hub_world.now)


def test_trust_list_of_test_roots_is_refused_in_production(hub_world: World) -> None:
    with pytest.raises(TrustListError) as caught:
        verify_trust_list(
            hub_world.trust.raw,
            anchor_sha256=hub_world.installation.anchor,
            now=hub_world.now,
            highest_version_seen=0,
            allow_test=False,
        )
    assert caught.value.reason == "mode"


def test_hub_without_its_keys_does_not_start(hub_world: World, tmp_path: Path) -> None:
    with refused("keys_missing"):
        build(_settings(hub_world, keys=tmp_path / "nowhere"))


def test_hub_on_an_empty_database_does_not_start(database_url: str, tmp_path: Path) -> None:
    with refused("not_initialised"):
        build(Settings(folder=tmp_path, keys=tmp_path, database=database_url))


def test_keys_are_made_once(hub_world: World) -> None:
    with refused("keys_exist"):
        KeyFolder.create(hub_world.settings.key_folder)


def test_edited_type_version_is_refused_at_the_start(hub_world: World, tmp_path: Path) -> None:
    edited = _types(tmp_path)
    file = edited / "food_operation_permit.1.toml"
    file.write_text(file.read_text().replace("max_years = 5", "max_years = 6"))
    with refused("type_edited"):
        pin_types(hub_world.registry.database, load_catalogue(edited))


def test_type_version_that_went_missing_is_refused_at_the_start(hub_world: World, tmp_path: Path) -> None:
    edited = _types(tmp_path)
    (edited / "food_operation_permit.1.toml").unlink()
    with refused("type_missing"):
        pin_types(hub_world.registry.database, load_catalogue(edited))


def test_trust_list_that_was_edited_is_never_used(unchecked_world: World) -> None:
    world = unchecked_world
    forged = world.trust.raw.replace(b'"payload":"', b'"payload":"e30')
    world.registry.database.write(lambda c: InstallationWriter(c).add_trust_list(3, forged, world.now))
    assert _version(world) == 2


def test_trust_list_is_not_rolled_back(hub_world: World) -> None:
    with hub_world.registry.database.read() as connection:
        first = InstallationReader(connection).trust_list(1)
    assert first is not None
    with pytest.raises(TrustListError) as caught:
        verify_trust_list(
            first,
            anchor_sha256=hub_world.installation.anchor,
            now=hub_world.now,
            highest_version_seen=2,
            allow_test=True,
        )
    assert caught.value.reason == "rollback"


def test_hub_whose_trust_list_has_ended_does_not_start(hub_world: World) -> None:
    hub_world.now += timedelta(days=31)
    fresh = TrustInForce(hub_world.registry.database, hub_world.installation)
    assert fresh.refresh(hub_world.now) is None
    with refused("trust_list_ended"):
        fresh()


def test_without_a_trust_list_no_certificate_reads_valid(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = hub_world.issue(food_order())
    hub_world.now += timedelta(days=31)
    assert hub_world.outcome(issued["reference"]) == ("unknown", "trust_list_missing")


def test_trust_list_is_made_anew_after_the_last_one_ended(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = hub_world.issue(food_order())
    hub_world.now += timedelta(days=31)
    _list_again(hub_world)
    assert hub_world.outcome(issued["reference"]) == ("valid", "good")


def test_listed_key_keeps_its_first_day(hub_world: World) -> None:
    before = {each.key_id: each.from_at for each in hub_world.trust().seals}
    hub_world.now += timedelta(days=1)
    _list_again(hub_world)
    assert {each.key_id: each.from_at for each in hub_world.trust().seals} == before


def test_revoked_seal_makes_what_it_sealed_unknown(hub_world: World) -> None:
    listed = hub_world.trust()
    revoked = replace(listed.seals[0], revoked_at=hub_world.now, revoke_reason="示例")
    standing = seal_standing(replace(listed, seals=(revoked, *listed.seals[1:])), hub_world.now)
    assert standing[revoked.key_id].reason == "seal_revoked"


def _init_again(world: World, origin: str) -> None:
    keys = KeyFolder.create(world.settings.folder.parent / "more-keys")
    make_test_installation(
        database=world.registry.database,
        keys=keys,
        e_licence_cert=world.simulator.anchor_der,
        origin=origin,
        operator=Department(OPERATOR, "示例运营中心", "Example operations centre"),
        now=world.now,
    )


def _settings(world: World, **changes: object) -> Settings:
    values = {"folder": world.settings.folder, "keys": world.settings.keys, "database": world.registry.database.url}
    return Settings.model_validate(values | changes)


def _types(folder: Path) -> Path:
    return Path(shutil.copytree(TYPES_FOLDER, folder / "types"))


def _version(world: World) -> int:
    listed = world.trust.refresh(world.now)
    assert listed is not None
    return listed.version


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
