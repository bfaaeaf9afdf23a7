"""The ordinary way to the same document: HTML drawn by weasyprint, signed by pyHanko, read by pyHanko and signxml.

The page has the same rows of text, QR, seal and attached XML on a plainer paper; nothing is kept, synced or entered.
What can be made once, fonts, style and key, is made once.
"""

from datetime import UTC, datetime, timedelta
from html import escape
from io import BytesIO
from pathlib import Path

import noto_cjk_sans_otc
from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore
from signxml.verifier import SignatureConfiguration
from signxml.xades.xades import XAdESVerifier
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration

from hub.steps.documents.faces.face import Face

_STYLE = """
@font-face { font-family: han; src: url(%s) }
@page { size: A4 landscape; margin: 16mm; border: 1.4pt double #c3161c }
body { font: 9.5pt han; text-align: center }
table { text-align: left; width: 100%% }
.seal, .qr { position: absolute; bottom: 4mm; width: 34mm; height: 34mm }
.seal { right: 4mm } .qr { left: 4mm }
"""
_SEAL = """
<svg class="seal" viewBox="0 0 100 100"><circle cx="50" cy="50" r="46" fill="none" stroke="#c3161c" stroke-width="4"/>
<polygon points="50,24 56,42 75,42 60,53 66,71 50,60 34,71 40,53 25,42 44,42" fill="#c3161c"/>
<text x="50" y="18" font-size="8" text-anchor="middle" fill="#c3161c">%s</text>
<text x="50" y="86" font-size="9" text-anchor="middle" fill="#c3161c">TEST</text></svg>
"""


class OrdinaryPage:
    """Draws a face as PDF/A-3b by weasyprint."""

    def __init__(self) -> None:
        (font,) = Path(noto_cjk_sans_otc.__file__).parent.glob("*.ttc")
        self._fonts = FontConfiguration()
        self._style = CSS(string=_STYLE % font.as_uri(), font_config=self._fonts)

    def draw(self, face: Face, xml: bytes) -> bytes:
        attached = Attachment(string=xml, name="certificate.xml", relationship="Source")
        drawn: bytes = HTML(string=_html(face)).write_pdf(
            stylesheets=[self._style], font_config=self._fonts, pdf_variant="pdf/a-3b", attachments=[attached]
        )
        return drawn


def _html(face: Face) -> str:
    stated = [
        (face.number_label_zh, face.number_label_en, face.number),
        ("持证主体", "Holder", face.holder),
        ("统一社会信用代码", "Licence number", face.licence_number),
        *((row.label_zh, row.label_en, row.value) for row in face.rows),
        ("有效期", "Valid", f"{face.valid_from} – {face.valid_to}"),
        ("颁发机构", "Issuing body", face.body),
        ("颁发日期", "Issued on", face.issued_on),
        ("证照标识", "Identifier", face.identifier),
        ("签章时间", "Sealed at", face.sealed_at),
    ]
    rows = "".join(f"<tr><th>{zh} {en}</th><td>{escape(value)}</td></tr>" for zh, en, value in stated)
    qr = face.qr_svg.decode().replace("<svg ", '<svg class="qr" ', 1)
    return (
        f"<html lang='zh'><head><title>{face.title_zh}</title></head><body><h1>{face.title_zh}</h1>"
        f"<h2>{face.title_en}</h2><table>{rows}</table>{qr}{_SEAL % escape(face.body)}</body></html>"
    )


class OrdinaryKey:
    """A key of P-256 with a cert that it signed itself and that no software takes for anything special."""

    def __init__(self) -> None:
        self.private_key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "示例")])
        # Serial number 1, and what the key is for: digital signatures and non-repudiation.
        usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
        cert = (
            x509.CertificateBuilder(name, name, self.private_key.public_key(), 1, now, now + timedelta(days=1))
            .add_extension(usage, critical=True)
            .sign(self.private_key, hashes.SHA256())
        )
        self.cert_der = cert.public_bytes(Encoding.DER)


class OrdinarySeal:
    """Signs PAdES-B-B by pyHanko, certified against any change, with room reserved so that it signs once only."""

    def __init__(self, key: OrdinaryKey) -> None:
        private_key = key.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        signer = SimpleSigner(
            signing_cert=asn1_x509.Certificate.load(key.cert_der),
            signing_key=keys.PrivateKeyInfo.load(private_key),
            cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        )
        wanted = PdfSignatureMetadata(
            field_name="seal",
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        self._signer = PdfSigner(wanted, signer=signer)

    def seal(self, pdf: bytes) -> bytes:
        sealed = BytesIO()
        self._signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)), output=sealed, bytes_reserved=4096)
        return sealed.getvalue()


class OrdinaryReader:
    """Verifies by pyHanko, which trusts one cert, and by signxml."""

    def __init__(self, trusted_cert_der: bytes) -> None:
        self._trusted = asn1_x509.Certificate.load(trusted_cert_der)

    def verify_pdf(self, sealed: bytes) -> None:
        (signature,) = PdfFileReader(BytesIO(sealed)).embedded_signatures
        context = ValidationContext(trust_roots=[self._trusted], allow_fetching=False)
        status = validate_pdf_signature(signature, context)
        if not (status.intact and status.valid and status.trusted and status.docmdp_ok):
            raise AssertionError("a sealed PDF does not hold for pyHanko")

    def verify_xml(self, sealed: bytes, cert_der: bytes) -> None:
        """Verify an XML of ours, sealed under this cert."""
        cert = x509.load_der_x509_certificate(cert_der)
        config = SignatureConfiguration(location=".//")
        XAdESVerifier().verify(sealed, x509_cert=cert, expect_references=2, expect_config=config)
