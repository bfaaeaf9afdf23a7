"""The QR code of a reference: its text, its picture as SVG and PNG, the doors `/qr/{q,c,s,d}/{reference}.{svg,png}`.

The text is `https://HOST/Q/REFERENCE`: the scheme in lower case, as phones refuse it in capitals, the rest in capitals,
so that two segments (bytes for the scheme, alphanumeric for the rest, ISO/IEC 18004 section 7.4) keep the code at
29 × 29 modules for hosts of up to 20 characters, a port included (21 with http); error correction is M. One mask
for all: the same text gives the same picture everywhere, and choosing the best of eight would cost most of the time.
No database is read: a well-formed reference that nobody has gets a picture too, which opens a page that says so.
"""

from base64 import standard_b64encode
from functools import lru_cache
from io import BytesIO
from typing import Literal

import png
import qrcode
from anyio import to_thread
from fastapi import APIRouter
from fastapi.responses import Response
from qrcode.util import MODE_8BIT_BYTE, MODE_ALPHA_NUM, QRData

from hub.errors import NotFoundError
from schemas.identifiers import REFERENCE_LENGTH, ReferenceFormError, parse_reference

Kind = Literal["q", "c", "s", "d", "k"]
Modules = tuple[tuple[bool, ...], ...]

_KINDS: tuple[Kind, ...] = ("q", "c", "s", "d")
SMALL_MODULES = 29
QUIET_MODULES = 4
_PIXELS_PER_MODULE = 8
_MASK = 2
_ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
_KEPT = {"cache-control": "public, max-age=86400, immutable"}


def qr_text(origin: str, kind: Kind, reference: str) -> str:
    """Return what a code says. `kind` is q (an enterprise), c (a certificate version), s (a site), d (a device) or k.

    By k a printed copy is known, which has its own serial.
    """
    scheme, _, host = origin.partition("://")
    return f"{scheme.lower()}://{host.upper()}/{kind.upper()}/{reference.upper()}"


def modules_of(origin: str) -> int:
    """Return how many modules wide this origin's codes are: 29 (SMALL_MODULES) while its host is short enough."""
    return len(_modules(qr_text(origin, "q", "0" * REFERENCE_LENGTH)))


def qr_svg(text: str) -> bytes:
    """Return the code as SVG: one path, black on white, its quiet zone of four modules included."""
    rows = _modules(text)
    size = len(rows) + 2 * QUIET_MODULES
    runs = "".join(
        f"M{first + QUIET_MODULES} {y + QUIET_MODULES}h{length}v1h-{length}z"
        for y, row in enumerate(rows)
        for first, length in _runs(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{runs}"/></svg>'
    ).encode()


def qr_data_uri(code: str) -> str:
    """Return the picture of a code that is no address, to stand in the page itself: it is fetched from nowhere."""
    return f"data:image/svg+xml;base64,{standard_b64encode(qr_svg(code)).decode()}"


def qr_png(text: str, pixels_per_module: int) -> bytes:
    """Return the code as a one-bit PNG, each module that many pixels wide, its quiet zone included."""
    rows = _modules(text)
    size = (len(rows) + 2 * QUIET_MODULES) * pixels_per_module
    blank = [_packed("1" * size)] * (QUIET_MODULES * pixels_per_module)
    lines = [_packed(_pixels(row, pixels_per_module)) for row in rows]
    drawn = [line for line in lines for _ in range(pixels_per_module)]
    picture = BytesIO()
    png.Writer(size, size, greyscale=True, bitdepth=1).write_packed(picture, [*blank, *drawn, *blank])
    return picture.getvalue()


def routes(origin: str) -> APIRouter:
    """Return the doors of the pictures; NotFoundError reference_not_found for what cannot be a reference."""
    router = APIRouter(prefix="/qr", include_in_schema=False)

    @router.get("/{kind}/{reference}.svg")
    async def svg(kind: str, reference: str) -> Response:
        text = _text(origin, kind, reference)
        return Response(await to_thread.run_sync(qr_svg, text), headers=_KEPT, media_type="image/svg+xml")

    @router.get("/{kind}/{reference}.png")
    async def picture(kind: str, reference: str) -> Response:
        text = _text(origin, kind, reference)
        drawn = await to_thread.run_sync(qr_png, text, _PIXELS_PER_MODULE)
        return Response(drawn, headers=_KEPT, media_type="image/png")

    return router


def _text(origin: str, kind: str, reference: str) -> str:
    try:
        known = parse_reference(reference)
    except ReferenceFormError:
        raise NotFoundError("reference_not_found") from None
    for each in _KINDS:
        if kind == each:
            return qr_text(origin, each, known)
    raise NotFoundError("reference_not_found")


@lru_cache(maxsize=256)
def _modules(text: str) -> Modules:
    """Return the modules, row by row, True for dark, without the quiet zone."""
    scheme, sign, rest = text.partition("://")
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, mask_pattern=_MASK, border=0)
    # A host may hold what the alphanumeric set lacks (the brackets of an IPv6 address): then all are bytes.
    capitals = _ALPHANUMERIC.issuperset(rest)
    code.add_data(QRData(scheme.encode(), mode=MODE_8BIT_BYTE))
    if sign:
        code.add_data(QRData(f"://{rest}".encode(), mode=MODE_ALPHA_NUM if capitals else MODE_8BIT_BYTE))
    code.make(fit=True)
    return tuple(tuple(bool(module) for module in row) for row in code.modules)


def _runs(row: tuple[bool, ...]) -> list[tuple[int, int]]:
    """Return where dark modules begin and how many there are in a line."""
    found: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((x, 1))
    return found


def _pixels(row: tuple[bool, ...], pixels_per_module: int) -> str:
    """Return a line's pixels as binary digits, 1 for white, quiet zone included."""
    margin = "1" * (QUIET_MODULES * pixels_per_module)
    return margin + "".join(("0" if dark else "1") * pixels_per_module for dark in row) + margin


def _packed(bits: str) -> bytes:
    """Pack binary digits eight to a byte, the last byte filled with zeros (PNG section 7.2)."""
    length = -(-len(bits) // 8)
    return int(bits.ljust(length * 8, "0"), 2).to_bytes(length, "big")
