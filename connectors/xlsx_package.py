"""The archive of an XLSX file (ECMA-376 part 2): its members within limits, and each part read as a stream of elements.

A stranger's archive: members, sizes and ratios are limited before anything is unpacked, document types (and with them
entities) are refused, no part is ever held whole.
"""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from errno import EINVAL
from pathlib import Path
from xml.parsers import expat

from connectors.contract import TabularLimits
from connectors.errors import TabularCutError, TabularFormError, TabularLimitError

_CHUNK_BYTES = 64 * 1024
_MAX_MEMBERS = 10_000
_MAX_TOKEN_BYTES = 4 * 1024**2
_MAX_NAMES = 10_000
_MEMBER_RECORD = b"PK\x01\x02"
_ENCRYPTED_FLAGS = 0x1 | 0x40
_PATCH_FLAG = 0x20

# Below this size a ratio says nothing: a small sheet of equal rows packs very well.
_RATIO_FROM_BYTES = 16 * 1024**2


def ignore_text(text: str) -> None:
    """Do nothing: for parts whose text says nothing."""


@dataclass(frozen=True, slots=True)
class Elements:
    """What to call, in order, as a part is read: at an element's start, with its attributes, at its end, and for text,
    often in pieces. Elements go by local name: the standard's strict and transitional forms differ in namespaces only.
    """

    starts: Mapping[str, Callable[[Mapping[str, str]], None]]
    ends: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    text: Callable[[str], None] = ignore_text


class Package:
    """An opened archive; `close` it, or use it in a with statement."""

    def __init__(self, path: Path, *, limits: TabularLimits) -> None:
        """Raises TabularCutError when the archive's directory is missing, TabularLimitError, TabularFormError."""
        _check_member_count(path)
        with _failures_named():
            self._archive = zipfile.ZipFile(path)
        try:
            self._members = _checked_members(self._archive, limits)
        except BaseException:
            self._archive.close()
            raise

    def __enter__(self) -> "Package":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._archive.close()

    def size(self, part: str) -> int:
        """Return a part's unpacked size in bytes. Raises TabularFormError when there is no such part."""
        return self._member(part).file_size

    def read(self, part: str, elements: Elements) -> None:
        """Read a part to its end. Raises as `stream`."""
        for _ in self.stream(part, elements):
            pass

    def stream(self, part: str, elements: Elements) -> Iterator[None]:
        """Read a part piece by piece, pausing after each so that what was found can be passed on.

        Raises TabularFormError (no such part, not well formed, a document type), TabularLimitError (one tag of many
        megabytes) and TabularCutError (the bytes end early or fail their checksum).
        """
        parser, fed = _parser(elements), 0
        with _failures_named():
            opened = self._archive.open(self._member(part))
        try:
            with opened as file:
                while chunk := file.read(_CHUNK_BYTES):
                    parser.Parse(chunk, False)
                    fed += len(chunk)
                    # expat keeps an unfinished tag, and every name of an element or attribute it has met.
                    if fed - parser.CurrentByteIndex > _MAX_TOKEN_BYTES or len(parser.intern) > _MAX_NAMES:
                        raise TabularLimitError("token")
                    yield
                parser.Parse(b"", True)
                yield
        except expat.ExpatError:
            raise TabularFormError("xml") from None
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise TabularCutError("archive") from None

    def _member(self, part: str) -> zipfile.ZipInfo:
        try:
            return self._members[part.casefold()]
        except KeyError:
            raise TabularFormError("workbook") from None


@contextmanager
def _failures_named() -> Iterator[None]:
    """Turn what zipfile says of a malformed directory into our kinds."""
    try:
        yield
    except NotImplementedError:
        raise TabularFormError("archive") from None
    except (zipfile.BadZipFile, ValueError, OverflowError):
        raise TabularCutError("archive") from None
    except OSError as error:
        # A member that begins before the file does; any other is the disk's.
        if error.errno != EINVAL:
            raise
        raise TabularCutError("archive") from None


def _check_member_count(path: Path) -> None:
    """Bound what the archive's directory costs in memory, before it is read: each of its records has this mark."""
    count, tail = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            count += (tail + chunk).count(_MEMBER_RECORD)
            tail = chunk[1 - len(_MEMBER_RECORD) :]
            if count > _MAX_MEMBERS:
                raise TabularLimitError("members")


def _checked_members(archive: zipfile.ZipFile, limits: TabularLimits) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name, which the standard compares without case. Sizes hold: zipfile reads no further."""
    members: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for member in archive.infolist():
        total += member.file_size
        if total > limits.max_uncompressed_bytes:
            raise TabularLimitError("uncompressed")
        if member.file_size > max(_RATIO_FROM_BYTES, limits.max_ratio * member.compress_size):
            raise TabularLimitError("ratio")
        if member.flag_bits & _ENCRYPTED_FLAGS:
            raise TabularFormError("encrypted")
        # Only what the standard allows: LZMA would let the stranger choose how much memory unpacking takes.
        if member.flag_bits & _PATCH_FLAG or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise TabularFormError("archive")
        # Two members of one name: programs would disagree which of them is the sheet.
        if members.setdefault(member.filename.casefold(), member) is not member:
            raise TabularFormError("archive")
    return members


def _parser(elements: Elements) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    starts: dict[str, Callable[[Mapping[str, str]], None] | None] = {}
    ends: dict[str, Callable[[], None] | None] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name not in starts:
            local = name.rpartition(" ")[2]
            starts[name], ends[name] = elements.starts.get(local), elements.ends.get(local)
        if call := starts[name]:
            call(attributes)

    def end(name: str) -> None:
        if call := ends[name]:
            call()

    def refuse(*_: object) -> None:
        raise TabularFormError("doctype")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = elements.text
    parser.StartDoctypeDeclHandler = refuse
    return parser
