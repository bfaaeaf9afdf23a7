"""`yizhao qr`: the QR of an enterprise or a certificate as SVG or PNG, or a sheet of stickers for printing.

The hub draws the code; the sheet is one HTML file for A4 with the codes inside it, each under its holder's name.
"""

import re
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.connection import DEFAULT_URL, Url, open_http, public_json
from hub.cli.output import AsJson, show

if TYPE_CHECKING:
    import httpx

_LICENCE_NUMBER_LENGTH = 18
_XML_HEADER = re.compile(rb"^\s*<\?xml[^>]*\?>\s*")
_SHEET = """<!doctype html>
<html lang="zh"><meta charset="utf-8"><title>一照通行二维码</title>
<style>
@page {{ size: A4; margin: 12mm }}
body {{ margin: 0; font-family: "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif }}
main {{ display: grid; grid-template-columns: repeat(3, 58mm); gap: 6mm }}
figure {{ margin: 0; padding: 4mm; border: 0.2mm solid #888; border-radius: 2mm }}
figure {{ text-align: center; break-inside: avoid }}
svg {{ width: 34mm; height: 34mm }}
figcaption {{ font-size: 9pt; line-height: 1.4; margin-top: 2mm; overflow-wrap: anywhere }}
small {{ display: block; font-size: 7pt; color: #444 }}
</style>
<main>
{stickers}
</main></html>
"""


@dataclass(frozen=True, slots=True)
class _Coded:
    """Whom or what a code is for."""

    kind: str
    reference: str
    name: str
    note: str


def qr(
    names: Annotated[
        list[str], typer.Argument(help="统一社会信用代码或查询码，可多个。 Licence numbers or references.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help=".svg、.png，或 .html（多张贴纸，A4）。 The file; .html is a sheet.")
    ],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """二维码与贴纸。 Draw a QR, or a sheet of stickers."""
    if out.suffix not in (".svg", ".png", ".html") or (len(names) > 1 and out.suffix != ".html"):
        raise typer.BadParameter(
            "--out 为 .svg、.png（一个码）或 .html（一张或多张） .svg or .png for one, .html for any"
        )
    with open_http(url) as http:
        coded = [_find(http, name) for name in names]
        if out.suffix == ".html":
            out.write_text(_sheet(http, coded), encoding="utf-8")
        else:
            out.write_bytes(_drawn(http, coded[0], out.suffix))
    found = [{"reference": each.reference, "name": each.name} for each in coded]
    show({"file": str(out), "codes": found}, as_json=as_json)


def _find(http: "httpx.Client", name: str) -> _Coded:
    """Ask the hub whose code this is: a licence number, a holder's reference, or a certificate's."""
    from hub.client import RefusedError

    if len(name.strip()) == _LICENCE_NUMBER_LENGTH:
        return _holder(public_json(http, f"/search?licence_number={name.strip()}"))
    try:
        return _holder(public_json(http, f"/q/{name}"))
    except RefusedError as error:
        if error.status != 404:
            raise
    found: Any = public_json(http, f"/c/{name}")
    certificate = found["certificate"]
    return _Coded("c", certificate["reference"], found["holder"]["name"], certificate["name_zh"])


def _holder(found: dict[str, Any]) -> _Coded:
    holder = found["holder"]
    return _Coded("q", holder["reference"], holder["name"], holder["licence_number"])


def _drawn(http: "httpx.Client", coded: _Coded, suffix: str) -> bytes:
    from hub.client import RefusedError

    response = http.get(f"/qr/{coded.kind}/{coded.reference}{suffix}")
    if response.status_code >= 400:
        raise RefusedError(response.status_code, {"code": "reference_not_found", "title": "没有这个查询码。"})
    return response.content


def _sheet(http: "httpx.Client", coded: list[_Coded]) -> str:
    return _SHEET.format(stickers="\n".join(_sticker(http, each) for each in coded))


def _sticker(http: "httpx.Client", coded: _Coded) -> str:
    drawing = _XML_HEADER.sub(b"", _drawn(http, coded, ".svg")).decode()
    caption = f"{escape(coded.name)}<small>{escape(coded.note)}</small><small>扫码核验 Scan to verify</small>"
    return f"<figure>{drawing}<figcaption>{caption}</figcaption></figure>"
