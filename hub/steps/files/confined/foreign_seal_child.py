"""The child that checks the seals of a PDF which another system made; pyHanko has the word on it.

Forms and algorithms of strangers are not ours to read: a department's older files come from many makers. It is given
the anchors of the site (DER certs), the moment (ISO 8601) and the file. All seals of the file must hold: whole and
unaltered but for the seals that followed, by digests that are not weak, each by a cert that leads to an anchor and was
in force when the seal claims to have been made; the last one covers the file to its end. Nothing is fetched, so a cert
that was revoked is not known as such; the time is claimed and not proven. The department's order vouches for the rest.
"""

from collections.abc import Coroutine
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any, TypeVar

from asn1crypto.x509 import Certificate as Cert
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from hub.steps.files.confined import child
from hub.steps.files.confined.octets import joined, split

T = TypeVar("T")
LARGEST_REQUEST = 64 * 1024 * 1024
_MOST_SEALS = 16
_STRONG = frozenset({"sha256", "sha384", "sha512"})
_CLOCK_TOLERANCE = timedelta(minutes=5)
_BY_LATER_SEALS = frozenset({ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING})


class _NotGood(Exception):
    pass


def serve() -> None:
    """Check one file, confined."""
    ECDSA(SHA256())  # what it verifies with is loaded late, and could not be loaded any more
    child.serve(check)


def check(asked: bytes) -> bytes:
    """Return "sealed" with subject, cert digest (hex) and claimed time of the last seal, or "refused" and why."""
    *anchors, moment, pdf = split(asked, most=LARGEST_REQUEST)
    now = datetime.fromisoformat(moment.decode())
    try:
        seals = _seals(pdf)
        checked = [_check(seal, anchors, now, is_last=seal is seals[-1]) for seal in seals]
    except _NotGood as error:
        return joined(b"refused", str(error).encode())
    cert, claimed = checked[-1].signing_cert, seals[-1].self_reported_timestamp
    subject = cert.subject.native.get("common_name") or cert.subject.human_friendly
    told = subject if isinstance(subject, str) else " ".join(subject)
    digest = sha256(cert.dump()).hexdigest()
    return joined(b"sealed", told.encode(), digest.encode(), claimed.isoformat().encode() if claimed else b"")


def _seals(pdf: bytes) -> list[EmbeddedPdfSignature]:
    try:
        seals = list(PdfFileReader(BytesIO(pdf)).embedded_regular_signatures)
    except (PdfError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise _NotGood("unreadable") from error
    if not seals:
        raise _NotGood("no_seal")
    if len(seals) > _MOST_SEALS:
        raise _NotGood("unreadable")
    return seals


def _check(seal: EmbeddedPdfSignature, anchors: list[bytes], now: datetime, *, is_last: bool) -> PdfSignatureStatus:
    claimed = seal.self_reported_timestamp
    if claimed is not None and claimed.tzinfo is None:
        raise _NotGood("time")
    if claimed is not None and claimed > now + _CLOCK_TOLERANCE:
        raise _NotGood("time")
    context = ValidationContext(
        trust_roots=[Cert.load(anchor) for anchor in anchors], allow_fetching=False, moment=claimed or now
    )
    try:
        status = _ended(async_validate_pdf_signature(seal, context))
    except OSError:
        raise  # this child's own fault: it has no answer then
    except Exception as error:
        # pyHanko meets what is not of the type it should be with any of Python's errors.
        raise _NotGood("seal") from error
    if not (status.intact and status.valid):
        raise _NotGood("changed")
    if status.md_algorithm.lower().replace("-", "") not in _STRONG:
        raise _NotGood("weak")
    if not status.trusted:
        raise _NotGood("not_trusted")
    whole = (
        status.coverage == SignatureCoverageLevel.ENTIRE_FILE and status.modification_level == ModificationLevel.NONE
    )
    if not (whole if is_last else status.modification_level in _BY_LATER_SEALS):
        raise _NotGood("changed")
    return status


def _ended(work: Coroutine[Any, Any, T]) -> T:
    """Run what waits for nothing: an event loop would open a socket of its own."""
    try:
        work.send(None)
    except StopIteration as ended:
        result: T = ended.value
        return result
    work.close()
    raise _NotGood("seal")
