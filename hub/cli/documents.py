"""`yizhao documents check`: proves every stored document, names what is missing or damaged, has it drawn again."""

from datetime import UTC, datetime

import typer

from hub.cli.connection import Data, DatabaseUrl, Keys, Passphrase
from hub.cli.init import make_settings
from hub.cli.output import AsJson, show, show_rows
from hub.cli.refusals import REFUSED

app = typer.Typer(no_args_is_help=True, help="证照文件的保管。 The keeping of sealed documents.")

_FAULTS = {
    "missing": "文件丢失 missing",
    "damaged": "文件损坏 damaged",
    "seal": "签章不符 its seal does not hold",
    "entry": "存证不符 its entry does not fit",
    "left": "内容已删除，文件尚在 erased, its file is still there",
}
_THEN = {
    "wanted": "将重新生成 drawn again by a worker",
    "replaced": "已有新的 drawn again already",
    "deleted": "将由平台删除 deleted by a hub that runs",
}


@app.command()
def check(
    data: Data = None,
    keys: Keys = None,
    database: DatabaseUrl = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """逐份核对所存的证照文件。 Prove every stored document; exit code 1 while one is not replaced."""
    from hub.app.building import build
    from hub.documents.checking import check_documents, unnamed_files

    hub = build(make_settings(data=data, keys=keys, database=database, passphrase_file=passphrase_file))
    try:
        checked, faulty = 0, []
        for each in check_documents(registry=hub.registry, files=hub.files, now=datetime.now(UTC)):
            checked += 1
            if each.fault is not None:
                faulty.append(each)
        unnamed = unnamed_files(registry=hub.registry, files=hub.files)
    finally:
        hub.close()
    if as_json:
        rows = [{"sha256": each.stored.sha256, "fault": each.fault, "then": each.then} for each in faulty]
        show({"checked": checked, "faulty": rows, "unnamed": unnamed}, as_json=True)
    else:
        if faulty:
            told = [
                (each.stored.sha256, _FAULTS[str(each.fault)], _THEN.get(str(each.then), str(each.then)))
                for each in faulty
            ]
            show_rows(("SHA-256", "问题 fault", "处理 then"), told)
        counts = {"已核对 checked": checked, "有问题 faulty": len(faulty), "无主文件 files nobody names": unnamed}
        show(counts, as_json=False)
    if any(each.then != "replaced" for each in faulty):
        raise typer.Exit(REFUSED)
