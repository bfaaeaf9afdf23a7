"""What an XLSX file says about its sheet (ECMA-376 part 1, 18): which one is shown first, shared texts, date styles."""

import posixpath
import re
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.contract import TabularLimits
from connectors.errors import TabularFormError, TabularLimitError
from connectors.xlsx_dates import BUILT_IN_FORMS, DateForm, date_form
from connectors.xlsx_package import Elements, Package

# Excel writes characters XML cannot hold as _xHHHH_ (18.18.79); half a surrogate pair stays as it is written.
_ESCAPED = re.compile(r"_x((?!D[89A-F])[0-9A-F]{4})_", re.IGNORECASE)


class SharedTexts:
    """The texts that cells name by position: one block of UTF-8 and four bytes a text, not an object each."""

    def __init__(self) -> None:
        self._block = bytearray()
        self._ends = array("I", [0])

    def append(self, text: str) -> None:
        self._block += text.encode()
        self._ends.append(len(self._block))

    def __getitem__(self, position: int) -> str:
        """Raises IndexError when there is no such text."""
        if position < 0:
            raise IndexError(position)
        return self._block[self._ends[position] : self._ends[position + 1]].decode()


@dataclass(frozen=True, slots=True)
class Workbook:
    """What is needed to read the sheet `sheet_part`. `date_forms` by style; None is no date."""

    sheet_part: str
    shared_texts: SharedTexts
    date_forms: tuple[DateForm | None, ...]
    from_1904: bool


@dataclass(frozen=True, slots=True)
class _Relation:
    kind: str
    part: str


def read_workbook(package: Package, *, limits: TabularLimits) -> Workbook:
    """Find the first visible sheet and read what its cells refer to.

    Raises TabularFormError when there is no such sheet, TabularLimitError when the shared texts are too large, and what
    `Package.stream` raises.
    """
    workbook_part = _part(_relations(package, ""), "officeDocument")
    if workbook_part is None:
        raise TabularFormError("workbook")
    sheets = _Sheets(package, workbook_part)
    relations = _relations(package, workbook_part)
    shown = [relations[name].part for name in sheets.shown if name in relations and relations[name].kind == "worksheet"]
    if not shown:
        raise TabularFormError("sheet")
    texts_part, styles_part = _part(relations, "sharedStrings"), _part(relations, "styles")
    return Workbook(
        sheet_part=shown[0],
        shared_texts=_read_shared_texts(package, texts_part, limits) if texts_part else SharedTexts(),
        date_forms=_Styles(package, styles_part).date_forms() if styles_part else (),
        from_1904=sheets.from_1904,
    )


def _part(relations: Mapping[str, _Relation], kind: str) -> str | None:
    return next((relation.part for relation in relations.values() if relation.kind == kind), None)


class TextCollector:
    """Puts together the text of one cell: its runs one after another, without the reading aids (rPh) beside them.

    Stops one piece after the longest allowed cell, so that a too long one is known as such and not held.
    """

    __slots__ = ("_keeping", "_length", "_longest", "_pieces", "_skipping")

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._pieces: list[str] = []
        self._length = 0
        self._keeping = self._skipping = False

    def elements(
        self, starts: Mapping[str, Callable[[Mapping[str, str]], None]], ends: Mapping[str, Callable[[], None]]
    ) -> Elements:
        """Return the elements of a part whose cells' texts are collected, with what else to call."""
        keep, drop, skip, resume = self._keep, self._drop, self._skip, self._resume
        return Elements(
            starts={"t": keep, "v": keep, "rPh": skip, **starts},
            ends={"t": drop, "v": drop, "rPh": resume, **ends},
            text=self._text,
        )

    def take(self) -> str:
        """Return the text and be empty again."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        return text

    def _text(self, text: str) -> None:
        if self._keeping and self._length <= self._longest:
            self._pieces.append(text)
            self._length += len(text)

    def _keep(self, attributes: Mapping[str, str]) -> None:
        self._keeping = not self._skipping

    def _drop(self) -> None:
        self._keeping = False

    def _skip(self, attributes: Mapping[str, str]) -> None:
        self._skipping = True

    def _resume(self) -> None:
        self._skipping = False


def unescape(text: str) -> str:
    """Return the text with _xHHHH_ replaced by the character it stands for."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _relations(package: Package, part: str) -> dict[str, _Relation]:
    """Return what the part `part` refers to inside the archive, by the name it uses."""
    folder, name = posixpath.split(part)
    found: dict[str, _Relation] = {}

    def add(attributes: Mapping[str, str]) -> None:
        if attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            found[attributes.get("Id", "")] = _Relation(kind, target.lstrip("/"))

    package.read(posixpath.join(folder, "_rels", f"{name}.rels"), Elements({"Relationship": add}))
    return found


class _Sheets:
    """The names of the relations to the sheets a person sees, in order, and from which year days are counted."""

    def __init__(self, package: Package, part: str) -> None:
        self.shown: list[str] = []
        self.from_1904 = False
        package.read(part, Elements({"sheet": self._sheet, "workbookPr": self._properties}))

    def _sheet(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("state", "visible") == "visible":
            self.shown.append(next((value for name, value in attributes.items() if name.endswith(" id")), ""))

    def _properties(self, attributes: Mapping[str, str]) -> None:
        self.from_1904 = attributes.get("date1904") in ("1", "true", "on")


def _read_shared_texts(package: Package, part: str, limits: TabularLimits) -> SharedTexts:
    if package.size(part) > limits.max_shared_text_bytes:
        raise TabularLimitError("strings")
    texts, collector = SharedTexts(), TextCollector(limits.max_cell_length)
    package.read(part, collector.elements({}, {"si": lambda: texts.append(unescape(collector.take()))}))
    return texts


class _Styles:
    """Which number format each style of a cell has: `cellXfs` lists them, the same element elsewhere is another's."""

    def __init__(self, package: Package, part: str) -> None:
        self._codes: dict[str, str] = {}
        self._numbers: list[str] = []
        self._inside = False
        starts = {"numFmt": self._format, "cellXfs": self._enter, "xf": self._style}
        package.read(part, Elements(starts, {"cellXfs": self._leave}))

    def date_forms(self) -> tuple[DateForm | None, ...]:
        """Return how each style shows a number as a date or time, None when it does not."""
        codes = self._codes
        return tuple(date_form(codes[at]) if at in codes else BUILT_IN_FORMS.get(at) for at in self._numbers)

    def _format(self, attributes: Mapping[str, str]) -> None:
        self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")

    def _enter(self, attributes: Mapping[str, str]) -> None:
        self._inside = True

    def _leave(self) -> None:
        self._inside = False

    def _style(self, attributes: Mapping[str, str]) -> None:
        if self._inside:
            self._numbers.append(attributes.get("numFmtId", "0"))
