"""A document system of another maker: its own authority, its own seals, PDFs sealed by pyHanko with RSA."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pikepdf
from asn1crypto.keys import PrivateKeyInfo
from asn1crypto.x509 import Certificate as Cert
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

_BEGAN = datetime(2015, 1, 1, tzinfo=UTC)


SealKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A key with its cert."""

    key: SealKey
    cert: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.cert.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.cert.public_bytes(Encoding.PEM)


def foreign_authority(name: str = "示例旧系统根") -> ForeignKey:
    """Return an authority that certifies itself."""
    key = generate_private_key(65537, 2048)
    return ForeignKey(key, _certified(name, key, None, years=30))


def foreign_seal(
    authority: ForeignKey, name: str = "示例市场监管局旧章", *, years: int = 30, key: SealKey | None = None
) -> ForeignKey:
    """Return a seal certified by an authority, from 2015 on for so many years; RSA when no `key` is given."""
    key = key or generate_private_key(65537, 2048)
    return ForeignKey(key, _certified(name, key, authority, years=years))


def foreign_page(text: str = "1") -> bytes:
    """Return a PDF of one blank page that nobody has sealed; `text` makes one unlike another."""
    pdf, written = pikepdf.new(), BytesIO()
    pdf.add_blank_page()
    pdf.docinfo["/Title"] = text
    pdf.save(written)
    return written.getvalue()


def foreign_sealed(pdf: bytes, seal: ForeignKey, *, digest: str = "sha256", field: str = "Seal1") -> bytes:
    """Return the PDF with a seal, or with one more."""
    signer = SimpleSigner(
        signing_cert=Cert.load(seal.der),
        signing_key=PrivateKeyInfo.load(seal.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )
    sealer = PdfSigner(
        PdfSignatureMetadata(field_name=field, md_algorithm=digest), signer=signer, new_field_spec=SigFieldSpec(field)
    )
    return bytes(sealer.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf))).getvalue())


def _certified(name: str, key: SealKey, issuer: ForeignKey | None, *, years: int) -> x509.Certificate:
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    is_authority = issuer is None
    usage = x509.KeyUsage(
        digital_signature=not is_authority, content_commitment=not is_authority, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=is_authority, crl_sign=is_authority,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(issuer.cert.subject if issuer else named)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGAN)
        .not_valid_after(_BEGAN + years * timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return builder.sign(issuer.key if issuer else key, SHA256())
