"""`yizhao drill`: what has to work when it must is tried out on a copy that is thrown away.

`drill rotation` and `drill recovery` are in files of their own. `drill restore` goes from file to a hub that answers:

1 the backup to be tried is the one that is named, or a new one
2 it is restored into a temporary folder, beside a copy of the log; the time this takes is measured
3 a hub is put together there and asked: that is measured too; it must say that its data were set back
4 it is recovered, and asked again: it must say so, until it is settled
The site itself is read and not touched: neither its data, nor its documents, nor its log; a note that the drill is
over lies beside them (`hub/supervision/figures/chores.py`). What is measured is RPO, the
acts that this backup would have lost in seconds, and RTO, the seconds until a hub answers again.
"""

import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.asking import ask
from hub.cli.backup import back_up, bring_back, note
from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.init import make_settings, open_database
from hub.cli.output import AsJson, show
from hub.cli.recover import bring_on, settle_losses
from hub.cli.refusals import LocalRefusal

if TYPE_CHECKING:
    from hub.settings import Settings

app = typer.Typer(no_args_is_help=True, help="演练，不动平台本身。 Drills, which leave the hub itself alone.")


@app.callback()
def drills() -> None:
    """演练，不动平台本身。 Drills, which leave the hub itself alone."""


@app.command()
def restore(
    backup: Annotated[
        Path | None, typer.Option("--backup", help="要演练的备份；不给则新做一份。 The backup to try; else a new one.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", help="恢复到的空数据库；默认为临时 SQLite。 An empty database; by default SQLite."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="在哪个目录里演练。 Where the temporary folder is made.")
    ] = None,
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """演练恢复，测出 RPO 与 RTO。 Try a restore out and measure RPO and RTO."""
    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    with tempfile.TemporaryDirectory(prefix="yizhao-drill-", dir=folder) as temporary:
        # The hub that is asked writes log lines, which are no part of the answer.
        with redirect_stdout(sys.stderr), _noted(settings, "restore_drill") as numbers:
            told = run_drill(settings, Path(temporary), backup, into)
            numbers |= {name: told[name] for name in ("rpo_seconds", "rto_seconds", "acts")}
        show(told, as_json=as_json)


@app.command()
def recovery(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="在哪个目录里演练。 Where the temporary folder is made.")
    ] = None,
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """演练丢失与补录（测试）：备份、其后办理、恢复、凭交回的文件补录。 Lose acts on a copy, and do them again."""
    from hub.cli.drill_recovery import try_recovery

    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    with tempfile.TemporaryDirectory(prefix="yizhao-drill-", dir=folder) as temporary:
        with redirect_stdout(sys.stderr), _noted(settings, "recovery_drill") as numbers:
            told = try_recovery(settings, Path(temporary))
            numbers |= {name: value for name, value in told.items() if type(value) in (int, float)}
        show(told, as_json=as_json)


@app.command()
def rotation(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="在哪个目录里演练。 Where the temporary folder is made.")
    ] = None,
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """演练换钥：在副本上更换全部密钥，再核验全部旧件。 Rotate every key of a copy and verify all that is old."""
    from hub.cli.drill_rotation import try_rotation

    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    with tempfile.TemporaryDirectory(prefix="yizhao-drill-", dir=folder) as temporary:
        with redirect_stdout(sys.stderr), _noted(settings, "rotation_drill") as numbers:
            told = try_rotation(settings, Path(temporary))
            numbers |= {name: value for name, value in told.items() if type(value) in (int, float)}
            numbers["failures"] = len(told["failures"])
        show(told, as_json=as_json)
    if told["failures"]:
        raise LocalRefusal("rotation_failed", failures=len(told["failures"]))


@contextmanager
def _noted(settings: "Settings", chore: str) -> Iterator[dict[str, float]]:
    """Note a drill once it is over, with the numbers it told; one that was refused, or has failures, did not pass."""
    numbers: dict[str, float] = {}
    try:
        yield numbers
    except LocalRefusal as refusal:
        # One that may not run here was not tried.
        if refusal.code != "drill_test_only":
            note(settings, chore, numbers, passed=False)
        raise
    note(settings, chore, numbers, passed=not numbers.get("failures"))


def run_drill(settings: "Settings", folder: Path, backup: Path | None, into: str | None) -> dict[str, Any]:
    """Try a backup out in a folder where there is nothing, and say what came of it."""
    from hub.store.log import LogStore

    file = backup or folder / "backup"
    made = {} if backup else back_up(settings, file)
    copy = make_settings(
        data=folder / "data",
        keys=settings.key_folder,
        passphrase_file=settings.passphrase_file,
        database=into or f"sqlite:///{folder / 'data' / 'hub.db'}",
        log=folder / "log",
        documents="",
    )
    live = LogStore(settings.log_folder)
    live.copy(copy.log_folder)
    live.close()
    newest = _newest_act(settings)

    restored = bring_back(copy, file)
    _lose_one_act(copy)
    began = monotonic()
    shown = ask(copy)
    start_seconds = monotonic() - began
    if shown != "store_rolled_back":
        raise LocalRefusal("drill_failed", shown=shown)
    recovered = bring_on(copy, folder / "report.json", [])
    unsettled = ask(copy)
    settle_losses(copy)
    settled = ask(copy)
    if (unsettled, settled) != ("store_recovered", "log"):
        raise LocalRefusal("drill_failed", shown=f"{unsettled}, {settled}")
    lost = max(0.0, (newest - datetime.fromisoformat(restored["made_at"])).total_seconds())
    return {
        "backup": str(backup) if backup else "new",
        "made_at": restored["made_at"],
        "newest_act_at": newest.isoformat(),
        "rpo_seconds": round(lost, 2),
        "rto_seconds": round(restored["seconds"] + start_seconds, 2),
        "backup_seconds": made.get("seconds"),
        "restore_seconds": restored["seconds"],
        "start_seconds": round(start_seconds, 2),
        "acts": restored["log_places"],
        "shown": [shown, unsettled, settled],
        "lost": recovered["lost"],
    }


def _newest_act(settings: "Settings") -> datetime:
    from hub.store.entry import EntryReader

    with open_database(settings) as opened, opened.read() as connection:
        return EntryReader(connection).last_recorded_at() or datetime.now(UTC)


def _lose_one_act(settings: "Settings") -> None:
    """Let the copy of the log know one act more than the copy of the data: as when something happened since."""
    from dataclasses import replace

    from hub.app.opening import open_log
    from hub.custody.installation import load_installation
    from hub.evidence.sequencing import extended
    from hub.steps.keyfolder import KeyFolder
    from signing.commitment import SALT_BYTES, leaf

    now, owner = datetime.now(UTC), "drill"
    with open_database(settings) as opened:
        keys = KeyFolder(settings.key_folder, settings.passphrase_file)
        store, key = open_log(settings, opened, keys, load_installation(opened), now)
    try:
        head = store.head()
        after = extended(head, [leaf(secrets.token_bytes(SALT_BYTES), b"drill")], store)
        signed = replace(after, note=key.sign(after.size, after.edge.root()), signed_at=now)
        if not (store.lead(owner, now, timedelta(0)) and store.advance(head, signed, owner, now)):
            raise LocalRefusal("drill_failed", shown="log")
    finally:
        store.close()
