"""`yizhao import` hands in a file under the digest its sender signed and shows what became of it; `undo` undoes it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Officer, Passphrase, SecondOfficer, SystemCode, Url, open_client
from hub.cli.issuance import IdempotencyKey, civil_today
from hub.cli.output import AsJson, show, show_rows
from hub.cli.refusals import LocalRefusal

_RESULTS = {
    "issued": "已颁发 issued",
    "changed": "已变更 changed",
    "unchanged": "无变化 unchanged",
    "conflict": "有冲突，未动 conflict, untouched",
    "refused": "不合格 refused",
    "queued": "待人工判定 queued",
    "task": "已交颁发机构办理 task at the issuing body",
    "would_task": "将交颁发机构办理 would be a task",
    "nothing": "无须办理 nothing to do",
    "would_issue": "将颁发 would be issued",
    "would_change": "将变更 would be changed",
    "missing": "文件中未列 not in this file",
}


def import_file(
    file: Annotated[
        Path, typer.Argument(help="CSV（UTF-8、GB 18030）或 XLSX。 The file.", exists=True, dir_okay=False)
    ],
    system: SystemCode,
    certificate_type: Annotated[
        str | None, typer.Option("--type", help="证照类型（该类型自己的表）。 The type whose own form this is.")
    ] = None,
    publicity: Annotated[bool, typer.Option("--publicity", help="双公示表。 It is a 双公示 file.")] = False,
    penalty: Annotated[
        bool, typer.Option("--penalty", help="双公示行政处罚表。 It is a penalty file (双公示).")
    ] = False,
    legacy: Annotated[
        bool, typer.Option("--legacy", help="存量证照，由档案录入。 Former permits from an archive (--source).")
    ] = False,
    body: Annotated[
        str | None, typer.Option("--body", help="由此颁发机构签发。 The issuing body that signs this file.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="归集来源。 From which source it was collected.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只试算，不颁发。 Show the difference only.")] = False,
    outcome: Annotated[
        Path | None, typer.Option("--outcome", help="逐行结果写到此文件。 Where the outcome of each row goes.")
    ] = None,
    officer: Officer = None,
    second_officer: SecondOfficer = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """导入一个文件。 Import a file: signed by an issuing body, its certificates; otherwise collected."""
    if [certificate_type is not None, publicity, penalty].count(True) != 1:
        raise typer.BadParameter(
            "--type、--publicity、--penalty 选其一 exactly one of --type, --publicity and --penalty"
        )
    if legacy and (certificate_type is None or source is None):
        raise typer.BadParameter("--legacy 须与 --type、--source 同用 --legacy goes with --type and --source")
    if (body is None) == (source is None):
        raise typer.BadParameter("--body 与 --source 选其一 exactly one of --body and --source")
    with open_client(url, system, keys, passphrase_file) as client:
        with _Progress() as follow:
            found = client.import_file(
                file,
                form="publicity" if publicity else "penalty" if penalty else "type",
                certificate_type=certificate_type,
                issuing_body=body,
                source=source,
                origin="legacy" if legacy else None,
                officer=officer,
                second_officer=second_officer,
                dry_run=dry_run,
                follow=follow,
            )
        saved = outcome or file.with_name(f"{file.stem}.outcome.csv")
        saved.write_bytes(client.get(f"/api/v1/intakes/{found['intake']}/outcome").content)
        _show(found | {"outcome": str(saved)}, as_json)
        if found["state"] != "done":
            raise LocalRefusal("intake_failed", problem=found.get("problem"))


def undo(
    intake: Annotated[str, typer.Argument(help="导入编号。 The import's name.")],
    system: SystemCode,
    body: Annotated[str, typer.Option("--body", help="证照的颁发机构。 The issuing body of its certificates.")],
    ground: Annotated[str, typer.Option("--ground", help="事由。 The ground.")],
    document_name: Annotated[str, typer.Option("--document-name", help="决定文书名称。 The decision's name.")],
    document_number: Annotated[str, typer.Option("--document-number", help="决定文书号。 Its number.")],
    document_date: Annotated[str | None, typer.Option("--document-date", help="决定日期。 Its date; today.")] = None,
    works_from: Annotated[
        str | None, typer.Option("--works-from", help="生效日期。 From when it works; today.")
    ] = None,
    officer: Officer = None,
    second_officer: SecondOfficer = None,
    key: IdempotencyKey = None,
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """撤销整批导入。 Undo a whole import: void what it made and nobody has touched since."""
    today = civil_today()
    content = {
        "intake": intake,
        "issuing_body": body,
        "ground": ground,
        "document_name": document_name,
        "document_number": document_number,
        "document_date": document_date or today,
        "works_from": works_from or today,
    }
    with open_client(url, system, keys, passphrase_file) as client, _Progress() as follow:
        found = client.undo_import(content, officer=officer, second_officer=second_officer, key=key, follow=follow)
    show(found, as_json=as_json)


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show(found, as_json=True)
        return
    rows = [(_RESULTS.get(result, result), str(number)) for result, number in sorted(found["counts"].items())]
    show_rows(("结果 result", "行 rows"), rows)
    show({"intake": found["intake"], "state": found["state"], "outcome": found["outcome"]}, as_json=False)


class _Progress:
    """A bar on standard error; nothing when nobody is watching."""

    def __enter__(self) -> Callable[[str, int, int | None], None]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._tasks: dict[str, Any] = {}
        self._bar.start()
        return self._follow

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def _follow(self, step: str, done: int, of: int | None) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._bar.add_task(step, total=of)
        self._bar.update(self._tasks[step], completed=done, total=of)
