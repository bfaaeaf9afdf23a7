"""Making a backup while the hub serves: one state of the database, and the documents it speaks of.

1 the log's newest checkpoint is read: whatever it covers is in the database already
2 one snapshot of the database is opened; who writes meanwhile is not held up, and is not in it
3 every table is written, row by row
4 every document's file is written as it lies there, encrypted; a document is on disk before its row, so none is missing
5 the end is written, the file brought to disk, and then named: it is whole or not there
Nothing is read of keys: what is encrypted at rest stays so inside, and only the key folder opens the rest.
"""

import os
import secrets
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection

from hub.custody.backups.parts import FORM, About, PartsWriter
from hub.errors import BackupError
from hub.store.copies import columns_of, copied_tables, next_serial, read_rows
from hub.store.database import Database
from hub.store.files import is_document_file
from hub.store.installation import InstallationReader
from hub.store.log import Head, LogStore
from hub.store.migrate import revision_of
from hub.store.places import FilePlace
from signing.envelope import MasterKey
from signing.synced import sync_folder


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that is on disk: what it is of, and what is in it."""

    about: About
    told: dict[str, dict[str, Any]]
    length: int


def make_backup(
    path: Path,
    *,
    database: Database,
    place: FilePlace,
    log: LogStore,
    master: MasterKey,
    version: str,
    now: datetime,
) -> Made:
    """Write a backup of a hub into the new file `path`; `master` is the key it is encrypted under,
    `version` the hub's.

    Raises BackupError backup_exists, and what the place of documents raises; OSError. Nothing is left under that name
    then, nor by a kill: at most a file whose name begins with a dot.
    """
    head = log.head()
    with _new_file(path) as file:
        with database.snapshot() as connection:
            about = _about(connection, head, version, now)
            parts = PartsWriter(file, master=master, about=about)
            for table in copied_tables():
                put = parts.table(table.name, columns_of(table))
                for rows in read_rows(connection, table):
                    put(rows)
        for name in filter(is_document_file, place.names()):
            content = place.get(name)
            if content is not None:  # else it was erased a moment ago
                parts.document(name, content)
        told = parts.close()
        length = file.tell()
    return Made(about, told, length)


def _about(connection: Connection, head: Head, version: str, now: datetime) -> About:
    values = InstallationReader(connection).values()
    return About(
        form=FORM,
        version=version,
        revision=revision_of(connection) or "",
        mode=values["mode"],
        origin=values["origin"],
        anchor=values["anchor"],
        dialect=connection.dialect.name,
        made_at=now.isoformat(),
        next_serial=next_serial(connection),
        log_note=head.note,
        log_places=head.first_place + head.size,
        last_leaf_b64=b64encode(head.last_leaf).decode(),
    )


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the name `path` when all is written; what fails leaves nothing."""
    if path.exists():
        raise BackupError("backup_exists")
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(unfinished, path)
        except FileExistsError:
            raise BackupError("backup_exists") from None
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)
