"""The PDF vectors: each is refused for its reason, the genuine ones are accepted, and no part of them is believed."""

import json
import re
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from scripts.vectors.pdf import FILE_NAME, LARGE, large_vector
from signing.errors import CmsRefusedError, KeyUnknownError, PdfRefusedError, SignatureInvalidError
from signing.jws import VerificationKey
from signing.pdf_reading import PdfParts, extract_pdf, verify_pdf
from signing.x509 import read_cert_unverified

DOCUMENTS = Path(__file__).parent.parent / "vectors" / "documents"
CASES = sorted(path.name for path in (DOCUMENTS / "pdf").iterdir())
LISTED = {path.read_bytes() for path in (DOCUMENTS / "listed").iterdir()}
GENUINE = ["genuine", "genuine_drawn", "genuine_other"]
# What the seal covers whole, and sealing would not have made: refused by those who look at what is in it.
SEALED_CARELESSLY = [case for case in CASES if case.startswith("sealed_")]
_SIGNATURE = re.compile(rb"<(3082[0-9a-f]+)>")


def _find_key(cert_der: bytes) -> VerificationKey:
    if cert_der not in LISTED:
        raise KeyUnknownError(sha256(cert_der).hexdigest())
    facts = read_cert_unverified(cert_der)
    return VerificationKey(facts.algorithm, facts.public_key)


def _vector(case: str) -> bytes:
    return (DOCUMENTS / "pdf" / case / FILE_NAME).read_bytes()


def _found(raw: bytes) -> dict[str, str]:
    """Return what became of a file, in the words of `expected.json`."""
    try:
        return _verified(raw, extract_pdf(raw))
    except PdfRefusedError as refused:
        return {"expected": "refused", "reason": refused.reason}


def _verified(raw: bytes, parts: PdfParts) -> dict[str, str]:
    try:
        verify_pdf(raw, parts, find_key=_find_key)
    except SignatureInvalidError:
        return {"expected": "refused", "reason": "signature"}
    except (PdfRefusedError, CmsRefusedError, KeyUnknownError) as refused:
        return {"expected": "refused", "reason": refused.reason}
    return {"expected": "accepted"}


def _lies(raw: bytes) -> Iterator[PdfParts]:
    """Tell of each place that could hold a signature that it is the one, and that it is over all the rest."""
    for found in _SIGNATURE.finditer(raw):
        padded = bytes.fromhex(found[1].decode()[: len(found[1]) // 2 * 2])
        cms = padded[: 4 + int.from_bytes(padded[2:4], "big")]
        yield PdfParts((0, found.start(), found.end(), len(raw) - found.end()), cms, ())


@pytest.mark.parametrize("case", CASES)
def test_vector_becomes_what_is_expected_of_it(case: str) -> None:
    assert _found(_vector(case)) == json.loads((DOCUMENTS / "pdf" / case / "expected.json").read_text())


@pytest.mark.parametrize("name", LARGE)
def test_large_vector_becomes_what_is_expected_of_it(name: str) -> None:
    vector = large_vector(name)
    assert _found(vector.content) == vector.expected


def test_none_but_the_genuine_ones_are_accepted() -> None:
    assert [case for case in CASES if _found(_vector(case)) == {"expected": "accepted"}] == GENUINE


@pytest.mark.parametrize("case", CASES)
def test_whatever_is_told_of_a_file_only_what_the_seal_covers_whole_is_accepted(case: str) -> None:
    raw = _vector(case)
    accepted = any(_verified(raw, lie) == {"expected": "accepted"} for lie in _lies(raw))
    assert accepted is (case in {*GENUINE, *SEALED_CARELESSLY} - {"sealed_with_words_of_a_range"})


def _told(tool: list[str], case: str) -> str:
    path = str(DOCUMENTS / "pdf" / case / FILE_NAME)
    words = [path if each == "FILE" else each for each in tool]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("case", GENUINE)
def test_another_program_calls_valid_and_whole_what_is_accepted(case: str) -> None:
    said = _told(["pdfsig", "-nocert", "FILE"], case)
    assert "Signature is Valid" in said
    assert "Total document signed" in said


@pytest.mark.parametrize("case", ["wrapped_second_part_moved", "after_page_swapped", "shadow_hidden_and_replaced"])
def test_another_program_calls_valid_what_shows_the_name_of_another_shop(case: str) -> None:
    assert "Signature is Valid" in _told(["pdfsig", "-nocert", "FILE"], case)
    assert "SHOP Z" in _told(["pdftotext", "FILE", "-"], case)
