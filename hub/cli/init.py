"""`yizhao init`: makes a TEST installation: data folder, keys outside it, authority, migrations, operator, trust list.

1 a new key folder is made beside its final place, with the TEST authority and the e-licence simulator
2 mode, origin and operator are committed to the migrated, empty database, and the first trust list after them
3 the key folder takes its final name        <- from here on it is an installation
A kill before 2 leaves keys nobody depends on: they are made anew. A kill between 2 and 3 is finished by the next run.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.output import AsJson, show
from hub.cli.refusals import LocalRefusal

if TYPE_CHECKING:
    from hub.custody.installation import Installation
    from hub.settings import Settings
    from hub.steps.keyfolder import KeyFolder
    from hub.store.database import Database

OPERATOR_NAMES = ("示例市一照通行运营中心", "Example City Yizhao operations centre")
_OPERATOR = ("12442000", "00000001")


def init(
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    public_origin: Annotated[
        str, typer.Option("--public-origin", help="对外地址，写进二维码与每份证照，此后不能改。 Fixed from now on.")
    ] = "http://127.0.0.1:8000",
    mode: Annotated[
        Literal["test", "production"], typer.Option("--mode", help="测试或生产，此后不能改。 Fixed from now on.")
    ] = "test",
    as_json: AsJson = False,
) -> None:
    """建立一套平台（测试）。 Make a TEST installation: data folder, keys outside it, database."""
    if mode == "production":
        raise LocalRefusal("production_needs_devices")
    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    made = initialise(settings, origin=public_origin, now=datetime.now(UTC))
    answer = {
        "mode": made.mode,
        "origin": made.origin,
        "operator": made.operator,
        "anchor": made.anchor,
        "data": str(settings.folder),
        "keys": str(settings.key_folder),
    }
    show(answer, as_json=as_json)


def make_settings(
    *,
    data: Path | None = None,
    keys: Path | None = None,
    database: str | None = None,
    passphrase_file: Path | None = None,
    **more: Any,
) -> "Settings":
    """Return the settings: options win over the environment; keys inside the data folder are refused."""
    from hub.settings import Settings

    given: dict[str, Any] = {
        "folder": data,
        "keys": keys,
        "database": database,
        "passphrase_file": passphrase_file,
        **more,
    }
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    if settings.key_folder.resolve().is_relative_to(settings.folder.resolve()):
        raise LocalRefusal("keys_inside")
    return settings


def initialise(settings: "Settings", *, origin: str, now: datetime) -> "Installation":
    """Make the TEST installation that `settings` name, or finish one that was interrupted.

    Raises SetupError already_initialised, keys_exist, log_exists, origin_form.
    """
    from hub.errors import SetupError
    from hub.steps.certificates.type_versions import pin_types
    from hub.store.database import Database
    from hub.store.migrate import upgrade
    from schemas.catalogue import load_catalogue

    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    upgrade(settings.database_url)
    database = Database(settings.database_url, pool_size=2)
    try:
        if is_initialised(settings, database):
            raise SetupError("already_initialised")
        made = _make(settings, database, origin, now)
        pin_types(database, load_catalogue())
        return made
    finally:
        database.close()


def initialise_once(settings: "Settings", *, origin: str, now: datetime) -> bool:
    """Bring the database to this version and make the installation when there is none; say whether it was made."""
    from hub.store.database import Database
    from hub.store.migrate import upgrade

    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    upgrade(settings.database_url)
    database = Database(settings.database_url, pool_size=2)
    try:
        if is_initialised(settings, database):
            return False
        _make(settings, database, origin, now)
        return True
    finally:
        database.close()


@contextmanager
def open_database(settings: "Settings") -> "Iterator[Database]":
    """Open the database of an installation; SetupError not_initialised where there is none to open."""
    from hub.errors import SetupError
    from hub.store.database import Database

    if settings.database is None and not database_file(settings).exists():
        raise SetupError("not_initialised")
    database = Database(settings.database_url, pool_size=2)
    try:
        yield database
    finally:
        database.close()


def database_file(settings: "Settings") -> Path:
    """Return where the embedded database lies."""
    return settings.folder / "hub.db"


def is_initialised(settings: "Settings", database: "Database") -> bool:
    """Say whether database and keys are both there, so that a hub can start on them."""
    return _committed(database) and settings.key_folder.exists()


def _make(settings: "Settings", database: "Database", origin: str, now: datetime) -> "Installation":
    from hub.custody.installation import load_installation
    from hub.errors import SetupError
    from hub.steps.keyfolder import KeyFolder
    from hub.store.log import LogStore

    final = settings.key_folder
    unfinished = final.with_name(final.name + ".unfinished")
    if _committed(database):
        if not unfinished.exists():
            raise SetupError("keys_missing")
        keys = KeyFolder(unfinished, settings.passphrase_file)
        _require_trust_list(database, keys, now)
    else:
        if final.exists():
            raise SetupError("keys_exist")
        if LogStore.is_at(settings.log_folder):
            raise SetupError("log_exists")
        shutil.rmtree(unfinished, ignore_errors=True)
        _commit(database, KeyFolder.create(unfinished, settings.passphrase_file), origin, now)
    unfinished.rename(final)
    return load_installation(database)


def _commit(database: "Database", keys: "KeyFolder", origin: str, now: datetime) -> None:
    from hub.custody.installation import make_test_installation
    from schemas.identifiers import make_licence_number
    from schemas.parties import Department

    operator = Department(make_licence_number(*_OPERATOR), *OPERATOR_NAMES)
    make_test_installation(
        database=database, keys=keys, e_licence_cert=_anchor(keys, now), origin=origin, operator=operator, now=now
    )


def _require_trust_list(database: "Database", keys: "KeyFolder", now: datetime) -> None:
    from hub.custody.installation import load_installation, make_trust_list
    from hub.store.installation import InstallationReader

    with database.read() as connection:
        if InstallationReader(connection).trust_list_version():
            return
    make_trust_list(
        database=database,
        keys=keys,
        installation=load_installation(database),
        e_licence_cert=_anchor(keys, now),
        now=now,
    )


def _anchor(keys: "KeyFolder", now: datetime) -> bytes:
    from hub.cli.simulator import open_simulator

    return open_simulator(keys, now).anchor_der


def _committed(database: "Database") -> bool:
    from hub.store.installation import InstallationReader

    with database.read() as connection:
        return bool(InstallationReader(connection).values())
