"""Making a hub's data again from a backup, in a data folder and database where there is nothing.

1 the backup opens with a key that is here, and is of the installation that these keys and this log are of
2 a mark is left in the data folder: what follows was begun here and may be done again
3 tables are made at the backup's revision; its rows are written, in one transaction, beside their final place (SQLite)
  or into the empty database (PostgreSQL), and its documents into their place; all that is read is verified on the way;
  in it is noted that what was spent before is not remembered (`hub/steps/orders/freshness.py`)
4 the end of the backup is reached, says the same of every part, and the log's last leaf is at its place
5 the tables are brought to this version's revision, and the database is put in its final place   <- commit point
6 the mark is taken away
A kill before 5 leaves no database that a hub starts on; the same command then begins again.
"""

import os
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, inspect

from hub.custody.backups.parts import About, PartsReader, Rows
from hub.errors import BackupError
from hub.steps.orders.freshness import note_restored
from hub.store.copies import set_counters, write_rows
from hub.store.database import Database
from hub.store.entry import EntryReader
from hub.store.files import is_document_file
from hub.store.installation import InstallationReader
from hub.store.migrate import knows, upgrade
from hub.store.places import FilePlace
from signing.envelope import MasterKey
from signing.synced import replace_synced, sync_folder

MARK = ".restoring"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a hub's data are to be: its data folder and the URL of its database.

    `open_place` makes the place of documents ready; `anchor` is the digest of the root set these keys belong to, and
    `log_origin` the name of the log that is connected, where those are known.
    """

    folder: Path
    url: str
    open_place: Callable[[], FilePlace]
    masters: Mapping[bytes, MasterKey]
    anchor: str | None
    log_origin: str | None


def restore(path: Path, target: Target, now: datetime) -> About:
    """Make everything again from the backup at `path` and return what it is of.

    What may have been spent before `now`, as assertions, proofs and statements, is refused by what is made.

    Raises BackupError data_not_empty, backup_key, backup_damaged, backup_other, backup_version; OSError; what the place
    of documents raises.
    """
    database = Database(target.url, pool_size=1)
    try:
        is_file = database.dialect == "sqlite"
        final = database.path if is_file else None
        if not is_file and _has_tables(database):
            raise BackupError("data_not_empty")
    finally:
        database.close()
    with path.open("rb") as file:
        about = PartsReader(file, masters=target.masters).about
    _require_ours(about, target)
    _mark(target.folder, final)
    if final is None:
        _make(path, target.url, target, now)
    else:
        unfinished = final.with_name(f".{final.name}{MARK}")
        for left in final.parent.glob(f"{unfinished.name}*"):
            left.unlink()
        _make(path, f"sqlite:///{unfinished}", target, now)
        _put_in_place(unfinished, final)
    (target.folder / MARK).unlink()
    sync_folder(target.folder)
    return about


def _require_ours(about: About, target: Target) -> None:
    if target.anchor not in (None, about.anchor):
        raise BackupError("backup_other", origin=about.origin, mode=about.mode)
    named = about.log_note.partition("\n")[0]
    if target.log_origin is not None and _hub_of(named) != _hub_of(target.log_origin):
        raise BackupError("backup_other", origin=about.origin, mode=about.mode)
    if not knows(about.revision):
        raise BackupError("backup_version", revision=about.revision)


def _hub_of(log_origin: str) -> str:
    """Return what all logs of one hub are called: a recovered hub's logs have a number at the end."""
    head, _, last = log_origin.rpartition("/")
    return head if last.isdecimal() else log_origin


def _has_tables(database: Database) -> bool:
    """Say whether anything is in a database that a restore that was killed has not left there: it leaves no row."""
    with database.read() as connection:
        if not inspect(connection).has_table("installation"):
            return bool(inspect(connection).get_table_names())
        return bool(InstallationReader(connection).values())


def _mark(folder: Path, final: Path | None) -> None:
    """Leave the mark in a folder where there is nothing, or what this command left when it was killed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_ours = (folder / MARK).exists()
    if (final is not None and final.exists()) or (any(folder.iterdir()) and not is_ours):
        raise BackupError("data_not_empty")
    if final is not None:
        final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_synced(folder / MARK, b"")


def _make(path: Path, url: str, target: Target, now: datetime) -> None:
    with path.open("rb") as file:
        revision = PartsReader(file, masters=target.masters).about.revision
    upgrade(url, revision)
    place = target.open_place()
    database = Database(url, pool_size=1)
    try:
        # It may run again when the database asks for it: so the file is opened inside.
        database.write(lambda connection: _write(path, connection, place, target, now))
    finally:
        database.close()
    upgrade(url)


def _write(path: Path, connection: Connection, place: FilePlace, target: Target, now: datetime) -> None:
    with path.open("rb") as file:
        parts = PartsReader(file, masters=target.masters)
        for part in parts.parts():
            if isinstance(part, Rows):
                write_rows(connection, part.table, part.columns, part.rows)
            elif is_document_file(part.name):
                place.put(part.name, part.content)
            else:
                raise BackupError("backup_damaged")
    set_counters(connection, parts.about.next_serial)
    note_restored(connection, now)
    places, last_leaf = parts.about.log_places, b64decode(parts.about.last_leaf_b64)
    if places and EntryReader(connection).leaf_at(places - 1) != last_leaf:
        raise BackupError("backup_damaged")


def _put_in_place(unfinished: Path, final: Path) -> None:
    # A journal beside it would mean that a connection is open: its last pages would be left behind.
    if any(unfinished.parent.glob(f"{unfinished.name}-*")):
        raise BackupError("backup_damaged")
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(final)
    sync_folder(final.parent)
