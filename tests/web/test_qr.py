"""The QR codes: what they say, how large they are, and that two independent decoders read a small print of them."""

import subprocess
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
import zxingcpp
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from PIL import Image, ImageDraw

from hub.web import problems
from hub.web.public import qr
from schemas.identifiers import make_reference

_REFERENCE = str(make_reference(bytes(range(113, 129))))
_HOSTS = [
    "a.gov.cn",
    "zz.example.gov.cn",
    "zhengzhao.example.cn",
    "yizhaotong.zhongshan.example.gov.cn",
    "10.0.0.8:8000",
]
# A print 25 mm wide at 150 dots per inch.
_PRINT_PIXELS = round(25 / 25.4 * 150)
_SVG_PATH = "{http://www.w3.org/2000/svg}path"


def test_the_scheme_stays_lower_case_and_the_rest_is_upper_case() -> None:
    assert qr.qr_text("https://a.gov.cn", "q", "abc") == "https://A.GOV.CN/Q/ABC"
    assert qr.qr_text("http://127.0.0.1:8000", "c", "ABC") == "http://127.0.0.1:8000/C/ABC"


def test_a_host_of_twenty_characters_is_the_longest_at_29_modules() -> None:
    assert qr.modules_of(f"https://{'a' * 16}.com") == qr.SMALL_MODULES
    assert qr.modules_of(f"https://{'a' * 17}.com") == qr.SMALL_MODULES + 4
    assert qr.modules_of(f"http://{'a' * 17}.com") == qr.SMALL_MODULES
    assert qr.modules_of("http://[2001:db8::1]:8000") > qr.SMALL_MODULES


@pytest.mark.parametrize("host", _HOSTS)
@pytest.mark.parametrize("kind", ["q", "c"])
def test_two_decoders_read_a_print_25_mm_wide_at_150_dpi(host: str, kind: qr.Kind, tmp_path: Path) -> None:
    text = qr.qr_text(f"https://{host}", kind, _REFERENCE)
    printed = Image.open(BytesIO(qr.qr_png(text, 20))).convert("L").resize((_PRINT_PIXELS, _PRINT_PIXELS))
    printed.save(tmp_path / "print.png")
    assert [found.text for found in zxingcpp.read_barcodes(printed)] == [text]
    assert _zbar(tmp_path / "print.png") == text


@pytest.mark.parametrize("seed", range(40))
def test_the_one_mask_is_readable_for_any_reference(seed: int) -> None:
    reference = make_reference(bytes((seed * 37 + place * 101) % 256 for place in range(16)))
    text = qr.qr_text("https://zz.example.gov.cn", "q", reference)
    picture = Image.open(BytesIO(qr.qr_png(text, 4)))
    assert [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))] == [text]


def test_svg_and_png_show_the_same_modules() -> None:
    text = qr.qr_text("https://zz.example.gov.cn", "c", _REFERENCE)
    png, drawn = Image.open(BytesIO(qr.qr_png(text, 1))), _draw(qr.qr_svg(text))
    assert png.mode == "1"
    assert png.convert("L").tobytes() == drawn.tobytes()


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/qr/q/short.svg", "/qr/x/{}.svg", "/qr/q/{}.gif", "/qr/c/8{}.png", "/qr/q/../c.svg"])
async def test_what_cannot_be_a_reference_is_not_found(path: str) -> None:
    response = await _get(path.format(_REFERENCE))
    assert response.status_code == 404
    assert response.json()["code"] in ("reference_not_found", "not_found")


@pytest.mark.anyio
async def test_the_doors_answer_pictures_of_any_well_formed_reference() -> None:
    text = qr.qr_text("https://zz.example.gov.cn", "q", _REFERENCE)
    svg, png = await _get(f"/qr/q/{_REFERENCE}.svg"), await _get(f"/qr/q/{_REFERENCE.lower()}.png")
    assert (svg.headers["content-type"], svg.content) == ("image/svg+xml", qr.qr_svg(text))
    assert png.headers["content-type"] == "image/png"
    assert zxingcpp.read_barcodes(Image.open(BytesIO(png.content)).convert("L"))[0].text == text


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def _get(path: str) -> Response:
    app = FastAPI()
    problems.register(app)
    app.include_router(qr.routes("https://zz.example.gov.cn"))
    async with AsyncClient(transport=ASGITransport(app), base_url="https://zz.example.gov.cn") as client:
        return await client.get(path)


def _zbar(path: Path) -> str:
    command = ["zbarimg", "--quiet", "--raw", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def _draw(svg: bytes) -> Image.Image:
    """Draw our own SVG: its white ground, then each run `M x y h length v1 h-length z` of the second path."""
    root = ElementTree.fromstring(svg)  # noqa: S314
    size = int(root.attrib["viewBox"].split()[2])
    picture = Image.new("L", (size, size), 255)
    runs = root.findall(_SVG_PATH)[1].attrib["d"].replace("M", "").split("z")[:-1]
    for run in runs:
        place, _, rest = run.partition("h")
        x, y = map(int, place.split())
        ImageDraw.Draw(picture).line((x, y, x + int(rest.partition("v")[0]) - 1, y), fill=0)
    return picture
