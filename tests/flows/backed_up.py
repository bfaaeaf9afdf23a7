"""Backups of a world, and worlds made again from them: with the same keys, and the same log or a copy of it."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hub.custody.backups.making import Made, make_backup
from hub.custody.backups.parts import SECRET
from hub.custody.backups.restoring import Target, restore
from hub.settings import Settings
from hub.steps.keyfolder import KeyFolder
from hub.store.certificate import CertificateReader
from hub.store.database import Database
from hub.store.places import FilePlace, open_place
from signing.envelope import MasterKey
from tests.flows.world import World, food_number, food_order, licence_order, open_world

NewUrl = Callable[[str], str]
"""Returns the URL of a database in which there is nothing at all, of a kind."""


def key_of(keys: KeyFolder) -> MasterKey:
    return MasterKey.from_secret(keys.secret(SECRET))


def masters_of(keys: KeyFolder) -> Mapping[bytes, MasterKey]:
    return {key_of(keys).key_id: key_of(keys)}


def back_up(world: World, path: Path, place: FilePlace | None = None) -> Made:
    """Make a backup of a world, as the command does."""
    return make_backup(
        path, database=world.registry.database, place=place or open_place(world.settings.document_place),
        log=world.log.store, master=key_of(world.keys), version="0", now=world.now,
    )  # fmt: skip


def target(world: World, folder: Path, url: str) -> Target:
    """Return where a world is to be made again: `folder` holds its data."""
    settings = Settings(folder=folder / "data", keys=folder / "keys")
    return Target(
        folder=settings.folder,
        url=url,
        open_place=lambda: open_place(settings.document_place),
        masters=masters_of(world.keys),
        anchor=world.installation.anchor,
        log_origin=world.log.store.head().origin,
    )


def reference_of(world: World, identifier: str) -> str:
    """Return the reference in a certificate's QR."""
    with world.registry.database.read() as connection:
        return CertificateReader(connection).by_identifier([identifier])[identifier].reference


def live(world: World) -> str:
    """Let a little happen in a world; return the identifier of a certificate with a document."""
    world.issue(licence_order())
    identifier = str(world.issue(food_order())["identifier"])
    world.document(world.named(identifier))
    world.change(str(world.issue(food_order(certificate_number=food_number(2)))["identifier"]), "suspend")
    world.log.round(world.now)
    return identifier


@contextmanager
def restored(world: World, path: Path, folder: Path, url: str, now: datetime | None = None) -> Iterator[World]:
    """Restore a backup and yield the world that stands on it, beside a copy of the log as it is now."""
    restore(path, target(world, folder, url), world.now)
    shutil.copytree(world.settings.key_folder, folder / "keys")
    shutil.copytree(world.settings.log_folder, folder / "data-log")
    made = open_world(Database(url), folder, now or world.now)
    try:
        yield made
    finally:
        made.close()
