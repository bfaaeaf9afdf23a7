"""What other people's software says of a sealed XML: xmlsec1, a program in C, and signxml, which knows XAdES."""

import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.xades.xades import XAdESVerifier

from signing.algorithms import PublicKey, spki


def xmlsec1_accepts(raw: bytes, public_key: PublicKey, folder: Path) -> bool:
    """Say whether xmlsec1 finds the signature of that key, and both references, to hold."""
    (folder / "shown.xml").write_bytes(raw)
    (folder / "key.der").write_bytes(spki(public_key))
    ids = ["--id-attr:Id", "certificate", "--id-attr:Id", "SignedProperties"]
    done = subprocess.run(
        ["xmlsec1", "--verify", "--pubkey-der", "key.der", *ids, "shown.xml"],
        capture_output=True, check=False, cwd=folder,
    )  # fmt: skip
    # It says OK also of a file with fewer references.
    return done.returncode == 0 and b"SignedInfo References (ok/all): 2/2" in done.stderr


def signxml_element(raw: bytes, cert_der: bytes) -> bytes:
    """Return the canonical octets of what signxml found sealed under that cert; raises its errors."""
    cert = x509.load_der_x509_certificate(cert_der).public_bytes(Encoding.PEM).decode()
    found = XAdESVerifier().verify(raw, x509_cert=cert, expect_references=2)
    element: bytes = etree.tostring(found[0].signed_xml, method="c14n", exclusive=True)
    return element
