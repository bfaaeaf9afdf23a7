"""Reading a sealed PDF: what the hub made is read, what is not byte for byte that is refused, nothing else happens.

The vectors (`test_pdf_vectors.py`) are what attackers do; here is what chance does.
"""

import re
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Object, Pdf, String
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from hub.steps.documents.faces.face import Face, FaceRow
from schemas.catalogue import CertificateType
from scripts.vectors.pdf_sealing import seal_carelessly, sealed_page
from signing.cms import sign_digest
from signing.errors import CmsRefusedError, KeyUnknownError, PdfRefusedError, SignatureInvalidError, SigningError
from signing.jws import VerificationKey
from signing.pdf import seal_pdf
from signing.pdf_reading import PdfParts, extract_pdf, verify_pdf
from tests.hub.faces.drawn import HOTEL, RECORD
from tests.hub.faces.example import CATALOGUE, DRAWING, MADE_AT, MARKING, XML, example_face, in_english
from tests.signing.authority import new_authority, new_party, new_root

SEAL = new_party(new_authority(new_root())).signer
SMALL = sealed_page("A", signer=SEAL)
SMALL_PARTS = extract_pdf(SMALL)


def _find_key(cert_der: bytes) -> VerificationKey:
    if cert_der != SEAL.cert_der:
        raise KeyUnknownError(sha256(cert_der).hexdigest())
    return VerificationKey("ES256", SEAL.private_key.public_key())


def _document(face: Face, attachments: Iterable[Any] = (XML,)) -> bytes:
    drawn = DRAWING.draw(face, attachments=list(attachments), made_at=MADE_AT)
    return seal_pdf(
        drawn.pdf,
        signer=SEAL,
        statement=b"the order this seal carries out",
        sealed_at=MADE_AT,
        page=drawn.seal_page,
        rect=drawn.seal_rect,
        name=face.body,
        reason="电子证照 certificate",
    )


@pytest.fixture(scope="module")
def copy() -> bytes:
    """A copy: two attached files, every page marked."""
    return _document(replace(HOTEL, marking=MARKING), [XML, RECORD])


def _is_accepted(raw: bytes) -> bool:
    """Tell whether a file is accepted, as it is read or with the parts of the genuine small one told for it."""
    return any(_verifies(raw, parts) for parts in (*_extracted(raw), SMALL_PARTS))


def _extracted(raw: bytes) -> list[PdfParts]:
    try:
        return [extract_pdf(raw)]
    except PdfRefusedError:
        return []


def _verifies(raw: bytes, parts: PdfParts) -> bool:
    try:
        verify_pdf(raw, parts, find_key=_find_key)
    except (PdfRefusedError, CmsRefusedError, SignatureInvalidError, KeyUnknownError):
        return False
    return True


def _flipped(raw: bytes, positions: Iterable[int]) -> Iterable[bytes]:
    return (raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :] for at in positions)


# --- what the hub made ---


@pytest.mark.parametrize("certificate_type", CATALOGUE.current(), ids=lambda each: each.code)
def test_every_type_is_read_and_verified_with_its_xml(certificate_type: CertificateType) -> None:
    raw = _document(example_face(certificate_type))
    parts = extract_pdf(raw)
    assert parts.attachments == ((XML.name, XML.content),)
    assert verify_pdf(raw, parts, find_key=_find_key).cert_der == SEAL.cert_der


@pytest.mark.parametrize("face", [HOTEL, in_english(HOTEL)], ids=["zh", "en"])
def test_many_pages_are_read_and_verified(face: Face) -> None:
    rows = tuple(FaceRow(f"项目{n}", f"Item {n}", "甲乙丙丁" * 40) for n in range(60))
    raw = _document(replace(face, rows=rows))
    assert _verifies(raw, extract_pdf(raw))


def test_a_copy_is_read_with_both_its_files(copy: bytes) -> None:
    parts = extract_pdf(copy)
    assert parts.attachments == ((XML.name, XML.content), (RECORD.name, RECORD.content))
    assert verify_pdf(copy, parts, find_key=_find_key).cert_der == SEAL.cert_der


def test_attached_files_of_any_size_come_back() -> None:
    files = [replace(XML, content=b"<a>" + b"x" * 900_000 + b"</a>"), replace(RECORD, content=b"")]
    parts = extract_pdf(_document(HOTEL, files))
    assert [content for _, content in parts.attachments] == [each.content for each in files]


def test_others_agree_that_it_is_valid_and_covers_the_whole_file(copy: bytes, tmp_path: Path) -> None:
    (tmp_path / "copy.pdf").write_bytes(copy)
    done = subprocess.run(["pdfsig", "-nocert", "copy.pdf"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "Signature is Valid" in done.stdout
    assert "Total document signed" in done.stdout
    (signature,) = PdfFileReader(BytesIO(copy)).embedded_signatures
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[], allow_fetching=False))
    assert (status.intact, status.valid, status.docmdp_ok) == (True, True, True)
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE


# --- what is not byte for byte that ---


def test_a_bit_flipped_in_any_octet_of_a_small_file_is_refused() -> None:
    assert not any(map(_is_accepted, _flipped(SMALL, range(len(SMALL)))))


def test_a_bit_flipped_in_any_octet_around_the_signature_of_a_drawn_page_is_refused(copy: bytes) -> None:
    parts = extract_pdf(copy)
    signature = range(parts.byte_range[1] - 100, parts.byte_range[2] + 500)
    trailer = range(copy.rindex(b"trailer"), len(copy))
    flipped = _flipped(copy, [*signature, *trailer])
    assert not any(_verifies(each, parts) for each in flipped)


def test_a_bit_flipped_anywhere_in_a_drawn_page_is_refused(copy: bytes) -> None:
    parts, places = extract_pdf(copy), Random(1).sample(range(len(copy)), 600)
    assert not any(_verifies(each, parts) for each in _flipped(copy, places))
    assert not any(map(_is_accepted, _flipped(copy, places)))


def test_every_shorter_file_is_refused(copy: bytes) -> None:
    assert not any(_is_accepted(SMALL[:length]) for length in range(len(SMALL)))
    assert not any(_is_accepted(copy[:length]) for length in range(0, len(copy), 97))


@given(st.integers(0, len(SMALL)), st.integers(0, 60), st.binary(max_size=60))
def test_any_change_is_refused(at: int, length: int, inserted: bytes) -> None:
    changed = SMALL[:at] + inserted + SMALL[at + length :]
    assert _is_accepted(changed) is (changed == SMALL)


# --- nothing else happens ---


@given(st.binary(max_size=2000))
def test_any_octets_are_refused(raw: bytes) -> None:
    assert not _is_accepted(raw)


@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), max_size=40))
def test_octets_overwritten_in_the_written_form_are_refused(overwritten: list[tuple[int, int]]) -> None:
    raw = bytearray(SMALL)
    raw[:] = bytes(dict(overwritten).get(at, octet) for at, octet in enumerate(SMALL))
    assert _is_accepted(bytes(raw)) is (bytes(raw) == SMALL)


def _forms(pdf: Pdf) -> list[Object]:
    """Return the objects that reading looks into."""
    field, file = pdf.Root.AcroForm.Fields[0], pdf.Root.AF[0]
    names = pdf.Root.Names
    signature = field.V
    reference = signature.Reference[0]
    return [
        *(pdf.Root, pdf.Root.AcroForm, pdf.Root.Perms, names, names.EmbeddedFiles, pdf.pages[0].obj, field, field.AP),
        *(field.AP.N, signature, reference, reference.TransformParams, file, file.EF, file.EF.F, file.EF.F.Params),
    ]


_KEYS = re.findall(
    r"/\w+",
    """
    /AF /AP /AFRelationship /AcroForm /Annots /DocMDP /EF /EmbeddedFiles /F /FT /Fields /Filter /Kids /Lang /N /Names
    /OC /P /Params /Parent /Perms /Reference /Resources /Size /SubFilter /Subtype /T /TransformMethod /TransformParams
    /Type /UF /V
    """,
)
_VALUES: dict[str, Callable[[Pdf], Any]] = {
    "nothing": lambda pdf: None,
    "number": lambda pdf: -1,
    "real": lambda pdf: 0.5,
    "truth": lambda pdf: True,
    "name": lambda pdf: Name.Sig,
    "text": lambda pdf: String("x"),
    "octets": lambda pdf: String(b"\xfe\xff\xd8\x00"),
    "list": lambda pdf: Array([]),
    "list of itself": lambda pdf: Array([pdf.Root, pdf.Root]),
    "dictionary": lambda pdf: Dictionary(),
    "catalogue": lambda pdf: pdf.Root,
    "field": lambda pdf: pdf.Root.AcroForm.Fields[0],
    "stream": lambda pdf: pdf.make_stream(b"x", Filter=Name.FlateDecode),
}


def _changed(place: int, key: str, value: str) -> Callable[[Pdf], None]:
    def change(pdf: Pdf) -> None:
        changed, made = _forms(pdf)[place], _VALUES[value](pdf)
        if made is not None:
            changed[key] = made
        elif key in changed:
            del changed[key]

    return change


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 15), st.sampled_from(_KEYS), st.sampled_from(sorted(_VALUES)))
def test_any_value_in_any_place_is_read_or_refused(place: int, key: str, value: str) -> None:
    raw = seal_carelessly(SMALL, _changed(place, key, value), signer=SEAL)
    assert all(_verifies(raw, parts) for parts in _extracted(raw))


# --- parts that somebody tells ---


@pytest.mark.parametrize(
    "change",
    [
        lambda a, b, c: (1, a, b, c),
        lambda a, b, c: (0, a - 1, b, c),
        lambda a, b, c: (0, a, b + 1, c - 1),
        lambda a, b, c: (0, a, b, c - 1),
        lambda a, b, c: (0, b, a, c),
        lambda a, b, c: (0, a, a + b + c, -a),
        lambda a, b, c: (0, -a, b, c),
        lambda a, b, c: (0, 0, 0, a + b + c),
    ],
)
def test_another_byte_range_than_the_file_states_is_refused(
    change: Callable[[int, int, int], tuple[int, int, int, int]],
) -> None:
    parts = replace(SMALL_PARTS, byte_range=change(*SMALL_PARTS.byte_range[1:]))
    with pytest.raises(PdfRefusedError) as refused:
        verify_pdf(SMALL, parts, find_key=_find_key)
    assert refused.value.reason == "byte_range"


@pytest.mark.parametrize(
    "change", [lambda cms: b"", lambda cms: cms[:-1], lambda cms: cms + b"\1", lambda cms: cms * 9]
)
def test_another_signature_than_stands_in_the_file_is_refused(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(PdfRefusedError) as refused:
        verify_pdf(SMALL, replace(SMALL_PARTS, cms=change(SMALL_PARTS.cms)), find_key=_find_key)
    assert refused.value.reason == "contents"


def test_zeros_of_the_place_are_no_part_of_the_signature() -> None:
    with pytest.raises(CmsRefusedError) as refused:
        verify_pdf(SMALL, replace(SMALL_PARTS, cms=SMALL_PARTS.cms + b"\0"), find_key=_find_key)
    assert refused.value.reason == "form"


def test_attached_file_that_is_not_among_the_octets_is_refused() -> None:
    lying = replace(SMALL_PARTS, attachments=(("certificate.xml", b"<of-another/>"),))
    with pytest.raises(PdfRefusedError) as refused:
        verify_pdf(SMALL, lying, find_key=_find_key)
    assert refused.value.reason == "attachments"


def test_a_seal_that_is_not_listed_is_named_by_who_looked_it_up() -> None:
    stranger = new_party(new_authority(new_root())).signer
    raw = sealed_page("A", signer=stranger)
    with pytest.raises(KeyUnknownError):
        verify_pdf(raw, extract_pdf(raw), find_key=_find_key)


def test_a_signature_over_the_digest_of_another_file_is_refused() -> None:
    other = sign_digest(sha256(b"another file").digest(), signer=SEAL, statement=None)
    raw = seal_carelessly(SMALL, signer=SEAL, make_cms=lambda *_: other)
    with pytest.raises(SigningError, match="other content"):
        verify_pdf(raw, extract_pdf(raw), find_key=_find_key)
