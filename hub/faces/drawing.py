"""The drawing of a face: PDF/A-3b pages (ISO 19005-3) by typst, tagged, with files attached; and the public picture.

Values reach the layout only as a JSON file in memory, never as template text, so none of them can act as markup. The
same face, attachments and time give the same bytes. PDF/A is asked of typst and not checked again here.

What takes time is laying out, so it is done once wherever possible. The place of the seal is a rule and not a question
to typst; a document is first drawn as one page, whose pages need not know their number, and only when it takes more
than one is it drawn closer, and then with numbers. What changes from one document to the next is handed over as files
and not as `sys.inputs`, a change of which makes typst forget what it has laid out before.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import local
from typing import Literal

import noto_cjk_sans_otc
import typst

from hub.faces.face import Face

LAYOUTS_FOLDER = Path(__file__).with_name("layouts")
SHARED_LAYOUT = "shared"
_PARTS = "_*.typ"
_MAIN = """\
#import "/{layout}.typ": pages
#let attachments = json("attachments.json").map(each => (..each, content: read(each.file, encoding: none)))
#pages(json("face.json"), attachments: attachments)
"""
# How the rows are set: with air while they fit on one page, close if that saves a page, else over numbered pages.
_FITS = ("open", "close", "paged")
_MISSING_GLYPH = re.compile(r'the text \W*"(.+?)"\W* could not be displayed with font', re.DOTALL)
# The page tree is the first object that typst writes: no value of the face stands before it.
_PAGE_TREE = re.compile(rb"%PDF-1\.7\n%[^\n]*\n\s*1 0 obj\n<</Type/Pages/Count ([0-9]+)/")
_PAGE_SIZE = re.compile(rb"/Type/Page/Resources [0-9]+ 0 R/MediaBox\[0 0 ([0-9.]+) ([0-9.]+)\]")
_POINTS_PER_MM = 72 / 25.4
_PICTURE_PPI = 96
_PICTURE_VALUE_CHARACTERS = 160


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
    """A file inside the document. `name` is a plain file name, `content` is UTF-8 text."""

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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where every layout puts the seal on the last page: its size, and how far from the right and the lower edge (mm)."""

    width: float
    height: float
    right: float
    bottom: float

    def on(self, page_width: float) -> tuple[float, float, float, float]:
        right, bottom = page_width - self.right * _POINTS_PER_MM, self.bottom * _POINTS_PER_MM
        return (right - self.width * _POINTS_PER_MM, bottom, right, bottom + self.height * _POINTS_PER_MM)


_SEAL = _Place(width=42, height=42, right=39, bottom=27)
_COPY_MARK = _Place(width=58, height=27, right=31, bottom=27)


class Drawing:
    """The layouts and the fonts. It may be used from several threads: each has a compiler of its own."""

    def __init__(self, *, font_folders: Iterable[Path] = ()) -> None:
        """`font_folders` are the site's own, for characters that the bundled font lacks."""
        bundled = Path(noto_cjk_sans_otc.__file__).parent
        self._fonts = typst.Fonts(include_system_fonts=False, font_paths=[bundled, *font_folders])
        parts = {path.stem for path in LAYOUTS_FOLDER.glob(_PARTS)}
        self._layouts = {path.stem for path in LAYOUTS_FOLDER.glob("*.typ")} - parts
        self._mine = local()

    def layout_of(self, type_code: str) -> str:
        """Return the name of the type's own layout, or of the shared one."""
        return type_code if type_code in self._layouts else SHARED_LAYOUT

    def draw(self, face: Face, *, attachments: Sequence[Attachment], made_at: datetime) -> DrawnPages:
        """Draw `face` with its attachments; `made_at` (aware) is the document's own date.

        The first attachment is the Source (ISO 19005-3, annex E) that the page shows, any other a Supplement to it.
        Raises MissingGlyphError, and LayoutUnknownError for a layout that is not there.
        """
        place = _SEAL if face.marking is None else _COPY_MARK
        files = self._files(face, attachments)
        pdf, pages = b"", 0
        for fit in _FITS:
            pdf = self._compile(files | _values(face, fit=fit, seal=asdict(place)), "pdf", made_at)
            pages = _page_count(pdf)
            if pages == 1:
                break
        return DrawnPages(pdf, pages, place.on(_page_width(pdf)))

    def draw_public_picture(self, face: Face) -> bytes:
        """Draw what may be shown to anyone as a PNG of one page, without a seal and marked 公示信息 非证照.

        `face` holds public values only: this is for the caller to see to. Long values are cut, marked with an ellipsis;
        what does not fit on the page is left out. Raises as `draw` does.
        """
        files = self._files(face, ()) | _values(_cut(face), fit="close", as_picture=True)
        # A picture is drawn with boxes for what no font has; the same pages as PDF/A are refused.
        self._compile(files, "pdf", datetime(2000, 1, 1, tzinfo=UTC))
        return self._compile(files, "png", None)

    def _compile(self, files: Mapping[str, bytes], form: Literal["pdf", "png"], made_at: datetime | None) -> bytes:
        with _missing_glyph_named():
            made = self._compiler.compile(
                dict(files),
                format=form,
                pdf_standards="a-3b" if form == "pdf" else [],
                timestamp=made_at,
                ppi=_PICTURE_PPI,
            )
        pages = made if isinstance(made, list) else [made]
        if not isinstance(pages[0], bytes):
            raise TypeError("typst gave no bytes")
        return pages[0]

    @property
    def _compiler(self) -> typst.Compiler:
        if not hasattr(self._mine, "compiler"):
            self._mine.compiler = typst.Compiler(root=LAYOUTS_FOLDER, font_paths=self._fonts)
        compiler: typst.Compiler = self._mine.compiler
        return compiler

    def _files(self, face: Face, attachments: Sequence[Attachment]) -> dict[str, bytes]:
        """Return what to draw and the attachments, under names of ours."""
        if face.layout not in self._layouts:
            raise LayoutUnknownError(face.layout)
        _refuse_private_use(face)
        told = [
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
            "attachments.json": _json(told),
            **{f"attachment-{n}": each.content for n, each in enumerate(attachments)},
        }


def _values(face: Face, *, as_picture: bool = False, **told: object) -> dict[str, bytes]:
    return {"face.json": _json({**asdict(face), "qr_svg": face.qr_svg.decode(), "as_picture": as_picture, **told})}


def _json(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()


def _cut(face: Face) -> Face:
    most = _PICTURE_VALUE_CHARACTERS
    cut = [each if len(each.value) <= most else replace(each, value=each.value[: most - 1] + "…") for each in face.rows]
    return replace(face, rows=tuple(cut))


def _page_count(pdf: bytes) -> int:
    found = _PAGE_TREE.match(pdf)
    if found is None:
        raise TypeError("typst wrote its pages in another form")
    return int(found[1])


def _page_width(pdf: bytes) -> float:
    # All pages have one size; a text that looks like another is no page.
    (width,) = {float(each[0]) for each in _PAGE_SIZE.findall(pdf)}
    return width


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
