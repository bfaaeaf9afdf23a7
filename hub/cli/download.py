"""`yizhao download`: an enterprise asks for documents with its e-licence, and fetches them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hub.cli.connection import DEFAULT_URL, Url, open_http, post_public
from hub.cli.output import AsJson, read_json, save_json, show, show_rows, show_text

app = typer.Typer(no_args_is_help=True, help="持证主体下载证照文件。 An enterprise fetches its documents.")

Out = Annotated[Path | None, typer.Option("--out", help="写入文件。 Write it to a file.")]


@app.command()
def draft(
    licence_number: Annotated[str, typer.Argument(help="申请人的统一社会信用代码。 Who asks.")],
    grant: Annotated[
        str | None, typer.Option("--grant", help="凭授权书取加注件：其摘要。 Copies under a grant, by its digest.")
    ] = None,
    certificates: Annotated[
        list[str] | None, typer.Option("--certificate", help="证照标识，可多次；不写为全部。 Default: all.")
    ] = None,
    edition: Annotated[
        Literal["original", "duplicate", "existing"] | None,
        typer.Option("--edition", help="正本、副本或存量原件。 Which edition."),
    ] = None,
    language: Annotated[Literal["zh", "en"], typer.Option("--language", help="中文或英文。 Which language.")] = "zh",
    out: Out = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """起草下载申请。 Draft the sentence that the applicant's e-licence signs; nothing is stored."""
    wish = {
        "licence_number": licence_number,
        "grant": grant,
        "certificates": certificates or [],
        "edition": edition,
        "language": language,
    }
    answer = post_public(url, "/api/v1/downloads/drafts", wish)
    save_json(out, answer)
    show_text(answer, as_json)


@app.command()
def fetch(
    signed: Annotated[Path, typer.Argument(help="签好的申请（JSON），- 为标准输入。 What the e-licence signed.")],
    folder: Annotated[Path, typer.Argument(help="存放目录。 The folder to save to.")],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """提交签好的申请，下载打包的证照文件。 Post the signed application and fetch the documents, in one zip."""
    from hub.client import fetch_document

    answer = post_public(url, "/api/v1/downloads", read_json(signed))
    name = answer.get("download") or answer.get("delivery")
    door = "downloads" if "download" in answer else "deliveries"
    if name is None:
        show(answer, as_json=as_json)
        return
    headers = {"authorization": f"Bearer {answer['token']}"}
    with open_http(url) as http:
        archive = fetch_document(lambda: http.get(f"/api/v1/{door}/{name}/archive", headers=headers))
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.zip"
    file.write_bytes(archive)
    _tell(answer, file, as_json=as_json)


def _tell(answer: dict[str, Any], file: Path, *, as_json: bool) -> None:
    told = {name: value for name, value in answer.items() if name not in ("token", "note")} | {"saved": str(file)}
    if as_json:
        show(told, as_json=True)
        return
    lines = answer.get("documents") or answer["items"]
    rows = [(each["certificate_type"], each.get("identifier", ""), "") for each in lines]
    rows += [("", each["identifier"], f"未包括 left out: {each['reason']}") for each in answer.get("left_out", ())]
    show_rows(("类型 type", "证照标识 identifier", ""), rows)
    show({"已保存 saved": str(file), "截止 ends at": answer["ends_at"]}, as_json=False)
