"""`yizhao qr`: the QR of an enterprise or a certificate as SVG or PNG, or a sheet of stickers for printing.

The hub draws the code and the sheet; here the sheet (`/sheet/…`) becomes one HTML file for A4, with its style inside.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from hub.cli.connection import DEFAULT_URL, Url, open_http, public_json
from hub.cli.output import AsJson, show

if TYPE_CHECKING:
    import httpx

_LICENCE_NUMBER_LENGTH = 18
_MOST_ON_A_SHEET = 48
_ICON = re.compile(r'<link rel="icon"[^>]*>\n')
_STYLE = re.compile(r'<link rel="stylesheet" href="(/static/[^"]+)">')


@dataclass(frozen=True, slots=True)
class _Coded:
    """Whom or what a code is for."""

    kind: str
    reference: str
    name: str


def qr(
    names: Annotated[
        list[str], typer.Argument(help="统一社会信用代码或查询码，可多个。 Licence numbers or references.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help=".svg、.png，或 .html（多张贴纸，A4）。 The file; .html is a sheet.")
    ],
    site: Annotated[
        str | None, typer.Option("--site", help="贴在哪个经营场所（S-…）。 The site it is to hang at, on a sheet.")
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """二维码与贴纸。 Draw a QR, or a sheet of stickers."""
    if out.suffix not in (".svg", ".png", ".html") or (len(names) > 1 and out.suffix != ".html"):
        raise typer.BadParameter(
            "--out 为 .svg、.png（一个码）或 .html（一张或多张） .svg or .png for one, .html for any"
        )
    if len(names) > _MOST_ON_A_SHEET:
        raise typer.BadParameter(f"一次最多 {_MOST_ON_A_SHEET} 个 at most {_MOST_ON_A_SHEET} at once")
    if site is not None and out.suffix != ".html":
        raise typer.BadParameter("--site 只用于 .html --site goes with .html only")
    with open_http(url) as http:
        coded = [_find(http, name) for name in names]
        if out.suffix == ".html":
            out.write_text(_sheet(http, coded, site), encoding="utf-8")
        else:
            out.write_bytes(_drawn(http, coded[0], out.suffix))
    found = [{"reference": each.reference, "name": each.name} for each in coded]
    show({"file": str(out), "codes": found}, as_json=as_json)


def _find(http: "httpx.Client", name: str) -> _Coded:
    """Ask the hub whose code this is: a licence number, a holder's reference, or a certificate's."""
    from hub.client import RefusedError

    if len(name.strip()) == _LICENCE_NUMBER_LENGTH:
        return _holder(public_json(http, f"/search?licence_number={quote(name.strip(), safe='')}"))
    name = quote(name.strip(), safe="")
    try:
        return _holder(public_json(http, f"/q/{name}"))
    except RefusedError as error:
        if error.status != 404:
            raise
    found: Any = public_json(http, f"/c/{name}")
    certificate = found["certificate"]
    return _Coded("c", certificate["reference"], found["holder"]["name"])


def _holder(found: dict[str, Any]) -> _Coded:
    holder = found["holder"]
    return _Coded("q", holder["reference"], holder["name"])


def _drawn(http: "httpx.Client", coded: _Coded, suffix: str) -> bytes:
    from hub.client import RefusedError

    response = http.get(f"/qr/{coded.kind}/{coded.reference}{suffix}")
    if response.status_code >= 400:
        raise RefusedError(response.status_code, {"code": "reference_not_found", "title": "没有这个查询码。"})
    return response.content


def _sheet(http: "httpx.Client", coded: list[_Coded], site: str | None) -> str:
    """Return the hub's own sheet, its style inside, so that the file stands alone."""
    first, *others = [each.reference for each in coded]
    page = _text(http, f"/sheet/{first}", also=others, site=[site] if site else [])
    return _STYLE.sub(lambda link: f"<style>\n{_text(http, link[1])}</style>", _ICON.sub("", page))


def _text(http: "httpx.Client", path: str, **query: list[str]) -> str:
    from hub.client import RefusedError, problem_of

    response = http.get(path, params=query)
    if response.status_code >= 400:
        raise RefusedError(response.status_code, problem_of(response))
    return response.text
