"""The golden pictures of faces: every type, both editions where they differ, as poppler shows them at 72 dots an inch.

The faces are made up and always the same. A picture has few colours, so that all of them together stay small; the same
few are taken of what is held against it. Other releases of poppler draw edges a little differently: the pictures are
compared with a tolerance, and made anew only on purpose.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from PIL import Image

from hub.faces.drawing import SHARED_LAYOUT, Attachment, Drawing
from hub.faces.face import CopyMarking, Face, FaceRow
from hub.web.qr import qr_svg
from schemas.catalogue import CertificateType, load_catalogue
from scripts.example_city import ExampleEnterprise
from scripts.example_fields import field_values, make_number

CATALOGUE = load_catalogue()
MADE_AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
URL = "https://HUB.EXAMPLE.CN/C/0123456789ABCDEFGHJKMNPQRS"
HOLDER = ExampleEnterprise(
    "91442000MAXN00016T", "示例市岐江畔茶饮有限公司", "示例市示例路88号", "东区", "张示例", "", {}
)
MARKING = CopyMarking(
    requester="示例市交通运输局 11442000MB2D00002Y",
    cause="办理示例许可",
    case="442000000000 EX-2026-000123",
    made="2026年11月24日 10:00:00",
    ends="2026年12月24日 10:00:00",
)
XML = Attachment(
    "certificate.xml",
    "<certificate>一照通行</certificate>".encode(),
    "application/xml",
    "证照数据 certificate metadata",
)
_DRAWING = Drawing()
_DOTS_PER_INCH = 72
# Red, green and blue in as many steps as it takes to see a seal from a frame.
_STEPS = 6


def example_face(certificate_type: CertificateType) -> Face:
    """Return the original of a type as the 示例 shop would hold it, in Chinese."""
    values = field_values(certificate_type, HOLDER, HOLDER.address, 7, Random(1))
    labels = {each.name: each for each in certificate_type.fields}
    rows = [FaceRow(labels[name].label_zh, labels[name].label_en, value) for name, value in values.items()]
    return Face(
        layout=_DRAWING.layout_of(certificate_type.code),
        language="zh",
        edition="original",
        is_test=True,
        non_statutory=True,
        title_zh=certificate_type.name_zh,
        title_en=certificate_type.name_en,
        number_label_zh="证照编号",
        number_label_en="Certificate number",
        number=make_number(certificate_type, 2026, 16),
        holder=HOLDER.name,
        licence_number=HOLDER.licence_number,
        rows=(FaceRow("住所", "Address", HOLDER.address), *rows),
        valid_from="2026年11月24日",
        valid_to="" if certificate_type.code.endswith("_registration") else "2031年11月23日",
        body="示例市市场监督管理局",
        issued_on="2026年11月24日",
        successor_body=None,
        identifier="1.2.156.3005.2.11100000MB0341032Y901.11442000MB2D00000X.91442000MAXN00016T.001.0",
        reference_url=URL,
        qr_svg=qr_svg(URL),
        recorded_at="2026年11月24日 10:00:00",
        sealed_at="2026年11月24日 10:00:02",
    )


def in_english(face: Face) -> Face:
    """Return the face as its English page."""
    return replace(
        face,
        language="en",
        valid_from="2026-11-24",
        valid_to="2031-11-23",
        issued_on="2026-11-24",
        recorded_at="2026-11-24 10:00:00 UTC+8",
        sealed_at="2026-11-24 10:00:02 UTC+8",
        body_en="Example Municipal Administration for Market Regulation",
    )


def golden_faces() -> Iterator[tuple[str, Face]]:
    """Return the faces whose pictures are kept, by name."""
    for certificate_type in CATALOGUE.current():
        face = example_face(certificate_type)
        yield certificate_type.code, face
        if face.layout != SHARED_LAYOUT:
            yield f"{certificate_type.code}.duplicate", replace(face, edition="duplicate")
    for code in ("business_licence", "hotel_trade_permit"):
        face = example_face(CATALOGUE.get(code))
        yield f"{code}.english", in_english(face)
        yield f"{code}.copy", replace(face, edition="duplicate", marking=MARKING)


def picture_of(face: Face) -> Image.Image:
    """Return the first page of the face, in the few colours of the pictures kept."""
    return in_few_colours(shown(_DRAWING.draw(face, attachments=[XML], made_at=MADE_AT).pdf))


def shown(pdf: bytes, *, dots_per_inch: int = _DOTS_PER_INCH) -> Image.Image:
    """Return the first page as poppler shows it."""
    with TemporaryDirectory() as folder:
        told = ["pdftoppm", "-r", str(dots_per_inch), "-png", "-singlefile", "-", f"{folder}/page"]
        subprocess.run(told, input=pdf, check=True, capture_output=True)
        with Image.open(f"{folder}/page.png") as picture:
            return picture.convert("RGB")


def in_few_colours(picture: Image.Image) -> Image.Image:
    """Return the picture with each of red, green and blue in a few steps, and a palette of just these."""
    levels = [round(step * 255 / (_STEPS - 1)) for step in range(_STEPS)]
    palette = Image.new("P", (1, 1))
    palette.putpalette([level for red in levels for green in levels for blue in levels for level in (red, green, blue)])
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def write_pictures(folder: Path) -> None:
    """Write every golden picture into `folder`, instead of those there."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for name, face in golden_faces():
        picture_of(face).save(folder / f"{name}.png", optimize=True)
