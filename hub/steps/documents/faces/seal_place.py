"""Where the seal stands on a drawn document: by a rule that every layout obeys, on the last page as the file has it.

To ask typst for the place took a quarter of a drawing's time. Of the file only two forms are read, as this release of
typst writes them and no value of a face can: another form is an error, not a guess.
"""

import re
from dataclasses import dataclass

# The page tree is the first object: no value of the face stands before it.
_PAGE_TREE = re.compile(rb"%PDF-1\.7\n%[^\n]*\n\s*1 0 obj\n<</Type/Pages/Count ([0-9]+)/")
_PAGE = re.compile(rb"/Type/Page/Resources [0-9]+ 0 R/MediaBox\[0 0 ([0-9.]+) [0-9.]+\]")
_POINTS_PER_MM = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Place:
    """A seal's size, and its distance from the right and the lower edge of the last page, in mm."""

    width: float
    height: float
    right: float
    bottom: float

    def on(self, page_width: float) -> tuple[float, float, float, float]:
        """Return x0, y0, x1, y1 on a page as wide as this; all in PDF points, y upwards."""
        right, bottom = page_width - self.right * _POINTS_PER_MM, self.bottom * _POINTS_PER_MM
        return (right - self.width * _POINTS_PER_MM, bottom, right, bottom + self.height * _POINTS_PER_MM)


SEAL = Place(width=42, height=42, right=39, bottom=27)
COPY_MARK = Place(width=58, height=27, right=31, bottom=27)


def page_count(pdf: bytes) -> int:
    """Return how many pages typst has drawn."""
    found = _PAGE_TREE.match(pdf)
    if found is None:
        raise TypeError("typst wrote its page tree in another form")
    return int(found[1])


def page_width(pdf: bytes) -> float:
    """Return how wide the pages are, in PDF points."""
    widths = {float(width) for width in _PAGE.findall(pdf)}
    # All pages have one size: a value that looks like a page of another is told by that.
    if len(widths) != 1:
        raise TypeError("typst wrote its pages in another form")
    return widths.pop()
