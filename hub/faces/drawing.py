"""The drawing of a face: PDF/A-3b pages (ISO 19005-3) by typst, tagged, with files attached.

Values reach the layout only as a JSON file in memory, never as template text, so none of them can act as markup. The
same face, attachments and time give the same bytes. PDF/A is asked of typst and not checked again here.

What changes from one document to the next is handed over as files and not as `sys.inputs`: a change of those makes
typst lay out everything anew, and what it keeps between documents is half of its speed.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import noto_cjk_sans_otc
import typst

from hub.faces.face import Face

LAYOUTS_FOLDER = Path(__file__).with_name("layouts")
SHARED_LAYOUT = "shared"
_PARTS = "parts"
_MAIN = """\
#import "/{layout}.typ": pages
#let attachments = json("attachments.json").map(each => (..each, content: read(each.file, encoding: none)))
#pages(json("face.json"), attachments: attachments)
"""
_MISSING_GLYPH = re.compile(r'the text \W*"(.+?)"\W* could not be displayed with font', re.DOTALL)


class MissingGlyphError(ValueError):
    """No font has this character: nothing was drawn. The remedy is a font with it in the site's font folder."""

    code = "glyph_missing"

    def __init__(self, character: str) -> None:
        super().__init__(f"no font has {' '.join(f'U+{ord(each):04X}' for each in character)}")
        self.character = character


class LayoutUnknownError(ValueError):
    """There is no layout of this name."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the document. `name` is a plain file name."""

    name: str
    content: bytes
    media_type: str
    description: str


@dataclass(frozen=True, slots=True)
class DrawnPages:
    """A document not yet signed. `seal_page` counts from 1; `seal_rect` is x0, y0, x1, y1 in PDF points, y upwards."""

    pdf: bytes
    seal_page: int
    seal_rect: tuple[float, float, float, float]


class Drawing:
    """The layouts and the fonts; nothing in it changes, so it may be used from several threads."""

    def __init__(self, *, font_folders: Iterable[Path] = ()) -> None:
        """`font_folders` are the site's own, for characters that the bundled font lacks."""
        bundled = Path(noto_cjk_sans_otc.__file__).parent
        self._fonts = typst.Fonts(include_system_fonts=False, font_paths=[bundled, *font_folders])
        self._layouts = {path.stem for path in LAYOUTS_FOLDER.glob("*.typ")} - {_PARTS}

    def layout_of(self, type_code: str) -> str:
        """Return the name of the type's own layout, or of the shared one."""
        return type_code if type_code in self._layouts else SHARED_LAYOUT

    def draw(self, face: Face, *, attachments: Sequence[Attachment], made_at: datetime) -> DrawnPages:
        """Draw `face` with its attachments; `made_at` (aware) is the document's own date.

        The first attachment is the Source (ISO 19005-3, annex E) that the page shows, any other a Supplement to it.
        Raises MissingGlyphError, and LayoutUnknownError for a layout that is not there.
        """
        files = self._files(face, attachments=attachments, as_picture=False)
        compiler = self._compiler(files)
        # The place of the seal first: a query takes the files of the constructor, and they serve only once.
        seal = json.loads(compiler.query("<seal>", field="value", one=True))
        with _missing_glyph_named():
            pdf = compiler.compile(files, format="pdf", pdf_standards="a-3b", timestamp=made_at)
        if not isinstance(pdf, bytes):
            raise TypeError("typst gave no bytes")
        rect = (seal["x"], seal["top"] - seal["height"], seal["x"] + seal["width"], seal["top"])
        return DrawnPages(pdf, seal["page"], rect)

    def _compiler(self, files: Mapping[str, bytes]) -> typst.Compiler:
        # A compiler remembers what it was given; a new one costs 0.1 ms, and no thread waits for another.
        return typst.Compiler(files, root=LAYOUTS_FOLDER, font_paths=self._fonts)

    def _files(self, face: Face, *, attachments: Sequence[Attachment], as_picture: bool) -> dict[str, bytes]:
        """Return the files of one drawing: what to draw, its values, and the attachments under names of ours."""
        if face.layout not in self._layouts:
            raise LayoutUnknownError(face.layout)
        _refuse_private_use(face)
        values = {**asdict(face), "qr_svg": face.qr_svg.decode(), "as_picture": as_picture}
        attached = [
            {
                "file": f"attachment-{n}",
                "name": each.name,
                "media_type": each.media_type,
                "description": each.description,
            }
            for n, each in enumerate(attachments)
        ]
        return {
            "main.typ": _MAIN.format(layout=face.layout).encode(),
            "face.json": json.dumps(values, ensure_ascii=False).encode(),
            "attachments.json": json.dumps(attached, ensure_ascii=False).encode(),
            **{f"attachment-{n}": each.content for n, each in enumerate(attachments)},
        }


def _refuse_private_use(face: Face) -> None:
    """A private-use character has no agreed shape: a font that happens to hold one would show something else."""
    words = json.dumps({**asdict(face), "qr_svg": ""}, ensure_ascii=False)
    private = next((each for each in words if unicodedata.category(each) == "Co"), None)
    if private is not None:
        raise MissingGlyphError(private)


@contextmanager
def _missing_glyph_named() -> Iterator[None]:
    try:
        yield
    except typst.TypstError as error:
        found = _MISSING_GLYPH.search(error.message)
        if found is None:
            raise
        raise MissingGlyphError(found[1]) from error
