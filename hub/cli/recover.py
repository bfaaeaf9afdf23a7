"""`yizhao recover`: names what a store that was rolled back has lost, lets the hub go on with a new log, settles it.

Run it with every process of the hub stopped, after `yizhao restore`. Intentions that the copy holds are completed
first, with their own bytes, as after any end of a process. Whatever is brought back then, at once or for weeks, is done
again by `--from` alone, and `--settle` is the last act: both beside a serving hub.
"""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.init import make_settings, open_database
from hub.cli.output import AsJson, show

if TYPE_CHECKING:
    from hub.settings import Settings


def recover(
    report: Annotated[
        Path | None, typer.Argument(help="新的报告文件，逐条列明丢失的办理事项。 The new report of what is lost.")
    ] = None,
    returned: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            help="各部门与主体交回的文件或目录（回执、指令、证据包、档案包），可多次。 What was brought back: files, folders.",
        ),
    ] = None,
    officer: Annotated[
        list[str] | None, typer.Option("--officer", help="运营方经办人编号，共两名。 The operator's officers, two.")
    ] = None,
    settle: Annotated[
        bool,
        typer.Option("--settle", help="声明丢失的事项已核对、补办完毕。 Declare that what was lost is ordered again."),
    ] = False,
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """数据回退后的恢复：列明丢失事项，凭交回的文件补录，另起一期日志。 Recover; name what is lost, do it again."""
    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    if settle == (report is not None or bool(returned)):
        raise typer.BadParameter("REPORT / --from / --settle")
    if settle:
        told = settle_losses(settings, officer or [])
    else:
        told = bring_on(settings, report, returned or [], officer) if report is not None else {}
        told |= bring_lost_back(settings, returned) if returned else {}
    show(told, as_json=as_json)


def bring_on(settings: "Settings", report: Path, returned: list[Path], officers: list[str] | None) -> dict[str, Any]:
    """Recover the store and say what came of it."""
    from hub.app import build, log_key
    from hub.issuance import complete_orphans
    from hub.keyfolder import KeyFolder
    from hub.recovery.recovering import Recovering
    from hub.recovery.recovering import recover as recover_store
    from hub.recovery.returned import read_returned
    from hub.store.log import LogStore

    with open_database(settings):
        pass  # there is one: opening would make an empty file
    material = read_returned(returned)
    folder = KeyFolder(settings.key_folder, settings.passphrase_file)
    hub = build(settings)
    store = LogStore(settings.log_folder)
    try:
        now = datetime.now(UTC)
        complete_orphans(registry=hub.registry, sealers=hub.sealers, now=now)
        recovering = Recovering(
            database=hub.registry.database,
            store=store,
            next_key=lambda number: log_key(folder, hub.installation, number),
            operator=hub.installation.operator,
            random=secrets.token_bytes,
            owner=hub.registry.owner,
        )
        done = recover_store(recovering, report, returned=material, officers=officers or [], now=now)
    finally:
        store.close()
        hub.close()
    return {"report": str(report), **done}


def bring_lost_back(settings: "Settings", returned: list[Path]) -> dict[str, Any]:
    """Do again what was lost and brought back, and say what came of it."""
    from hub.app import build, deeds_of
    from hub.recovery.reapplying import reapply
    from hub.recovery.returned import read_returned

    with open_database(settings):
        pass  # there is one: opening would make an empty file
    hub = build(settings)
    try:
        return reapply(
            read_returned(returned), deeds=deeds_of(hub), registry=hub.registry, store=hub.audited.log,
            now=datetime.now(UTC),
        )  # fmt: skip
    finally:
        hub.close()


def settle_losses(settings: "Settings", officers: list[str]) -> dict[str, Any]:
    """Settle the recovery and say which it was."""
    from hub.installation import load_installation
    from hub.recovery.recovering import settle as settle_recovery

    now = datetime.now(UTC)
    with open_database(settings) as opened:
        installation = load_installation(opened)
        settled = settle_recovery(
            database=opened, operator=installation.operator, officers=officers, random=secrets.token_bytes, now=now
        )
    return {"settled_at": now.isoformat(), "log": settled.log, "lost": settled.lost}
