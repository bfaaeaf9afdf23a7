"""The XML vectors: each is refused for its reason, the genuine ones are accepted."""

import json
from pathlib import Path

import pytest

from scripts.vectors.vector import Vector
from scripts.vectors.xml import FILE_NAME, large_vectors
from signing.errors import KeyUnknownError, SignatureInvalidError, XmlRefusedError
from signing.jws import VerificationKey
from signing.x509 import read_cert_unverified
from signing.xml import extract_xml, verify_xml

DOCUMENTS = Path(__file__).parent.parent / "vectors" / "documents"
CASES = sorted(path.name for path in (DOCUMENTS / "xml").iterdir())
LISTED = {path.read_bytes() for path in (DOCUMENTS / "listed").iterdir()}


def _find_key(cert_der: bytes) -> VerificationKey:
    if cert_der not in LISTED:
        raise KeyUnknownError("a cert that is not listed")
    facts = read_cert_unverified(cert_der)
    return VerificationKey(facts.algorithm, facts.public_key)


def _found(raw: bytes) -> dict[str, str]:
    """Return what became of a file, in the words of `expected.json`."""
    try:
        verify_xml(extract_xml(raw), find_key=_find_key)
    except SignatureInvalidError:
        return {"expected": "refused", "reason": "signature"}
    except (XmlRefusedError, KeyUnknownError) as refused:
        return {"expected": "refused", "reason": refused.reason}
    return {"expected": "accepted"}


@pytest.mark.parametrize("case", CASES)
def test_vector_becomes_what_is_expected_of_it(case: str) -> None:
    folder = DOCUMENTS / "xml" / case
    assert _found((folder / FILE_NAME).read_bytes()) == json.loads((folder / "expected.json").read_text())


@pytest.mark.parametrize("vector", list(large_vectors()), ids=lambda vector: vector.name)
def test_large_vector_becomes_what_is_expected_of_it(vector: Vector) -> None:
    assert _found(vector.content) == vector.expected


def test_none_but_the_genuine_ones_are_accepted() -> None:
    expected = {case: json.loads((DOCUMENTS / "xml" / case / "expected.json").read_text()) for case in CASES}
    accepted = [case for case, told in expected.items() if told["expected"] == "accepted"]
    # The twin's other signature holds as well: it is told from the issued file by its bytes.
    assert accepted == ["genuine", "genuine_copy", "genuine_other", "twin_signature"]
