"""`yizhao figures`: how the hub works in figures, of the present, of a month or of a year."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, show, show_rows


def figures(
    month: Annotated[str | None, typer.Option("--month", help="月报，如 2026-11。 The sheet of a month.")] = None,
    year: Annotated[str | None, typer.Option("--year", help="年报，如 2026。 The sheet of a year.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="写入 .csv 或 .xlsx 文件。 Write the sheet to a .csv or .xlsx file.")
    ] = None,
    system: SystemCode = "operator",
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """运行指标；月报、年报。 Figures of the present, or the sheet of a month or year."""
    period = month or year
    with open_client(url, system, keys, passphrase_file) as client:
        if period is None:
            found = client.get("/api/v1/figures").json()
        elif out is not None:
            form = "xlsx" if out.suffix.lower() == ".xlsx" else "csv"
            length = client.save(f"/api/v1/figure-sheets/{period}", out, form=form)
            show({"sheet": str(out), "bytes": length}, as_json=as_json)
            return
        else:
            found = client.get(f"/api/v1/figure-sheets/{period}").json()
    if as_json:
        show(found, as_json=True)
    elif period is None:
        _show_present(found)
    else:
        _show_sheet(found)


def _show_present(found: dict[str, Any]) -> None:
    from schemas.figures import COLUMNS, FIGURES

    rows = []
    for each in found["figures"]:
        name = FIGURES[each["code"]]
        for column, value in each["total"].items():
            said = "–" if value is None else str(value)
            rows.append((f"{name.name_zh} {name.name_en}", " ".join(COLUMNS[column]), said))
    show_rows(("指标 figure", "单位 unit", "数值 value"), rows)


def _show_sheet(found: dict[str, Any]) -> None:
    from schemas.figures import COLUMNS, PARTS

    rows = [
        (PARTS[code].name_zh, line["name_zh"] or line["of"], " ".join(COLUMNS[name]), str(value))
        for code, lines in found["parts"].items()
        for line in lines
        for name, value in line["values"].items()
        if value
    ]
    rows += [
        (f"更正 {PARTS[each['part']].name_zh}", each["line"], " ".join(COLUMNS[each["name"]]), str(each["value"]))
        for each in found["corrections"]
    ]
    show_rows(("部分 part", "项目 of", "指标 figure", "数值 value"), rows)
