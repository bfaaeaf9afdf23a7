"""`yizhao backup` and `yizhao restore`: one encrypted file with a hub's data, and the data made again from it.

Neither holds nor makes keys, and neither touches the log: both lie elsewhere, and are kept apart.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.init import make_settings, open_database
from hub.cli.output import AsJson, show

if TYPE_CHECKING:
    from hub.custody.backups.making import Made
    from hub.custody.backups.restoring import Target
    from hub.settings import Settings
    from hub.steps.keyfolder import KeyFolder
    from signing.envelope import MasterKey


def backup(
    file: Annotated[Path, typer.Argument(help="新的备份文件，不会覆盖。 The new file; none is overwritten.")],
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """备份数据库与证照文件（可在运行中进行，不含密钥与日志）。 Back up database and documents, also while serving."""
    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    made = back_up(settings, file)
    told = {name: float(made[name]) for name in ("bytes", "rows", "documents", "seconds")}
    note(settings, "backup", told)
    show(made, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="备份文件。 The backup.")],
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """从备份恢复到空的数据目录或数据库。 Make the data again, where there are none yet."""
    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    show(bring_back(settings, file), as_json=as_json)


def note(settings: "Settings", chore: str, told: Mapping[str, float], *, passed: bool = True) -> None:
    """Note in the data folder that a chore is over, and what it told: the operator's page shows the last of each."""
    from hub.supervision.figures.chores import Chore, note_chore

    note_chore(settings.folder, Chore(chore, datetime.now(UTC), passed, told))


def back_up(settings: "Settings", file: Path) -> dict[str, Any]:
    """Make a backup and say what is in it."""
    from hub import VERSION
    from hub.app.opening import open_log
    from hub.custody.backups.making import make_backup
    from hub.custody.installation import load_installation
    from hub.errors import SetupError
    from hub.steps.keyfolder import KeyFolder
    from hub.store.migrate import is_newest
    from hub.store.places import open_place

    began, now = monotonic(), datetime.now(UTC)
    folder = KeyFolder(settings.key_folder, settings.passphrase_file)
    with open_database(settings) as opened:
        with opened.read() as connection:
            if not is_newest(connection):
                raise SetupError("database_not_migrated")
        log, _ = open_log(settings, opened, folder, load_installation(opened), now)
        try:
            made = make_backup(
                file, database=opened, place=open_place(settings.document_place), log=log,
                master=_backup_key(folder), version=VERSION, now=now,
            )  # fmt: skip
        finally:
            log.close()
    return _told(made, file, monotonic() - began)


def bring_back(settings: "Settings", file: Path) -> dict[str, Any]:
    """Restore a backup and say of what it is."""
    from hub.custody.backups.restoring import restore as restore_backup
    from hub.steps.keyfolder import KeyFolder

    began, now = monotonic(), datetime.now(UTC)
    folder = KeyFolder(settings.key_folder, settings.passphrase_file)
    about = restore_backup(file, _target(settings, folder), now)
    return {
        "file": str(file),
        "made_at": about.made_at,
        "mode": about.mode,
        "origin": about.origin,
        "from": about.dialect,
        "log_places": about.log_places,
        "seconds": round(monotonic() - began, 2),
    }


def _target(settings: "Settings", keys: "KeyFolder") -> "Target":
    from hub.custody.backups.restoring import Target
    from hub.store.log import LogStore
    from hub.store.places import open_place
    from signing.trust import RootSet

    log_origin = None
    if LogStore.is_at(settings.log_folder):
        log = LogStore(settings.log_folder)
        log_origin = log.head().origin
        log.close()
    key = _backup_key(keys)
    return Target(
        folder=settings.folder,
        url=settings.database_url,
        open_place=lambda: open_place(settings.document_place),
        masters={key.key_id: key},
        # Where roots are kept offline, keys alone tell that the backup is theirs.
        anchor=RootSet(1, (keys.cert("root"),)).anchor_sha256 if "root" in keys.uses() else None,
        log_origin=log_origin,
    )


def _backup_key(keys: "KeyFolder") -> "MasterKey":
    from hub.custody.backups.parts import SECRET
    from signing.envelope import MasterKey

    return MasterKey.from_secret(keys.secret(SECRET))


def _told(made: "Made", file: Path, seconds: float) -> dict[str, Any]:
    from hub.custody.backups.parts import DOCUMENTS

    documents = made.told.get(DOCUMENTS, {"count": 0})["count"]
    return {
        "file": str(file),
        "bytes": made.length,
        "made_at": made.about.made_at,
        "tables": len(made.told) - (DOCUMENTS in made.told),
        "rows": sum(each["count"] for name, each in made.told.items() if name != DOCUMENTS),
        "documents": documents,
        "log_places": made.about.log_places,
        "seconds": round(seconds, 2),
    }
