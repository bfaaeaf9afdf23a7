"""Faces as the stories draw them, and what poppler finds on their pages."""

import subprocess
from pathlib import Path

from PIL import Image

from hub.steps.documents.faces.drawing import Attachment, DrawnPages
from hub.steps.documents.faces.face import Face
from scripts.vectors.faces import shown
from tests.hub.faces.example import CATALOGUE, DRAWING, MADE_AT, XML, example_face

RECORD = Attachment("delivered.json", '{"record": "一照\\n"}\n'.encode(), "application/json", "the sealed record")
HOTEL = example_face(CATALOGUE.get("hotel_trade_permit"))
FOOD = example_face(CATALOGUE.get("food_operation_permit"))
LICENCE = example_face(CATALOGUE.get("business_licence"))
LIFT = example_face(CATALOGUE.get("lift_registration"))


def draw(face: Face) -> DrawnPages:
    return DRAWING.draw(face, attachments=[XML], made_at=MADE_AT)


def told_by(folder: Path, face: Face, *tool: str) -> str:
    """Return what the tool says of the drawn file."""
    path = folder / "drawn.pdf"
    path.write_bytes(draw(face).pdf)
    words = [each.replace("FILE", str(path)) for each in tool]
    return subprocess.run(words, check=True, capture_output=True).stdout.decode(errors="replace")


def pages_of(face: Face) -> list[str]:
    """Return the text of each page in the order in which it was drawn, without spaces."""
    told = subprocess.run(["pdftotext", "-raw", "-", "-"], input=draw(face).pdf, check=True, capture_output=True).stdout
    return ["".join(page.split()) for page in told.decode().split("\f")[:-1]]


def text_of(face: Face) -> str:
    return "".join(pages_of(face))


def picture_of(face: Face) -> Image.Image:
    return shown(draw(face).pdf, dots_per_inch=150)
