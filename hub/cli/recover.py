"""`yizhao recover`: names what a store that was rolled back has lost, lets the hub go on with a new log, settles it.

Run it with every process of the hub stopped, after `yizhao restore`. Intentions that the copy holds are completed
first, with their own bytes, as after any end of a process. Whatever is brought back then, at once or for weeks, is done
again by `--from` alone, and `--settle` is the last act: both beside a serving hub. What is given up, and that it is
settled, two persons of the operator sign (`--draft`, `yizhao approve`, `--approval`); in TEST with keys that lie here.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.approval import Approvals, Draft, draft_of, read_approvals, say_signed_here
from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.init import make_settings, open_database
from hub.cli.output import AsJson, save_json, show

if TYPE_CHECKING:
    from hub.app.building import Hub
    from hub.custody.recovery.recovering import Approve
    from hub.settings import Settings
    from hub.steps.keyfolder import KeyFolder
    from schemas.approval import Change


def recover(
    report: Annotated[
        Path | None, typer.Argument(help="新的报告文件，逐条列明丢失的办理事项。 The new report of what is lost.")
    ] = None,
    returned: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            help="交回的文件或目录（回执、指令、证据包、档案包），可多次。 What was brought back: files, folders.",
        ),
    ] = None,
    settle: Annotated[
        bool,
        typer.Option("--settle", help="声明丢失的事项已核对、补办完毕。 Declare that what was lost is ordered again."),
    ] = False,
    draft: Draft = None,
    approvals: Approvals = None,
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
        told = settle_losses(settings, approvals, draft)
    else:
        told = bring_on(settings, report, returned or [], approvals, draft) if report is not None else {}
        told |= bring_lost_back(settings, returned) if returned and draft is None else {}
    show(told, as_json=as_json)


def bring_on(
    settings: "Settings",
    report: Path,
    returned: list[Path],
    approvals: Sequence[Path] | None = None,
    draft: Path | None = None,
) -> dict[str, Any]:
    """Recover the store and say what came of it; with `draft` only write what two persons are to sign."""
    from hub.app.building import build
    from hub.app.opening import log_key
    from hub.custody.recovery.recovering import Recovering, order_of
    from hub.custody.recovery.recovering import recover as recover_store
    from hub.custody.recovery.returned import read_returned
    from hub.registry.issuance import complete_orphans
    from hub.steps.keyfolder import KeyFolder
    from hub.store.log import LogStore
    from schemas.approval import Change

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
        if draft is not None:
            return _drafted(draft, Change.RECOVER, order_of(hub.registry.database, store), hub)
        approve = _approving(hub, folder, approvals, now)
        done = recover_store(recovering, report, returned=material, approve=approve, now=now)
    finally:
        store.close()
        hub.close()
    return {"report": str(report), **done}


def bring_lost_back(settings: "Settings", returned: list[Path]) -> dict[str, Any]:
    """Do again what was lost and brought back, and say what came of it."""
    from hub.app.building import build, deeds_of
    from hub.custody.recovery.reapplying import reapply
    from hub.custody.recovery.returned import read_returned

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


def settle_losses(
    settings: "Settings", approvals: Sequence[Path] | None = None, draft: Path | None = None
) -> dict[str, Any]:
    """Settle the recovery and say which it was; with `draft` only write what two persons are to sign."""
    from hub.app.building import build
    from hub.custody.recovery.recovering import settle, unsettled
    from hub.steps.keyfolder import KeyFolder
    from schemas.approval import Change, settlement_order

    with open_database(settings):
        pass  # there is one: opening would make an empty file
    now, hub = datetime.now(UTC), build(settings)
    try:
        database = hub.registry.database
        if draft is not None:
            found = unsettled(database)
            return _drafted(draft, Change.SETTLE, settlement_order(found.log, found.report_sha256), hub)
        approve = _approving(hub, KeyFolder(settings.key_folder, settings.passphrase_file), approvals, now)
        settled = settle(
            database=database, operator=hub.installation.operator, approve=approve, random=secrets.token_bytes, now=now
        )
    finally:
        hub.close()
    return {"settled_at": now.isoformat(), "log": settled.log, "lost": settled.lost}


def _drafted(draft: Path, change: "Change", order: dict[str, Any], hub: "Hub") -> dict[str, Any]:
    # What is signed names nobody and nothing that could be guessed from its digest: it needs no salt.
    save_json(draft, draft_of(change, order, b"", hub.registry.origin))
    return {"draft": str(draft), **order}


def _approving(hub: "Hub", keys: "KeyFolder", files: Sequence[Path] | None, now: datetime) -> "Approve":
    """Return how a recovery gets its two approvals: from files, or in TEST from the persons whose keys lie here."""
    from hub.steps.orders.approvals import VerifiedApproval, verify_approvals
    from hub.steps.orders.persons import approve_here

    tokens, _ = read_approvals(files or ())
    registry = hub.registry

    def approve(change: "Change", digest: str) -> Sequence[VerifiedApproval]:
        if tokens:
            return verify_approvals(tokens, change=change, content_digest=digest, registry=registry, now=now)
        say_signed_here()
        with registry.database.read() as connection:
            return approve_here(
                change, digest, keys=keys, installation=hub.installation, trust=registry.trust(),
                connection=connection, now=now,
            )  # fmt: skip

    return approve
