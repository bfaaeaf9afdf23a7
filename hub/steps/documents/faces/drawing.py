"""The drawing of a face: PDF/A-3b pages (ISO 19005-3) by typst, tagged, with files attached; and the public picture.

Values reach the layout only as a JSON file in memory, never as template text, so none of them can act as markup. The
same face, attachments and time give the same bytes. PDF/A is asked of typst and not checked again here.

What takes time is laying out, so it is done once wherever possible. The place of the seal is a rule and not a question
to typst. A document is first drawn with air, as if on one page: a page that asks for its number is laid out twice.
Where that takes two pages it is drawn close, and what takes several even so over numbered pages. What changes from one
document to the next is handed over as files and not as `sys.inputs`, a change of which makes typst forget what it has
laid out before.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import local
from typing import Any, Literal

import noto_cjk_sans_otc
import pylopdf_fonts_zh_cn
import typst

from hub.steps.documents.faces.face import Face
from hub.steps.documents.faces.seal_place import COPY_MARK, SEAL, page_count, page_width

LAYOUTS_FOLDER = Path(__file__).with_name("layouts")
SHARED_LAYOUT = "shared"
_PARTS = "_*.typ"
_MAIN = """\
#import "/{layout}.typ": pages
#let attachments = json("attachments.json").map(each => (..each, content: read(each.file, encoding: none)))
#pages(json("face.json") + json("setting.json"), attachments: attachments)
"""
_KEPT = b"""\
#import "/_kept.typ": kept-page
#kept-page(json("told.json"))
"""
# What has no shape of its own or none that is agreed (formats, variation selectors, private use): a font would show
# nothing, or something else.
_SHAPELESS = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\ue000-\uf8ff\U000e0000-\U0010ffff]"
)
_MISSING_GLYPH = re.compile(r'the text \W*"(.+?)"\W* could not be displayed with font', re.DOTALL)
# As typst quotes what is not letter or sign.
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
_PICTURE_PPI = 96
# A phone shows some 400 points at three pixels each.
_KEPT_PPI = 200
_PICTURE_VALUE_CHARACTERS = 160


class MissingGlyphError(ValueError):
    """No font shows this character: nothing was drawn. The remedy is a font with it in the site's font folder."""

    code = "glyph_missing"

    def __init__(self, character: str) -> None:
        super().__init__(f"no font shows {' '.join(f'U+{ord(each):04X}' for each in character)}")
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


class Drawing:
    """The layouts and the fonts. It may be used from several threads: each has a compiler of its own."""

    def __init__(self, *, font_folders: Iterable[Path] = ()) -> None:
        """`font_folders` are the site's own, for characters that the bundled font lacks."""
        bundled = [Path(str(package.__file__)).parent for package in (pylopdf_fonts_zh_cn, noto_cjk_sans_otc)]
        self._fonts = typst.Fonts(include_system_fonts=False, font_paths=[*bundled, *font_folders])
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
        place = SEAL if face.marking is None else COPY_MARK
        files = self._files(face, attachments)

        def drawn(fit: str) -> bytes:
            setting = _json({"fit": fit, "seal": asdict(place), "as_picture": False})
            return self._compile(files | {"setting.json": setting}, "pdf", made_at)

        pdf = drawn("open")
        if page_count(pdf) == 2:
            pdf = drawn("close")
        if page_count(pdf) > 1:
            pdf = drawn("paged")
        return DrawnPages(pdf, page_count(pdf), place.on(page_width(pdf)))

    def draw_public_picture(self, face: Face) -> bytes:
        """Draw what may be shown to anyone as a PNG of one page, without a seal and marked 公示信息 非证照.

        `face` holds public values only: this is for the caller to see to. Long values are cut, marked with an ellipsis;
        what does not fit on the page is left out. Raises as `draw` does.
        """
        setting = _json({"fit": "open", "as_picture": True})
        files = self._files(_cut(face), ()) | {"setting.json": setting}
        # A picture is drawn with boxes for what no font has; the same pages as PDF/A are refused.
        self._compile(files, "pdf", datetime(2000, 1, 1, tzinfo=UTC))
        return self._compile(files, "png", None)

    def draw_kept(self, told: Mapping[str, Any], form: Literal["png", "pdf"], *, made_at: datetime) -> bytes:
        """Draw what a visitor keeps of a scan, one page as wide as a phone; `told` is public. MissingGlyphError."""
        values = _json(told)
        if shapeless := _SHAPELESS.search(values.decode()):
            raise MissingGlyphError(shapeless[0])
        files = {"main.typ": _KEPT, "told.json": values}
        pdf = self._compile(files, "pdf", made_at.replace(microsecond=0))
        return pdf if form == "pdf" else self._compile(files, "png", None, ppi=_KEPT_PPI)

    def _compile(
        self,
        files: Mapping[str, bytes],
        form: Literal["pdf", "png"],
        made_at: datetime | None,
        *,
        ppi: int = _PICTURE_PPI,
    ) -> bytes:
        with _missing_glyph_named():
            made = self._compiler.compile(
                dict(files),  # type: ignore[type-var]  # files in memory: the stubs know only a path or one file's bytes
                format=form,
                pdf_standards="a-3b" if form == "pdf" else [],
                timestamp=made_at,
                ppi=ppi,
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
        values = _json({**asdict(face), "qr_svg": face.qr_svg.decode()})
        if shapeless := _SHAPELESS.search(values.decode()):
            raise MissingGlyphError(shapeless[0])
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
            "face.json": values,
            "attachments.json": _json(told),
            **{f"attachment-{n}": each.content for n, each in enumerate(attachments)},
        }


def _json(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()


def _cut(face: Face) -> Face:
    most = _PICTURE_VALUE_CHARACTERS
    cut = [each if len(each.value) <= most else replace(each, value=each.value[: most - 1] + "…") for each in face.rows]
    return replace(face, rows=tuple(cut))


@contextmanager
def _missing_glyph_named() -> Iterator[None]:
    try:
        yield
    except typst.TypstError as error:
        found = _MISSING_GLYPH.search(error.message)
        if found is None:
            raise
        raise MissingGlyphError(_ESCAPED.sub(lambda each: chr(int(each[1], 16)), found[1])) from error
