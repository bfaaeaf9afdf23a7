"""`yizhao retention`: what is past its term (保管期限), by kind and rule; with `--erase` it is erased."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.init import database_file, make_settings
from hub.cli.output import AsJson, show, show_rows

_THEN = {"transferred": "移交档案 transferred", "erased": "删除 erased"}


def retention(
    erase: Annotated[
        bool,
        typer.Option("--erase", help="删除到期应删的；不加则只列出。 Erase what is to be; else it is only listed."),
    ] = False,
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """列出已过保管期限的内容；加 --erase 时分批删除。 List what is past its term, and erase it if asked."""
    from hub.app.building import build
    from hub.custody.retention import Keeping, erase_past_term, past_term
    from hub.errors import SetupError
    from hub.steps.files.spool import Spool
    from schemas.retention import load_retention

    settings = make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file)
    if settings.database is None and not database_file(settings).exists():
        raise SetupError("not_initialised")  # opening would make an empty file
    hub = build(settings)
    try:
        registry, now = hub.registry, datetime.now(UTC)
        spool = Spool(settings.folder / "spool", master=registry.master, masters=registry.masters)
        keeping = Keeping(load_retention(), hub.files, spool)
        found = past_term(keeping, registry=registry, now=now)
        erased = erase_past_term(keeping, registry=registry, now=now) if erase else {}
    finally:
        hub.close()
    rows = [
        {
            "kind": each.rule.code.value,
            "term": f"{each.rule.years} years" if each.rule.years else f"{each.rule.days} days",
            "before": each.before.isoformat(),
            "past_term": each.count,
            "then": each.rule.then.value,
            "erased": erased.get(each.rule.code, 0),
            "source": each.rule.source,
            "grade": each.rule.grade,
        }
        for each in found
    ]
    if as_json:
        show({"kinds": rows, "erased": erase}, as_json=True)
        return
    titles = ("种类 kind", "期限 term", "到期 past term", "处理 then", "已删 erased")
    told = [
        (row["kind"], row["term"], row["past_term"], _THEN[str(row["then"])], row["erased"] if erase else "")
        for row in rows
    ]
    show_rows(titles, [tuple(map(str, row)) for row in told])
