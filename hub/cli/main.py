"""`yizhao`: the commands of the hub, and what every command does alike when it is refused.

Exit codes: 0 done, 1 refused or not as it should be, 2 wrong usage, 3 the hub cannot be reached. What a command needs
is imported when it runs, so that `yizhao verify` and `--help` start at once.
"""

import os
import sys
from collections.abc import Sequence

import typer

from hub.cli import (
    approval,
    archive,
    audit,
    backup,
    batch,
    catalogue,
    change_feed,
    doctor,
    documents,
    download,
    drill,
    enrol,
    evidence,
    exchange,
    existing,
    figures,
    grant,
    init,
    issuance,
    items,
    keys,
    order,
    predicates,
    qr,
    receipts,
    recover,
    restored,
    retention,
    reviews,
    sandbox,
    search,
    serve,
    sharing,
    simulator,
    witness,
    worker,
)
from hub.cli import intake as intake_command
from hub.cli.refusals import exit_code_of
from hub.cli.verify import VerifyCommand, verify

app = typer.Typer(
    name="yizhao",
    help="一照通行电子证照共享中心 Yizhao Hub：一座城市的电子证照登记与共享。One city's registry of e-certificates.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_LOCAL = "本地命令 On this machine"
_OVER_API = "经接口，以某把密钥的名义 Over the API, in the name of a key"

app.command("init", rich_help_panel=_LOCAL)(init.init)
app.command("admit", rich_help_panel=_LOCAL)(catalogue.admit_types)
app.command("serve", rich_help_panel=_LOCAL)(serve.serve)
app.command("worker", rich_help_panel=_LOCAL)(worker.worker)
app.command("witness", rich_help_panel=_LOCAL)(witness.witness)
app.command("doctor", rich_help_panel=_LOCAL)(doctor.doctor)
app.command("audit", rich_help_panel=_LOCAL)(audit.audit)
app.command("restored", rich_help_panel=_LOCAL)(restored.restored)
app.command("backup", rich_help_panel=_LOCAL)(backup.backup)
app.command("restore", rich_help_panel=_LOCAL)(backup.restore)
app.command("recover", rich_help_panel=_LOCAL)(recover.recover)
app.command("verify", cls=VerifyCommand, rich_help_panel=_LOCAL)(verify)
app.command("approve", rich_help_panel=_LOCAL)(approval.approve)
app.command("retention", rich_help_panel=_LOCAL)(retention.retention)
app.add_typer(drill.app, name="drill", rich_help_panel=_LOCAL)
app.add_typer(documents.app, name="documents", rich_help_panel=_LOCAL)
app.add_typer(keys.app, name="keys", rich_help_panel=_LOCAL)
app.add_typer(simulator.app, name="simulator", rich_help_panel=_LOCAL)
app.add_typer(enrol.app, name="enrol", rich_help_panel=_OVER_API)
app.add_typer(sharing.app, name="sharing", rich_help_panel=_OVER_API)
app.add_typer(items.app, name="items", rich_help_panel=_OVER_API)
app.command("issue", rich_help_panel=_OVER_API)(issuance.issue)
app.command("status", rich_help_panel=_OVER_API)(issuance.status)
app.command("order", rich_help_panel=_OVER_API)(order.order)
app.command("import", rich_help_panel=_OVER_API)(intake_command.import_file)
app.command("evidence", rich_help_panel=_OVER_API)(evidence.evidence)
app.command("receipts", rich_help_panel=_OVER_API)(receipts.receipts)
app.command("archive", rich_help_panel=_OVER_API)(archive.archive)
app.command("search", rich_help_panel=_OVER_API)(search.search)
app.command("undo", rich_help_panel=_OVER_API)(intake_command.undo)
app.command("figures", rich_help_panel=_OVER_API)(figures.figures)
app.command("existing", rich_help_panel=_OVER_API)(existing.existing)
app.command("pull", rich_help_panel=_OVER_API)(exchange.pull)
app.command("compare", rich_help_panel=_OVER_API)(exchange.compare)
app.add_typer(predicates.app, name="predicates", rich_help_panel=_OVER_API)
app.add_typer(reviews.app, name="reviews", rich_help_panel=_OVER_API)
app.command("changes", rich_help_panel=_OVER_API)(change_feed.changes)
app.add_typer(batch.app, name="batch", rich_help_panel=_OVER_API)
app.add_typer(grant.app, name="grant", rich_help_panel=_OVER_API)
app.add_typer(download.app, name="download", rich_help_panel=_OVER_API)
app.command("catalogue", rich_help_panel=_OVER_API)(catalogue.catalogue)
app.command("sandbox", rich_help_panel=_OVER_API)(sandbox.sandbox)
app.command("sign", rich_help_panel=_OVER_API)(sandbox.sign)
app.command("qr", rich_help_panel=_OVER_API)(qr.qr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `arguments` are those after the program's name."""
    # What this machine's commands write is their owner's alone.
    os.umask(0o077)
    try:
        app(args=None if arguments is None else list(arguments), prog_name="yizhao")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
