"""What the parent makes of whatever a child says: never a failure, and never a seal where there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.public.examination.documents import ShownDocument, prove_document, read_shown
from hub.public.examination.extracted import Extracted, PdfRead, PictureRead, Unread, XmlRead
from hub.public.examination.forms import Examined
from schemas.verdict import Result
from schemas.wording import FORMS, NOT_READ
from signing.pdf_reading import PdfParts
from signing.xml import XmlParts
from tests.flows.shown import ORIGIN, new_desk
from tests.signing.authority import NOW

DESK = new_desk()
TRUST, CERT = DESK.trust(), DESK.city.seal.cert_der
NUMBERS = st.integers(0, 200) | st.integers(0, 2**64 - 1)
OCTETS = st.binary(max_size=80) | st.just(CERT)
XML = st.builds(XmlParts, OCTETS, OCTETS, OCTETS, st.binary(min_size=64, max_size=64), OCTETS)
PDF = st.builds(
    PdfParts, st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), OCTETS, st.tuples(st.tuples(st.text(max_size=9), OCTETS))
)
SAID = (
    st.builds(PdfRead, PDF, st.none() | XML)
    | st.builds(XmlRead, XML)
    | st.builds(PictureRead, st.tuples(st.text(max_size=50)))
    | st.builds(Unread, st.sampled_from(["refused", "unreadable", "too_slow", "picture_too_large"]))
)


@pytest.mark.parametrize(
    "raw",
    [
        b"%PDF-1.7 certificate.xml /ByteRange [ 0 9 9 9] /Contents <00>",
        b"%PDF-1.7",
        b"<sealed xmlns='urn:yizhao:sealed:1'>",
        b"<x/>",
        b"\x89PNG\r\n\x1a\n",
    ],
)
@given(said=SAID)
def test_whatever_a_child_says_nothing_is_sealed_by_it(raw: bytes, said: Extracted) -> None:
    assert seal_of(read_shown(raw, origin=ORIGIN, read=lambda _: said)) in (None, Result.FAILED, Result.UNKNOWN)


def seal_of(shown: ShownDocument | Examined) -> Result | None:
    """Return what is found of a document's seal; None of what gets no verdict, for a reason that can be told."""
    if isinstance(shown, Examined):
        assert (shown.form.value in FORMS, shown.reason in NOT_READ) == (True, True)
        return None
    return prove_document(shown, find_type=lambda code, version: None, trust=TRUST, now=NOW).seal.result


def test_text_is_never_given_to_a_child() -> None:
    def read(_: bytes) -> Extracted:
        raise AssertionError("a text was given to a child")

    texts = [b"", b"{}", b"hello", "证照".encode(), b"\x00\xff", b"a.b.c", b"PK\x03\x04", b"GIF89a", b"\xff\xfe<\x00"]
    assert {type(read_shown(each, origin=ORIGIN, read=read)) for each in texts} == {Examined}


@pytest.mark.parametrize("beginning", [b"%PDF-", b"<", b"\xff\xd8\xff"])
def test_file_that_is_too_large_is_not_given_to_a_child_either(beginning: bytes) -> None:
    shown = read_shown(beginning + bytes(20 * 1024 * 1024), origin=ORIGIN, read=lambda _: PictureRead(()))
    assert isinstance(shown, Examined)
    assert shown.reason == "too_large"
