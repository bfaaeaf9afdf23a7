"""Backups: made while others write, whole or not there, readable with the keys alone, restored on either database."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import func, insert, select

from hub.custody.backups.parts import PartsReader, Rows
from hub.custody.backups.restoring import MARK, restore
from hub.registry.issuance import complete_orphans
from hub.store import tables
from hub.store.copies import next_serial, read_rows
from hub.store.database import Database
from hub.store.files import DocumentFiles
from hub.store.log import LogStore
from hub.store.places import open_place
from schemas.verdict import Outcome
from signing.envelope import MasterKey
from signing.sealed_stream import CHUNK_BYTES, HEADER_BYTES
from tests.flows.backed_up import NewUrl, back_up, live, masters_of, reference_of, restored, target
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry
from tests.flows.signing_in import call, make_assertion, sign_in
from tests.flows.world import SHOP, World, food_number, food_order


def all_rows(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Return what is stored, but for the mark that a restore leaves."""
    with world.registry.database.snapshot() as connection:
        return {
            table.name: [tuple(row) for rows in read_rows(connection, table) for row in rows if row[0] != "restored_at"]
            for table in tables.metadata.sorted_tables
            if table is not tables.serial
        }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_backup_is_restored_on_either_database(hub_world: World, tmp_path: Path, new_url: NewUrl, kind: str) -> None:
    identifier = live(hub_world)
    made = back_up(hub_world, tmp_path / "backup")
    assert made.told["certificate"]["count"] == 3
    with restored(hub_world, tmp_path / "backup", tmp_path / "again", new_url(kind)) as again:
        assert all_rows(again) == all_rows(hub_world)
        assert again.workshop.files.get(next(again.workshop.files.names())).startswith(b"%PDF-1.7")
        assert again.log.state(again.now).rolled_back_to is None
        check_registry(again)
        # It goes on: new rows get numbers that are free.
        with again.registry.database.read() as connection:
            following = next_serial(connection)
        again.change(identifier, "withdraw")
        again.issue(food_order(certificate_number=food_number(3)))
        with again.registry.database.read() as connection:
            newest = select(func.max(tables.certificate.c.serial))
            assert connection.execute(newest).scalar_one() == following
        check_registry(again)


def test_backup_made_while_others_write_is_one_state(hub_world: World, tmp_path: Path, new_url: NewUrl) -> None:
    issued, stop = list[str](), threading.Event()
    writer = threading.Thread(target=_issue_until, args=(hub_world, stop, issued))
    writer.start()
    paths = [tmp_path / f"backup-{number}" for number in range(3)]
    try:
        made = [back_up(hub_world, path).told["certificate"]["count"] for path in paths]
    finally:
        stop.set()
        writer.join()
    assert made[0] < made[-1] <= len(issued)
    url = new_url(hub_world.registry.database.dialect)
    with restored(hub_world, paths[1], tmp_path / "again", url) as again:
        # What was between its two commits is completed, as after any end of a process.
        complete_orphans(registry=again.registry, sealers=again.sealers, now=again.now + timedelta(minutes=1))
        check_registry(again)
        with again.registry.database.read() as connection:
            assert len(connection.execute(select(tables.certificate.c.serial)).all()) - made[1] in (0, 1)


def _issue_until(world: World, stop: threading.Event, issued: list[str]) -> None:
    for number in count(1):
        issued.append(str(world.issue(food_order(certificate_number=food_number(number)))["identifier"]))
        if stop.is_set():
            return


def test_restored_store_is_unknown_when_something_happened_since(
    unchecked_world: World, tmp_path: Path, new_url: NewUrl
) -> None:
    identifier = live(unchecked_world)
    back_up(unchecked_world, tmp_path / "backup")
    unchecked_world.change(identifier, "withdraw")
    unchecked_world.log.round(unchecked_world.now)
    url = new_url(unchecked_world.registry.database.dialect)
    with restored(unchecked_world, tmp_path / "backup", tmp_path / "again", url) as again:
        assert again.outcome(reference_of(again, identifier)) == (Outcome.UNKNOWN, "store_rolled_back")
        with refused("store_rolled_back"):
            again.issue(food_order(certificate_number=food_number(9)))


def test_what_was_spent_before_a_restore_is_refused_after_it(hub_world: World, tmp_path: Path, new_url: NewUrl) -> None:
    back_up(hub_world, tmp_path / "backup")
    assertion = make_assertion(hub_world)
    token = sign_in(hub_world, assertion=assertion)
    url = new_url(hub_world.registry.database.dialect)
    with restored(hub_world, tmp_path / "backup", tmp_path / "again", url) as again:
        with refused("invalid_client"):
            sign_in(again, assertion=assertion)
        with refused("invalid_token"):
            call(again, token)
        again.now += timedelta(seconds=61)
        assert call(again, sign_in(again))


def test_backup_holds_no_key(hub_world: World, tmp_path: Path) -> None:
    live(hub_world)
    back_up(hub_world, tmp_path / "backup")
    keys = hub_world.settings.key_folder
    content = b"".join(_contents(hub_world, tmp_path / "backup"))
    passphrase = (keys / "passphrase").read_bytes().strip()
    secret = [passphrase, (keys / "master.key").read_bytes().strip(), hub_world.registry.master.key]
    secret += [hub_world.keys.secret(use) for use in ("at rest", "backups", "status places", "equal facts")]
    private = list(keys.glob("*.key.pem"))
    assert len(private) > 8
    for path in private:
        key: Any = load_pem_private_key(path.read_bytes(), passphrase)
        numbers = getattr(key, "private_numbers", None)
        raw = numbers().private_value.to_bytes(32, "big") if numbers else key.private_bytes_raw()
        secret += [raw, path.read_bytes().split(b"\n")[1]]
    found = [each for each in secret if each in content or each.hex().encode() in content]
    assert found == []
    assert b"PRIVATE KEY" not in content
    assert SHOP.encode() in content  # it is the content that was looked through


def _contents(world: World, path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for part in PartsReader(file, masters=masters_of(world.keys)).parts():
            if isinstance(part, Rows):
                for row in part.rows:
                    yield from (each if isinstance(each, bytes) else str(each).encode() for each in row)
            else:
                yield part.content


def test_backup_shows_nothing_without_the_keys(hub_world: World, tmp_path: Path) -> None:
    live(hub_world)
    back_up(hub_world, tmp_path / "backup")
    raw = (tmp_path / "backup").read_bytes()
    assert SHOP.encode() not in raw
    assert oct((tmp_path / "backup").stat().st_mode & 0o777) == "0o600"


def test_backup_never_overwrites(hub_world: World, tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(b"another file")
    with refused("backup_exists"):
        back_up(hub_world, tmp_path / "backup")
    assert (tmp_path / "backup").read_bytes() == b"another file"


def test_backup_that_fails_leaves_nothing(hub_world: World, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(OSError, match="gone"):
        back_up(hub_world, folder / "backup", _GonePlace())  # type: ignore[arg-type]
    assert list(folder.iterdir()) == []


class _GonePlace:
    """A folder that is taken away while it is read."""

    def names(self) -> Iterator[str]:
        raise OSError("gone")


def test_backup_that_is_not_whole_is_refused(unchecked_world: World, tmp_path: Path, new_url: NewUrl) -> None:
    database = unchecked_world.registry.database
    database.write(lambda connection: connection.execute(insert(tables.source), _large_sources()))
    back_up(unchecked_world, tmp_path / "backup")
    raw, url = (tmp_path / "backup").read_bytes(), new_url(database.dialect)
    chunk = CHUNK_BYTES + 16
    header, first, rest = raw[:HEADER_BYTES], raw[HEADER_BYTES:][:chunk], raw[HEADER_BYTES:][chunk:]
    cut = raw[: HEADER_BYTES + 2 * chunk]
    changed = raw[:-1] + bytes((raw[-1] ^ 1,))
    reordered = header + rest[:chunk] + first + rest[chunk:]
    goal = target(unchecked_world, tmp_path / "again", url)
    for broken in (cut, changed, reordered, raw + b"x"):
        (tmp_path / "broken").write_bytes(broken)
        with refused("backup_damaged"):
            restore(tmp_path / "broken", goal, unchecked_world.now)
        assert _is_nothing(url)
    # Another backup is restored there all the same.
    with restored(unchecked_world, tmp_path / "backup", tmp_path / "again", url) as again:
        assert all_rows(again) == all_rows(unchecked_world)
    assert not (tmp_path / "again" / "data" / MARK).exists()


def _large_sources() -> list[dict[str, Any]]:
    """Return rows that do not compress: a backup of some chunks."""
    return [
        {"code": f"source-{number}", "name_zh": secrets.token_hex(600_000), "seen_at": None, "fresh_for_seconds": 1}
        for number in range(5)
    ]


def _is_nothing(url: str) -> bool:
    """Say whether no hub starts on this database."""
    if url.startswith("sqlite"):
        return not Path(url.removeprefix("sqlite:///")).exists()
    with closing(Database(url, pool_size=1)) as database, database.read() as connection:
        if not connection.dialect.has_table(connection, "installation"):
            return True
        return connection.execute(select(tables.installation)).first() is None


def test_backup_under_other_keys_is_refused(unchecked_world: World, tmp_path: Path, new_url: NewUrl) -> None:
    back_up(unchecked_world, tmp_path / "backup")
    other = MasterKey.from_secret(b"o" * 32)
    goal = target(unchecked_world, tmp_path / "again", new_url("sqlite"))
    goal = replace(goal, masters={other.key_id: other})
    with refused("backup_key"):
        restore(tmp_path / "backup", goal, unchecked_world.now)
    assert not goal.folder.exists()


@pytest.mark.parametrize("changes", [{"anchor": "0" * 64}, {"log_origin": "other.example.test/log/TEST"}])
def test_backup_of_another_installation_is_refused(
    unchecked_world: World, tmp_path: Path, new_url: NewUrl, changes: dict[str, Any]
) -> None:
    back_up(unchecked_world, tmp_path / "backup")
    goal = replace(target(unchecked_world, tmp_path / "again", new_url("sqlite")), **changes)
    with refused("backup_other"):
        restore(tmp_path / "backup", goal, unchecked_world.now)
    assert not goal.folder.exists()


def test_restore_overwrites_nothing(unchecked_world: World, tmp_path: Path, new_url: NewUrl) -> None:
    back_up(unchecked_world, tmp_path / "backup")
    own = target(unchecked_world, tmp_path / "again", unchecked_world.registry.database.url)
    with refused("data_not_empty"):
        restore(tmp_path / "backup", own, unchecked_world.now)
    used = target(unchecked_world, tmp_path / "used", new_url(unchecked_world.registry.database.dialect))
    used.folder.mkdir(parents=True)
    (used.folder / "hub.evidence.log").write_text("something else")
    with refused("data_not_empty"):
        restore(tmp_path / "backup", used, unchecked_world.now)


def test_documents_of_a_bucket_are_backed_up_and_restored_to_a_folder(
    unchecked_world: World, tmp_path: Path, new_url: NewUrl, s3_server: Any
) -> None:
    bucket, registry = open_place(s3_server.new_address()), unchecked_world.registry
    digest = DocumentFiles(bucket, master=registry.master, masters=registry.masters).put(b"%PDF-1.7 ...")
    assert back_up(unchecked_world, tmp_path / "backup", bucket).told["documents"]["count"] == 1
    with restored(unchecked_world, tmp_path / "backup", tmp_path / "again", new_url("sqlite")) as again:
        assert again.workshop.files.get(digest) == b"%PDF-1.7 ..."


def test_checkpoint_of_the_backup_is_under_the_log(hub_world: World, tmp_path: Path) -> None:
    live(hub_world)
    made = back_up(hub_world, tmp_path / "backup")
    head = LogStore(hub_world.settings.log_folder).head()
    assert (made.about.log_note, made.about.log_places) == (head.note, head.size)
    assert (made.about.mode, made.about.origin) == ("test", hub_world.registry.origin)
    assert made.about.anchor == hub_world.installation.anchor
