"""The drawing of a face: PDF/A-3b pages (ISO 19005-3) by typst, tagged, with files attached.

Values reach the layout only as JSON in `sys.inputs`, never as template text, so none of them can act as markup. The
same face, attachments and time give the same bytes. PDF/A is asked of typst and not checked again here.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

import noto_cjk_sans_otc
import typst

from hub.faces.face import Face

LAYOUTS_FOLDER = Path(__file__).with_name("layouts")
SHARED_LAYOUT = "shared"
_PARTS = "parts"
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
    """A file inside the document. `content` is text in UTF-8; `name` is a plain file name."""

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
    """The layouts, each compiled once, and the fonts; may be used from several threads."""

    def __init__(self, *, font_folders: Iterable[Path] = ()) -> None:
        """`font_folders` are the site's own, for characters that the bundled font lacks."""
        bundled = Path(noto_cjk_sans_otc.__file__).parent
        fonts = typst.Fonts(include_system_fonts=False, font_paths=[bundled, *font_folders])
        self._layouts = {
            path.stem: typst.Compiler(path, root=LAYOUTS_FOLDER, font_paths=fonts)
            for path in sorted(LAYOUTS_FOLDER.glob("*.typ"))
            if path.stem != _PARTS
        }
        # A compiler remembers the last values given to it, and the query after drawing reads them.
        self._locks = {name: Lock() for name in self._layouts}

    def layout_of(self, type_code: str) -> str:
        """Return the name of the type's own layout, or of the shared one."""
        return type_code if type_code in self._layouts else SHARED_LAYOUT

    def draw(self, face: Face, *, attachments: Sequence[Attachment], made_at: datetime) -> DrawnPages:
        """Draw `face` with its attachments; `made_at` (aware) is the document's own date.

        The first attachment is the Source (ISO 19005-3, annex E) that the page shows, any other a Supplement to it.
        Raises MissingGlyphError, and LayoutUnknownError for a layout that is not there.
        """
        if face.layout not in self._layouts:
            raise LayoutUnknownError(face.layout)
        compiler = self._layouts[face.layout]
        _refuse_private_use(face)
        values = {**asdict(face), "qr_svg": face.qr_svg.decode()}
        attached = [{**asdict(each), "content": each.content.decode()} for each in attachments]
        sent = {
            "face": json.dumps(values, ensure_ascii=False),
            "attachments": json.dumps(attached, ensure_ascii=False),
        }
        with self._locks[face.layout]:
            try:
                pdf = compiler.compile(format="pdf", sys_inputs=sent, pdf_standards="a-3b", timestamp=made_at)
            except typst.TypstError as error:
                _raise_missing_glyph(error)
                raise
            seal = json.loads(compiler.query("<seal>", field="value", one=True))
        if not isinstance(pdf, bytes):
            raise TypeError("typst gave no bytes")
        top = seal["height"] - seal["y"]
        rect = (seal["x"], top - seal["size"], seal["x"] + seal["size"], top)
        return DrawnPages(pdf, seal["page"], rect)


def _refuse_private_use(face: Face) -> None:
    """A private-use character has no agreed shape: a font that happens to hold one would show something else."""
    words = json.dumps({**asdict(face), "qr_svg": ""}, ensure_ascii=False)
    private = next((each for each in words if unicodedata.category(each) == "Co"), None)
    if private is not None:
        raise MissingGlyphError(private)


def _raise_missing_glyph(error: typst.TypstError) -> None:
    found = _MISSING_GLYPH.search(error.message)
    if found is not None:
        raise MissingGlyphError(found[1]) from error
