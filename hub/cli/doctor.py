"""`yizhao doctor`: looks an installation over, from outside the hub, and says what is not as it should be.

Each check is one line: fine, to be watched, or trouble; the exit code is 1 as soon as one is trouble. Nothing is
changed but a probe where documents lie, and it may run beside a serving hub.
"""

import os
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.init import database_file, make_settings
from hub.cli.output import AsJson, show, show_rows
from hub.cli.refusals import REFUSED

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.custody.installation import Installation
    from hub.settings import Settings
    from hub.steps.keyfolder import KeyFolder
    from hub.store.database import Database
    from hub.store.log import LogStore
    from signing.log_head import Revoked
    from signing.trust import TrustList

State = Literal["fine", "watch", "trouble"]
_SIGNS = {"fine": "✓", "watch": "!", "trouble": "✕"}
_OLDEST_SQLITE = (3, 35)
_OLDEST_POSTGRESQL = 150_000
_LEAST_FREE_BYTES = 1 << 30
_SOON = timedelta(days=7)
_CERT_SOON = timedelta(days=90)
_LEASE_LONG_OVER = timedelta(minutes=5)
_LONGEST_WITHOUT_TIME = timedelta(minutes=15)
_WITNESSES = ("witnesses", "存证日志的见证者", "Witnesses of the log")
_PROVEN_TIME = ("proven_time", "存证日志的可信时间", "Proven time of the log")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name in both languages, how it came out, and what was seen."""

    name: str
    zh: str
    en: str
    state: State
    seen: str


def doctor(
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """体检：逐项检查本机的这套平台。 Look the installation over."""
    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    findings = list(examine(settings, datetime.now(UTC)))
    if as_json:
        show([asdict(each) for each in findings], as_json=True)
    else:
        rows = [(f"{_SIGNS[each.state]} {each.zh}", each.en, each.seen) for each in findings]
        show_rows(("检查", "check", "所见 seen"), rows)
    if any(each.state == "trouble" for each in findings):
        raise typer.Exit(REFUSED)


def examine(settings: "Settings", now: datetime) -> Iterator[Finding]:
    """Make every check; those that need what is missing are left out, as that is a trouble already."""
    yield from _machine(settings, now)
    keys = yield from _keys(settings, now)
    database = yield from _database(settings)
    if database is None:
        return
    try:
        yield _documents(settings)
        yield _existing_anchors(settings)
        if keys is not None:
            yield _identities(settings, keys)
        installation = yield from _installation(database)
        # Where nothing was made there is no list, and none that anybody revoked.
        revoked = _revoked(database, installation, now) if installation is not None else ()
        yield from _log(settings, revoked, now)
        if installation is not None:
            yield _store_fits(settings, database, revoked)
            yield from _registry(database, keys, installation, now)
    finally:
        database.close()


def _machine(settings: "Settings", now: datetime) -> Iterator[Finding]:
    from signing.algorithms import ALGORITHMS

    version = ".".join(map(str, sys.version_info[:3]))
    yield _finding("python", "Python 版本", "Python", sys.version_info >= (3, 11), version)
    yield _finding(
        "algorithms", "签名算法", "Algorithms", True, f"{' '.join(sorted(ALGORITHMS))}; {ssl.OPENSSL_VERSION}"
    )
    newest = _newest_change(settings)
    late = newest is not None and newest > now + timedelta(minutes=1)
    yield _finding("clock", "系统时钟", "Clock", not late, now.isoformat(timespec="seconds"))
    folder = settings.folder if settings.folder.exists() else Path()
    free = shutil.disk_usage(folder).free
    state: State = "fine" if free > _LEAST_FREE_BYTES else "watch"
    yield Finding("disk", "磁盘空间", "Disk", state, f"{free / 1e9:.1f} GB")


def _newest_change(settings: "Settings") -> datetime | None:
    """Return when the database was written last: a clock that stands before it has run backwards."""
    with suppress(OSError):
        return datetime.fromtimestamp(database_file(settings).stat().st_mtime, UTC)
    return None


def _keys(settings: "Settings", now: datetime) -> "Generator[Finding, None, KeyFolder | None]":
    from hub.errors import HubError
    from hub.steps.keyfolder import KeyFolder

    names = ("keys", "密钥", "Keys")
    try:
        keys = KeyFolder(settings.key_folder, settings.passphrase_file)
        for use in keys.uses():
            keys.signer(use)
    except HubError as error:
        yield _finding(*names, False, f"{error.code} {error.facts.get('use', '')}".strip())
        return None
    yield _finding(*names, True, f"{len(keys.uses())}")
    yield _cert_ends(keys, now)
    exposed = os.stat(settings.key_folder).st_mode & 0o077
    yield Finding("key_folder", "密钥目录权限", "Key folder", "watch" if exposed else "fine", oct(exposed))
    return keys


def _cert_ends(keys: "KeyFolder", now: datetime) -> Finding:
    """Say how many days the certs of the keys here have left, the first that ends; with the root's, all ends."""
    certified = sorted((ends_at, use) for use in keys.uses() if (ends_at := keys.ends_at(use)) is not None)
    ending = [(ends_at, use) for ends_at, use in certified if ends_at - now < _CERT_SOON]
    told = ", ".join(f"{use} {(ends_at - now).days} d" for ends_at, use in ending or certified[:1])
    state: State = "trouble" if certified and certified[0][0] <= now else "watch" if ending else "fine"
    return Finding("cert_ends", "密钥证书剩余天数", "Days left of certs", state, told)


def _documents(settings: "Settings") -> Finding:
    from hub.errors import HubError
    from hub.store.places import open_place, prove

    names = ("documents", "证照文件存放处", "Place of documents")
    try:
        where = settings.document_place
        prove(open_place(where))
    except HubError as error:
        seen = " ".join(str(each) for each in (error.code, *error.facts.values()) if each)
        return _finding(*names, False, seen)
    return _finding(*names, True, str(where))


def _existing_anchors(settings: "Settings") -> Finding:
    from hub.app.opening import existing_anchors
    from hub.errors import SetupError

    names = ("existing_anchors", "存量文件的信任证书", "Anchors of existing documents")
    try:
        return _finding(*names, True, f"{len(existing_anchors(settings))}")
    except SetupError as error:
        return _finding(*names, False, f"{error.code} YIZHAO_EXISTING_ANCHORS")


def _identities(settings: "Settings", keys: "KeyFolder") -> Finding:
    """Say how the provider of identities stands, if one is set: whether it is there and does what the hub asks."""
    import httpx

    from connectors.errors import IdentityError
    from hub.app.opening import open_identity_provider
    from hub.errors import HubError

    names = ("identities", "经办人统一身份认证", "Officers’ provider of identities")
    with httpx.Client(follow_redirects=False) as http:
        try:
            provider = open_identity_provider(settings, keys, http)
            if provider is None:
                return _finding(*names, True, "off")
            said, listed = provider.metadata(), provider.keys()
        except HubError as error:
            return _finding(*names, False, " ".join(map(str, (error.code, *error.facts.values()))))
        except IdentityError as error:
            return _finding(*names, False, f"{settings.oidc_issuer}: {error}")
    wanted = {
        "token_endpoint_auth_methods_supported": "private_key_jwt",
        "code_challenge_methods_supported": "S256",
        "id_token_signing_alg_values_supported": "ES256",
    }
    unsaid = [value for name, value in wanted.items() if value not in _listed(said.get(name))]
    if said.get("authorization_response_iss_parameter_supported") is not True:
        unsaid.append("iss (RFC 9207)")
    seen = f"{settings.oidc_issuer}: {len(listed)} keys" + (f"; does not say {', '.join(unsaid)}" if unsaid else "")
    return Finding(*names, "trouble" if not listed else "watch" if unsaid else "fine", seen)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _revoked(database: "Database", installation: "Installation", now: datetime) -> "Revoked":
    from hub.custody.installation import TrustInForce

    trust = TrustInForce(database, installation)
    trust.refresh(now)
    return trust.revoked_log_keys()


def _log(settings: "Settings", revoked: "Revoked", now: datetime) -> Iterator[Finding]:
    """Say what others said of the evidence log's head; a hub that was never served has no log yet.

    What was said of a head since its key is `revoked` counts no more.
    """
    import httpx

    from hub.app.opening import make_panel, open_witnesses, outside_timestamps
    from hub.errors import HubError
    from hub.store.log import LogStore

    panel = None
    with httpx.Client() as http:
        try:
            panel = make_panel(settings, open_witnesses(settings, http))
        except HubError as error:
            yield _finding(*_WITNESSES, False, f"{error.code} YIZHAO_WITNESSES")
        try:
            outside_timestamps(settings, http)
        except HubError as error:
            yield _finding(*_PROVEN_TIME, False, f"{error.code} {error.facts['setting']}")
            return
    store = LogStore(settings.log_folder) if LogStore.is_at(settings.log_folder) else None
    try:
        if panel is not None:
            yield _witnesses(store, panel.witnesses, revoked)
        yield _proven_time(store, revoked, now)
    finally:
        if store is not None:
            store.close()


def _witnesses(store: "LogStore | None", keys: tuple[str, ...], revoked: "Revoked") -> Finding:
    """Say how many witnesses have signed the newest head, and how far behind the others are."""
    if store is None:
        return Finding(*_WITNESSES, "watch", f"0/{len(keys)}, no log yet")
    size = store.pulse().size
    words = [store.newest_word(key, revoked) for key in keys]
    behind = [size - (word.size if word is not None else 0) for word in words]
    current = behind.count(0)
    seen = f"{current}/{len(keys)}" + (f", {max(behind)} leaves behind" if current < len(keys) else "")
    state: State = "fine" if keys and current == len(keys) else "watch"
    return Finding(*_WITNESSES, state, seen)


def _proven_time(store: "LogStore | None", revoked: "Revoked", now: datetime) -> Finding:
    """Say when a timestamp authority last stamped the log's head."""
    last = store.newest_time(revoked) if store is not None else None
    if last is None:
        return Finding(*_PROVEN_TIME, "watch", "none yet")
    state: State = "watch" if now - last.gen_time > _LONGEST_WITHOUT_TIME else "fine"
    return Finding(*_PROVEN_TIME, state, f"{last.gen_time.isoformat(timespec='seconds')} {last.whose}")


def _database(settings: "Settings") -> "Generator[Finding, None, Database | None]":
    from sqlalchemy.exc import SQLAlchemyError

    from hub.errors import HubError
    from hub.store.database import Database

    names = ("database", "数据库", "Database")
    if settings.database is None and not database_file(settings).exists():
        yield _finding(*names, False, "not_initialised")
        return None
    database = Database(settings.database_url, pool_size=2)
    try:
        with database.read() as connection:
            is_sound, seen = _durability(connection, database.dialect)
            is_current = _is_migrated(connection)
    except (SQLAlchemyError, HubError) as error:
        database.close()
        yield _finding(*names, False, type(error).__name__)
        return None
    yield _finding(*names, is_sound, seen)
    yield _finding("migrations", "表结构", "Migrations", is_current, "head" if is_current else "database_not_migrated")
    return database


def _durability(connection: "Connection", dialect: str) -> tuple[bool, str]:
    """Say whether the database is new enough and keeps what it acknowledged, and what was seen of it."""

    def asked(statement: str) -> str:
        return str(connection.exec_driver_sql(statement).scalar())

    if dialect == "sqlite":
        mode, synchronous = asked("PRAGMA journal_mode"), asked("PRAGMA synchronous")
        is_sound = sqlite3.sqlite_version_info >= _OLDEST_SQLITE and (mode, synchronous) == ("wal", "2")
        level = "FULL" if synchronous == "2" else synchronous
        return is_sound, f"SQLite {sqlite3.sqlite_version}, {mode}, synchronous={level}"
    kept = asked("SHOW fsync"), asked("SHOW synchronous_commit")
    is_sound = int(asked("SHOW server_version_num")) >= _OLDEST_POSTGRESQL and "off" not in kept
    return is_sound, f"PostgreSQL {asked('SHOW server_version')}, fsync={kept[0]}, synchronous_commit={kept[1]}"


def _is_migrated(connection: "Connection") -> bool:
    from hub.store.migrate import is_newest

    return is_newest(connection)


def _installation(database: "Database") -> "Generator[Finding, None, Installation | None]":
    from hub.custody.installation import load_installation
    from hub.errors import SetupError
    from hub.steps.certificates.type_versions import pin_types
    from schemas.catalogue import CatalogueError, load_catalogue

    try:
        installation = load_installation(database)
    except SetupError as error:
        yield _finding("installation", "初始化", "Installation", False, error.code)
        return None
    yield _finding("installation", "初始化", "Installation", True, f"{installation.mode} {installation.origin}")
    yield _finding("anchor", "根证书集", "Root set (--anchor)", True, installation.anchor)
    try:
        catalogue = load_catalogue()
        pin_types(database, catalogue)
        yield _finding("catalogue", "证照目录", "Certificate types", True, f"{len(catalogue.current())}")
    except CatalogueError as error:
        yield _finding("catalogue", "证照目录", "Certificate types", False, str(error))
    except SetupError as error:
        yield _finding("catalogue", "证照目录", "Certificate types", False, f"{error.code} {error.facts}")
    return installation


def _store_fits(settings: "Settings", database: "Database", revoked: "Revoked") -> Finding:
    """Hold the store against the evidence log: it was rolled back, its log is lost, or its head's key is revoked.

    The last is mended by the hub itself, once the next key has taken its place.
    """
    from hub.steps.log.watch import rolled_back_to
    from hub.store.entry import EntryReader
    from hub.store.log import LogStore
    from signing.log_head import revoked_signer

    names = ("log", "存证日志", "Evidence log")
    with database.read() as connection:
        entries = EntryReader(connection)
        if not LogStore.is_at(settings.log_folder):
            begun = entries.size() > 0
            return Finding(*names, "trouble" if begun else "fine", "log_missing" if begun else "not begun")
        store = LogStore(settings.log_folder)
        try:
            pulse = store.pulse()
            back_to = rolled_back_to(entries, pulse)
            waiting = entries.waiting()
            head = store.head()
        finally:
            store.close()
    if back_to is not None:
        return Finding(*names, "trouble", f"store_rolled_back → {back_to.isoformat(timespec='seconds')}")
    over = revoked_signer(head.note, head.origin, revoked)
    if over is not None:
        return Finding(*names, "trouble", f"log_key_revoked → {over.since.isoformat(timespec='seconds')}")
    heard = pulse.heard_at.isoformat(timespec="seconds")
    return Finding(*names, "watch" if waiting else "fine", f"{pulse.size} leaves, {waiting} waiting, {heard}")


def _registry(
    database: "Database", keys: "KeyFolder | None", installation: "Installation", now: datetime
) -> Iterator[Finding]:
    from hub.custody.installation import TrustInForce
    from hub.steps.orders.freshness import refused_until
    from hub.store.document import DocumentReader
    from hub.store.intention import IntentionReader
    from hub.store.parties import PartyReader

    listed = TrustInForce(database, installation).refresh(now)
    yield _trust(listed, now)
    with database.read() as connection:
        bodies = PartyReader(connection).sealing_bodies()
        intentions = IntentionReader(connection).all()
        wanted, failed = DocumentReader(connection).counts()
        refused = refused_until(connection)
    yield _sign_ins(refused, now)
    named = {seal.issuing_body for seal in listed.seals} if listed else set()
    unnamed = sorted(set(bodies) - named)
    yield _finding(
        "seals",
        "颁发机构的签章密钥",
        "Seal keys",
        not unnamed,
        f"{len(bodies) - len(unnamed)}/{len(bodies)} {' '.join(unnamed)}",
    )
    unusable = _without_key(listed, keys)
    yield _finding("seal_keys", "列表中的密钥可用", "Listed keys open", not unusable, " ".join(unusable) or "ok")
    forgotten = [each for each in intentions if each.lease_until + _LEASE_LONG_OVER < now]
    seen = f"{len(intentions)} open, {len(forgotten)} forgotten"
    yield Finding("intentions", "未了结的意向", "Open intentions", "watch" if forgotten else "fine", seen)
    seen = f"{wanted} wanted, {failed} cannot be made"
    yield Finding("wanted", "待生成的证照文件", "Wanted documents", "watch" if failed else "fine", seen)


def _sign_ins(refused_until: datetime | None, now: datetime) -> Finding:
    """Say whether systems can sign in: not in the minute after a restore, nor while the clock stands too far back."""
    if refused_until is None or refused_until < now:
        return Finding("sign_ins", "业务系统登录", "Sign-ins", "fine", "ok")
    state: State = "watch" if refused_until <= now + timedelta(minutes=1) else "trouble"
    seen = f"refused until {refused_until.isoformat()} (yizhao restored)"
    return Finding("sign_ins", "业务系统登录", "Sign-ins", state, seen)


def _trust(listed: "TrustList | None", now: datetime) -> Finding:
    names = ("trust_list", "信任列表", "Trust list")
    if listed is None:
        return Finding(*names, "trouble", "trust_list_ended")
    state: State = "watch" if listed.expires_at - now < _SOON else "fine"
    return Finding(*names, state, f"v{listed.version} → {listed.expires_at.isoformat(timespec='minutes')}")


def _without_key(listed: "TrustList | None", keys: "KeyFolder | None") -> list[str]:
    """Return the bodies whose listed seal this site cannot use: their key is another's or is gone."""
    if listed is None or keys is None:
        return []
    held = {keys.signer(use).key_id for use in keys.uses() if use.startswith("seal:")}
    # Of a body's keys that followed each other the last one is here.
    usable = {seal.issuing_body for seal in listed.seals if seal.key_id in held and seal.revoked_at is None}
    return sorted({seal.issuing_body for seal in listed.seals} - usable)


def _finding(name: str, zh: str, en: str, good: bool, seen: str) -> Finding:
    return Finding(name, zh, en, "fine" if good else "trouble", seen.strip())
