"""`yizhao items`: what each service item needs is put, its difference shown first, and listed."""

from base64 import standard_b64encode
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Keys, Passphrase, SystemCode, Url, open_client
from hub.cli.output import AsJson, read_bytes, read_json, show, show_rows

app = typer.Typer(no_args_is_help=True, help="事项与材料。 Service items and their materials.")


@app.command("import")
def import_items(
    file: Annotated[Path, typer.Argument(help="事项表（CSV、XLSX）或 JSON。 A sheet, or JSON with `items`.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只看差异，不登记。 Show the difference and put nothing.")
    ] = False,
    difference: Annotated[
        str | None,
        typer.Option("--difference", help="试运行给出的差异摘要，不同则拒绝。 Put only what a dry run showed."),
    ] = None,
    system: SystemCode = "operator",
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """登记事项、材料与证照类型。 Put items with their materials, in one act."""
    from schemas.statement import Ordered

    content: dict[str, Any]
    if file.suffix.lower() == ".json":
        content = {"items": read_json(file).get("items")}
    else:
        content = {"sheet": standard_b64encode(read_bytes(file)).decode()}
    content |= {"dry_run": True} if dry_run else {}
    content |= {"difference": difference} if difference else {}
    with open_client(url, system, keys, passphrase_file) as client:
        show(client.order("/api/v1/items", Ordered.PUT_ITEMS, content), as_json=as_json)


@app.command("list")
def list_items(
    code: Annotated[str | None, typer.Argument(help="事项编码，列出其全部版本。 One item, with every version.")] = None,
    system: SystemCode = "operator",
    url: Url = DEFAULT_URL,
    keys: Keys = None,
    passphrase_file: Passphrase = None,
    as_json: AsJson = False,
) -> None:
    """列出事项及其材料。 The items in force, with their materials."""
    with open_client(url, system, keys, passphrase_file) as client:
        query = {"code": code} if code else {}
        found = client.get("/api/v1/items", **query).json()
    if as_json:
        show(found, as_json=True)
        return
    rows = [_row(item, each) for item in found["items"] for each in item["materials"]]
    show_rows(("事项 item", "名称 name", "材料 material", "证照类型 types", "容缺工作日 may follow"), rows)


def _row(item: dict[str, Any], material: dict[str, Any]) -> tuple[str, str, str, str, str]:
    types = "、".join(each["certificate_type"] for each in material["types"])
    days = material["deferrable_days"]
    return f"{item['code']} v{item['version']}", item["name_zh"], material["name_zh"], types, str(days or "")
