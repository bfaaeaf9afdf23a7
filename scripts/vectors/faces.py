"""The golden pictures of faces: every type, both editions where they differ, as poppler shows them at 72 dots an inch.

The faces are made up and always the same. A picture has few colours, so that all of them together stay small; the same
few are taken of what is held against it. Other releases of poppler draw edges a little differently: the pictures are
compared with a tolerance, and made anew only on purpose.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from hub.steps.documents.faces.drawing import SHARED_LAYOUT
from hub.steps.documents.faces.face import Face
from tests.hub.faces.example import CATALOGUE, DRAWING, MADE_AT, MARKING, XML, example_face, in_english

_DOTS_PER_INCH = 72
# Red, green and blue in as many steps as it takes to see a seal from a frame.
_STEPS = 6


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
    return in_few_colours(shown(DRAWING.draw(face, attachments=[XML], made_at=MADE_AT).pdf))


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


def write_certificate_picture(path: Path) -> None:
    """Write the picture of a certificate that the README shows."""
    drawn = DRAWING.draw(example_face(CATALOGUE.get("food_operation_permit")), attachments=[XML], made_at=MADE_AT)
    path.parent.mkdir(parents=True, exist_ok=True)
    shown(drawn.pdf, dots_per_inch=110).quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)
