"""Stories of four eyes on local acts: the trust list, and the certificate types of a release."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest
from sqlalchemy import delete, update

from hub.cli.catalogue import admit_here, new_here
from hub.steps.certificates.type_versions import admit_types, differences, new_types, pin_types, types_digest
from hub.steps.keyfolder import KeyFolder
from hub.steps.orders.persons import FIRST_PERSONS, sign_here
from hub.store import tables
from schemas import catalogue as catalogue_module
from schemas.approval import Change
from schemas.catalogue import Catalogue, load_catalogue
from schemas.parties import Duty
from tests.flows.refusals import refused
from tests.flows.registry_check import find_faults
from tests.flows.world import World

TYPES = Path(catalogue_module.__file__).parent / "types"


@pytest.fixture
def released(tmp_path: Path) -> Catalogue:
    """Return the catalogue of a release that shares the legal representative of a food permit with nobody any more."""
    folder = Path(shutil.copytree(TYPES, tmp_path / "types"))
    text = (folder / "food_operation_permit.1.toml").read_text().replace("version = 1\n", "version = 2\n", 1)
    before, named, after = text.partition('name = "legal_representative"')
    (folder / "food_operation_permit.2.toml").write_text(
        before + named + after.replace('sharing_class = "unconditional"', 'sharing_class = "not_shared"', 1)
    )
    return load_catalogue(folder)


def test_every_trust_list_is_approved_by_both_persons(hub_world: World) -> None:
    hub_world.pass_days(1)
    with hub_world.registry.database.read() as connection:
        kept = connection.execute(tables.approval.select().where(tables.approval.c.change == "trust_list")).all()
        lists = connection.execute(tables.trust_list.select()).all()
    assert len(kept) == 2 * len(lists)
    assert {row.officer for row in kept} == set(FIRST_PERSONS.values())


def test_no_list_is_kept_where_one_person_s_key_is_not_at_hand(hub_world: World) -> None:
    hub_world.keys = _without(hub_world.keys, FIRST_PERSONS[Duty.SECURITY])
    before = hub_world.trust.refresh(hub_world.now)
    with refused("approvals_needed"):
        hub_world.pass_days(1)
    assert hub_world.trust.refresh(hub_world.now) == before


def test_types_of_a_release_count_once_two_persons_admitted_them(hub_world: World, released: Catalogue) -> None:
    database = hub_world.registry.database
    with refused("types_not_admitted"):
        pin_types(database, released)
    with database.read() as connection:
        new = new_types(connection, released)
    assert differences(released, new) == {"food_operation_permit.2": ["legal_representative unconditional→not_shared"]}
    _admit(hub_world, released)
    pin_types(database, released)


def test_types_are_admitted_by_approvals_that_two_persons_made_apart(hub_world: World, released: Catalogue) -> None:
    tokens = _signed_apart(hub_world, _digest(hub_world, released))
    _admit(hub_world, released, tokens)
    with hub_world.registry.database.read() as connection:
        assert new_types(connection, released) == {}


def test_approvals_of_other_types_admit_nothing(hub_world: World, released: Catalogue) -> None:
    with refused("approval_content"):
        _admit(hub_world, released, _signed_apart(hub_world, "0" * 64))
    with refused("approvals_needed"):
        _admit(hub_world, released, _signed_apart(hub_world, _digest(hub_world, released))[:1])
    with hub_world.registry.database.read() as connection:
        assert new_types(connection, released) != {}


def test_types_are_not_admitted_by_nobody(hub_world: World, released: Catalogue) -> None:
    database = hub_world.registry.database
    with refused("approvals_needed"):
        database.write(
            lambda connection: admit_types(connection, new_types(connection, released), approvals=[], now=hub_world.now)
        )
    with refused("types_not_admitted"):
        pin_types(database, released)


@pytest.mark.parametrize(
    ("table", "values", "named"),
    [
        (tables.type_version, {"digest": "ab" * 32}, "are not those that were entered"),
        (tables.type_version, {"admitted_by": None}, "are not there"),
        (tables.approval, None, "not approved by two persons"),
    ],
)
def test_audit_names_types_that_nobody_admitted(
    unchecked_world: World, released: Catalogue, table: Any, values: dict[str, Any] | None, named: str
) -> None:
    world = unchecked_world
    _admit(world, released)
    assert _faults(world) == []
    where = (table.c.version == 2) if values else (table.c.change == Change.ADMIT_TYPE)
    change = update(table).where(where).values(**values) if values else delete(table).where(where)
    world.registry.database.write(lambda connection: connection.execute(change))
    assert any(named in fault for fault in _faults(world))


def test_audit_names_a_trust_list_whose_approval_was_removed(unchecked_world: World) -> None:
    table, world = tables.approval, unchecked_world
    one = (table.c.change == Change.TRUST_LIST) & (table.c.officer == FIRST_PERSONS[Duty.SYSTEM])
    world.registry.database.write(lambda connection: connection.execute(delete(table).where(one)))
    assert "trust list 1: not approved by two persons of different duties" in _faults(world)


def _admit(world: World, released: Catalogue, tokens: Sequence[str] = ()) -> None:
    """Admit a release's types as `yizhao admit` does where both persons' keys lie."""
    world.log.round(world.now)
    settings = world.settings.model_copy(update={"database": world.registry.database.url})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue_module, "load_catalogue", lambda: released)
        assert new_here(settings)
        admit_here(settings, world.now, tokens)


def _digest(world: World, released: Catalogue) -> str:
    with world.registry.database.read() as connection:
        return types_digest(new_types(connection, released))


def _signed_apart(world: World, digest: str) -> list[str]:
    return sign_here(
        Change.ADMIT_TYPE, digest, keys=world.keys, audience=world.registry.origin, now=world.now, random=token_bytes
    )


def _without(keys: KeyFolder, number: str) -> KeyFolder:
    """Return the key folder once a person has taken the key along."""
    index = keys.folder / "keys.json"
    kept = {use: uri for use, uri in json.loads(index.read_text()).items() if number not in use}
    index.write_text(json.dumps(kept))
    return KeyFolder(keys.folder)


def _faults(world: World) -> list[str]:
    world.log.round(world.now)
    with world.registry.database.read() as connection:
        return find_faults(world, connection)
