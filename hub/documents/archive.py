"""Many documents in one zip, with a list of contents; made as it is sent, so that no copy of it lies anywhere.

The list is CSV as spreadsheets want it (`hub/steps/files/spreadsheet.py`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.documents.downloads import Fetchable
from hub.steps.files.spreadsheet import BYTE_ORDER_MARK, csv_row
from hub.steps.files.zip_stream import ZipStream
from hub.store.document import StoredDocument
from schemas.certificate import SHANGHAI
from schemas.download import EDITION_WORDS

CONTENTS_NAME = "目录 contents.csv"
_TITLES = (
    "文件 file", "证照类型 certificate type", "证照编号 certificate number", "证照标识 identifier",
    "版本 edition", "签章时间 sealed at", "SHA-256",
)  # fmt: skip
_NOT_IN_A_NAME = re.compile(r"[^\w〔〕（）()-]+")
_LONGEST_PART = 30


@dataclass(frozen=True, slots=True)
class Archived:
    """One document of an archive; its bytes are read when their turn comes."""

    fetchable: Fetchable
    type_name: str
    stored: StoredDocument


def file_name(each: Archived, number: int = 0) -> str:
    """Return the name under which a document is saved: type, number and edition, in what every system allows."""
    parts = (each.type_name, each.fetchable.certificate_number, EDITION_WORDS[each.stored.edition])
    named = "_".join(_NOT_IN_A_NAME.sub("", part)[:_LONGEST_PART] for part in parts if part)
    return f"{number:03d}_{named}.pdf" if number else f"{named}.pdf"


def archive_of(documents: Sequence[Archived], read: Callable[[Archived], bytes], *, now: datetime) -> Iterator[bytes]:
    """Yield a zip of these documents and their list; `read` returns a document's bytes, or raises and breaks it off."""
    zipped = ZipStream(now.astimezone(SHANGHAI).timetuple()[:6])
    names = [file_name(each, number) for number, each in enumerate(documents, 1)]
    yield zipped.add(CONTENTS_NAME, _contents(zip(names, documents, strict=True)))
    for name, each in zip(names, documents, strict=True):
        yield zipped.add(name, read(each))
    yield zipped.end()


def _contents(documents: Iterable[tuple[str, Archived]]) -> bytes:
    lines = [BYTE_ORDER_MARK, csv_row(_TITLES)]
    for name, each in documents:
        cells = (
            name,
            each.type_name,
            each.fetchable.certificate_number,
            each.fetchable.identifier,
            EDITION_WORDS[each.stored.edition],
            each.stored.sealed_at.astimezone(SHANGHAI).isoformat(),
            each.stored.sha256,
        )
        lines.append(csv_row(cells))
    return b"".join(lines)
