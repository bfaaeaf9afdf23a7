"""Timestamp authorities for the tests: one of ours, and one that openssl plays with RSA keys of its own."""

import ssl
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from asn1crypto.cms import ContentInfo
from asn1crypto.tsp import TimeStampResp

_CONFIG = """
[req]
distinguished_name = name
[name]
[issuer]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[authority]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = ours
[ours]
serial = serial
signer_cert = authority.pem
signer_key = authority.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def openssl(folder: Path, words: str, *more: str) -> str:
    """Run openssl in a folder and return what it says."""
    done = subprocess.run(["openssl", *words.split(), *more], capture_output=True, text=True, cwd=folder, check=False)
    return done.stdout + done.stderr


@dataclass(frozen=True, slots=True)
class RsaAuthority:
    """An authority with RSA keys, made and run by openssl."""

    folder: Path
    issuer_der: bytes

    def respond(self, query: bytes) -> bytes:
        """Return the answer to a query as openssl gives it; its clock is this machine's."""
        (self.folder / "query").write_bytes(query)
        openssl(self.folder, "ts -reply -config config -section ours -queryfile query -out reply")
        return (self.folder / "reply").read_bytes()


def new_rsa_authority(folder: Path) -> RsaAuthority:
    """Return an authority whose keys and certs are of this moment."""
    folder.mkdir()
    (folder / "config").write_text(_CONFIG)
    (folder / "serial").write_text("01\n")
    openssl(
        folder,
        "req -x509 -newkey rsa:2048 -noenc -keyout issuer.key -out issuer.pem -config config -extensions issuer",
        "-subj", "/CN=Outside issuer",
    )  # fmt: skip
    openssl(
        folder, "req -newkey rsa:2048 -noenc -keyout authority.key -out authority.csr -config config",
        "-subj", "/CN=Outside authority",
    )  # fmt: skip
    openssl(
        folder,
        "x509 -req -in authority.csr -CA issuer.pem -CAkey issuer.key -set_serial 7 -days 2 -out authority.pem "
        "-extfile config -extensions authority -sha256",
    )
    return RsaAuthority(folder, ssl.PEM_cert_to_DER_cert((folder / "issuer.pem").read_text()))


def told_by_openssl(token: bytes, digest: bytes, issuer_der: bytes, folder: Path, at: datetime | None = None) -> str:
    """Return what openssl says of a token over a digest, the authority's cert issued by that issuer."""
    (folder / "token").write_bytes(token)
    (folder / "issuer").write_text(ssl.DER_cert_to_PEM_cert(issuer_der))
    trust = "-CAfile issuer -partial_chain -ignore_critical" + (f" -attime {int(at.timestamp())}" if at else "")
    return openssl(folder, f"ts -verify -token_in -in token -digest {digest.hex()} {trust}")


def granted(token: bytes) -> bytes:
    """Return the answer in which an authority gives a token."""
    return bytes(TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": ContentInfo.load(token)}).dump())
