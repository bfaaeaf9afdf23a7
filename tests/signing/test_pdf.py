"""A sealed PDF: what other people's tools say of it, what a change does to it, and what is never sealed."""

import re
import subprocess
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import noto_cjk_sans_otc
import pikepdf
import pytest
import typst
from pikepdf import Array, Dictionary, Name, Pdf, String
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from signing.errors import AlgorithmRefusedError, CertRefusedError, PdfRefusedError
from signing.pdf import seal_pdf
from signing.signers.file import FileSigner
from signing.x509 import Purpose
from tests.signing.authority import new_authority, new_party, new_root, new_signer

SEALED_AT = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
STATEMENT = b"the order this seal carries out"
XML = "<certificate>示例</certificate>"
_PAGE = """
#set document(title: "示例证照", date: datetime(year: 2026, month: 11, day: 24))
#set text(font: "Noto Sans CJK SC", lang: "zh")
#pdf.attach(
  "certificate.xml", bytes(sys.inputs.xml),
  description: "the certificate", relationship: "source", mime-type: "application/xml",
)
示例食品店
#pagebreak()
第二页
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two drawn pages, PDF/A-3b, with the XML attached."""
    source = tmp_path_factory.mktemp("drawn") / "page.typ"
    source.write_text(_PAGE)
    fonts = typst.Fonts(include_system_fonts=False, font_paths=[Path(noto_cjk_sans_otc.__file__).parent])
    compiler = typst.Compiler(source, font_paths=fonts)
    pdf = compiler.compile(format="pdf", sys_inputs={"xml": XML}, pdf_standards="a-3b", timestamp=SEALED_AT)
    assert isinstance(pdf, bytes)
    return pdf


@pytest.fixture(scope="module")
def signer() -> FileSigner:
    authority = new_authority(new_root())
    return new_party(authority, purpose=Purpose.SEAL).signer


def _seal(pdf: bytes, signer: FileSigner, *, page: int = 2) -> bytes:
    return seal_pdf(
        pdf,
        signer=signer,
        statement=STATEMENT,
        sealed_at=SEALED_AT,
        page=page,
        rect=(100, 100, 200, 200),
        name="示例市市场监督管理局",
        reason="电子证照签章",
    )


@pytest.fixture(scope="module")
def sealed(drawn: bytes, signer: FileSigner) -> bytes:
    return _seal(drawn, signer)


def _told(tool: list[str], pdf: bytes, folder: Path) -> str:
    path = folder / "shown.pdf"
    path.write_bytes(pdf)
    done = subprocess.run([*tool, str(path)], capture_output=True, text=True, check=False, cwd=folder)
    return done.stdout + done.stderr


def _cut(pdf: bytes) -> tuple[bytes, bytes]:
    """Return what the signature covers, and its CMS."""
    found = re.search(rb"/ByteRange \[ 0 (\d+) (\d+) (\d+)", pdf)
    assert found is not None
    opened, closed, rest = map(int, found.groups())
    assert closed + rest == len(pdf)
    padded = bytes.fromhex(pdf[opened + 1 : closed - 1].decode())
    length = 4 + int.from_bytes(padded[2:4], "big")
    assert not any(padded[length:])
    return pdf[:opened] + pdf[closed:], padded[:length]


def test_reader_says_valid_and_the_whole_document_signed(sealed: bytes, tmp_path: Path) -> None:
    said = _told(["pdfsig", "-nocert"], sealed, tmp_path)
    assert "Signature Validation: Signature is Valid." in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert said.count("Signature #") == 1


def test_cms_holds_for_openssl_with_the_signers_cert_inside(sealed: bytes, signer: FileSigner, tmp_path: Path) -> None:
    covered, cms = _cut(sealed)
    (tmp_path / "covered").write_bytes(covered)
    (tmp_path / "cms").write_bytes(cms)
    tool = "openssl cms -verify -binary -inform DER -in cms -content covered -noverify -out out -certsout certs"
    subprocess.run(tool.split(), check=True, capture_output=True, cwd=tmp_path)
    read = ["openssl", "x509", "-in", "certs", "-outform", "DER"]
    assert subprocess.run(read, check=True, capture_output=True, cwd=tmp_path).stdout == signer.cert_der


def test_second_validator_finds_it_intact_and_covering_the_entire_file(sealed: bytes) -> None:
    (signature,) = PdfFileReader(BytesIO(sealed)).embedded_signatures
    # Whose cert it is, is not asked: its TEST extension is critical, and no foreign software knows it.
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[], allow_fetching=False))
    assert status.intact
    assert status.valid
    assert status.docmdp_ok
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE


def test_file_is_whole_and_keeps_what_was_drawn(sealed: bytes, tmp_path: Path) -> None:
    assert "No syntax or stream encoding errors found" in _told(["qpdf", "--check"], sealed, tmp_path)
    with Pdf.open(BytesIO(sealed)) as pdf:
        assert pdf.attachments["certificate.xml"].get_file().read_bytes() == XML.encode()
        assert "/OutputIntents" in pdf.Root
        assert b"pdfaid:part" in pdf.Root.Metadata.read_bytes()
        assert pdf.Root.AF[0].AFRelationship == Name.Source


def test_signature_certifies_that_no_change_is_allowed(sealed: bytes) -> None:
    with Pdf.open(BytesIO(sealed)) as pdf:
        (field,) = list(pdf.Root.AcroForm.Fields)
        assert pdf.Root.Perms.DocMDP.objgen == field.V.objgen
        assert field.V.Reference[0].TransformParams.P == 1
        assert str(field.V.M) == "D:20261124010203+00'00'"
        assert (field.FT, len(pdf.pages[1].obj.Annots)) == (Name.Sig, 1)
        assert "/Annots" not in pdf.pages[0].obj


def test_all_but_the_signature_follows_from_the_input(drawn: bytes, sealed: bytes, signer: FileSigner) -> None:
    assert _cut(_seal(drawn, signer))[0] == _cut(sealed)[0]


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.99])
def test_one_changed_byte_breaks_the_signature(sealed: bytes, share: float, tmp_path: Path) -> None:
    covered, cms = _cut(sealed)
    changed = bytearray(covered)
    changed[int(len(covered) * share)] ^= 1
    (tmp_path / "covered").write_bytes(changed)
    (tmp_path / "cms").write_bytes(cms)
    tool = "openssl cms -verify -binary -inform DER -in cms -content covered -noverify -out out"
    done = subprocess.run(tool.split(), check=False, capture_output=True, cwd=tmp_path)
    assert done.returncode != 0


def test_bytes_after_the_end_are_told(sealed: bytes, tmp_path: Path) -> None:
    assert "Total document signed" not in _told(["pdfsig", "-nocert"], sealed + b"\n% more", tmp_path)


def _changed(pdf: bytes, what: str) -> bytes:
    with Pdf.open(BytesIO(pdf)) as opened:
        script = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
        if what == "form":
            opened.Root.AcroForm = Dictionary(Fields=Array([]))
        elif what == "action":
            opened.Root.OpenAction = script
        elif what == "script":
            opened.Root.Names.JavaScript = Dictionary(Names=Array([String("a"), script]))
        elif what == "words":
            opened.Root.Words = opened.make_stream(b"/ByteRange [ 0 1 2 3 ] /Contents <00>")
        elif what == "layers":
            opened.Root.OCProperties = Dictionary(OCGs=Array([]), D=Dictionary())
        else:
            note = Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=Array([0, 0, 9, 9]))
            opened.pages[0].obj.Annots = Array([opened.make_indirect(note)])
        written = BytesIO()
        opened.save(written, compress_streams=False)
    return written.getvalue()


@pytest.mark.parametrize("what", ["form", "action", "script", "layers", "note"])
def test_what_could_change_its_meaning_is_not_sealed(drawn: bytes, signer: FileSigner, what: str) -> None:
    with pytest.raises(PdfRefusedError) as refused:
        _seal(_changed(drawn, what), signer)
    assert refused.value.reason == "active"


def test_a_file_that_holds_the_words_of_a_signature_is_not_sealed(drawn: bytes, signer: FileSigner) -> None:
    with pytest.raises(PdfRefusedError) as refused:
        _seal(_changed(drawn, "words"), signer)
    assert refused.value.reason == "byte_range"


def test_a_sealed_file_is_not_sealed_twice(sealed: bytes, signer: FileSigner) -> None:
    with pytest.raises(PdfRefusedError) as refused:
        _seal(sealed, signer)
    assert refused.value.reason == "active"


def test_an_encrypted_file_is_not_sealed(drawn: bytes, signer: FileSigner) -> None:
    locked = BytesIO()
    with Pdf.open(BytesIO(drawn)) as pdf:
        pdf.save(locked, encryption=pikepdf.Encryption(owner="o", user=""))
    with pytest.raises(PdfRefusedError) as refused:
        _seal(locked.getvalue(), signer)
    assert refused.value.reason == "encrypted"


@pytest.mark.parametrize(("pdf", "page", "reason"), [(b"not a PDF", 1, "malformed"), (None, 3, "page")])
def test_no_pdf_and_no_page_are_told(
    drawn: bytes, signer: FileSigner, pdf: bytes | None, page: int, reason: str
) -> None:
    with pytest.raises(PdfRefusedError) as refused:
        _seal(drawn if pdf is None else pdf, signer, page=page)
    assert refused.value.reason == reason


def test_a_key_without_cert_or_of_another_algorithm_seals_no_document(drawn: bytes) -> None:
    with pytest.raises(CertRefusedError):
        _seal(drawn, new_signer())
    ed25519 = new_party(new_authority(new_root()), purpose=Purpose.SEAL, algorithm="Ed25519").signer
    with pytest.raises(AlgorithmRefusedError):
        _seal(drawn, ed25519)
