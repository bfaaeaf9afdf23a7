"""The child that takes a stranger's file apart: confined before its first byte, for one file, without a verdict.

Once its modules are loaded it gives up root, the environment's last hold and every means but its memory and its two
pipes: no file, socket or pipe can be opened (a limit of 0 counts even for descriptors that were closed), nothing be
written to a disk, no process started, little memory taken, no more than seconds of a processor used. It reads the
file to its end, says what it found (`extracted`) and ends. Sources: setrlimit(2), prctl(2) PR_SET_NO_NEW_PRIVS.
"""

import ctypes
import os
import resource
import sys
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import zxingcpp
from PIL import Image

from hub.examination.extracted import (
    LONGEST_TEXT,
    MOST_TEXTS,
    READY,
    REFUSED,
    Extracted,
    PdfRead,
    PictureRead,
    Unread,
    XmlRead,
    to_answer,
)
from hub.examination.forms import Form, kind_of
from schemas.document import XML_NAME
from signing.errors import PdfRefusedError, XmlRefusedError
from signing.pdf_reading import extract_pdf
from signing.xml import XmlParts, extract_xml

MEMORY_BYTES = 256 * 1024 * 1024
CPU_SECONDS = 5
_MOST_PIXELS = 25_000_000
_ENOUGH_PIXELS = (2_000, 2_000)
_PICTURES = ("PNG", "JPEG")
_QR_CODES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_PR_SET_NO_NEW_PRIVS = 38
_NOBODY = 65_534
# User ids of nobody at all, one for each child: those of one user may send each other signals.
_OWN_USERS = 0x4000_0000


def serve() -> None:
    """Read one file from standard input, answer on standard output."""
    Image.preinit()  # what opens a kind of picture is loaded late
    confine()
    _say(READY)
    _say(to_answer(extract(sys.stdin.buffer.read())))
    # An interpreter takes ten times as long to end in order as most files take to read, and its parent waits for it.
    os._exit(0)


def _say(said: bytes) -> None:
    sys.stdout.buffer.write(said)
    sys.stdout.buffer.flush()


def extract(raw: bytes) -> Extracted:
    """Take a file apart by its kind. Raises whatever a library raises: the parent sees no answer then."""
    try:
        match kind_of(raw):
            case Form.PDF:
                return _pdf(raw)
            case Form.XML:
                return XmlRead(extract_xml(raw))
            case _:
                return _picture(raw)
    except (PdfRefusedError, XmlRefusedError):
        return Unread(REFUSED)


def confine() -> None:
    """Give up everything that reading needs not; what cannot be given up ends this process."""
    os.chdir("/")
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    _limit(resource.RLIMIT_AS, _mapped_bytes() + MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, round(sum(os.times()[:2])) + CPU_SECONDS)
    for forgone in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        _limit(forgone, 0)
    if os.geteuid() == 0:
        _leave_root()
    if ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError("this system cannot forgo new privileges")


def _leave_root() -> None:
    """Become a user of one's own, or nobody where only the usual users exist; a container may allow neither."""
    for user in (_OWN_USERS + os.getpid(), _NOBODY):
        with suppress(OSError):
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            return


def _mapped_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return pages * resource.getpagesize()


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


# --- each kind ---


def _pdf(raw: bytes) -> PdfRead:
    parts = extract_pdf(raw)
    return PdfRead(parts, _xml_in(dict(parts.attachments).get(XML_NAME, b"")))


def _xml_in(attached: bytes) -> XmlParts | None:
    try:
        return extract_xml(attached)
    except XmlRefusedError:
        return None


def _picture(raw: bytes) -> Extracted:
    with Image.open(BytesIO(raw), formats=_PICTURES) as picture:
        # A large photograph is scaled down, and read as grey, while it is decompressed.
        picture.draft("L", _ENOUGH_PIXELS)
        if picture.width * picture.height > _MOST_PIXELS:
            return Unread("picture_too_large")
        grey = picture.convert("L")
    found = zxingcpp.read_barcodes(grey, formats=_QR_CODES, text_mode=zxingcpp.TextMode.Plain)
    texts = [each.text for each in found if len(each.text.encode()) <= LONGEST_TEXT]
    return PictureRead(tuple(texts[:MOST_TEXTS]))
