"""The channel to the proxy in front of the hub, and what is believed of a request because it came over it.

A proxy that ends TLS tells whose address called (`X-Forwarded-For`, its last entry) and which cert the caller proved in
the handshake (`Client-Cert`: RFC 9440, or the URL-escaped PEM that nginx calls `$ssl_client_escaped_cert`). Anybody can
write such headers, so they count only in a request that bears the site's secret in `Yizhao-Proxy`; of any other they
are never read. The proxy must set all three itself, in place of whatever its own callers sent.

Why a secret, and neither the peer's address nor a Unix socket: an address is shared by all that runs on the proxy's
machine, and behind NAT by more; a socket ties the proxy to the hub's machine and takes the port away from those who
need no proxy (the command line, health checks). A secret works for both, and for several proxies. It is as private as
the wire it travels on: between machines, that wire is a private network or TLS.

The file holds secrets of at least 32 characters, one a line; each line counts, so that a new one is brought in before
the old one is taken out.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hub.errors import SetupError
from hub.web.observation import Application, Receive, Scope, Send
from signing.base64url import encode

CERT_THUMBPRINT = "cert_thumbprint"
"""Where a request's scope holds the `x5t#S256` (RFC 8705) of the cert proven in the TLS handshake."""

_SECRET, _ADDRESS, _CERT = b"yizhao-proxy", b"x-forwarded-for", b"client-cert"
_SHORTEST_SECRET, _LONGEST_CERT = 32, 16_384
_PEM = b"-----BEGIN CERTIFICATE-----"


def load_secrets(file: Path) -> list[bytes]:
    """Return the secrets of a file; SetupError proxy_secret_file when it holds none, or one that is too short."""
    try:
        found = [line.strip() for line in file.read_bytes().splitlines() if line.strip()]
    except OSError:
        found = []
    if not found or any(len(each) < _SHORTEST_SECRET for each in found):
        raise SetupError("proxy_secret_file")
    return found


class PinnedChannel:
    """Stands in front of all doors: a request of the proxy gets its caller's address and cert into the scope."""

    def __init__(self, inner: Application, secrets: Sequence[bytes]) -> None:
        self._inner = inner
        self._secrets = tuple(secrets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_the_proxy(scope["headers"]):
            if address := _forwarded(_values(scope["headers"], _ADDRESS)):
                scope["client"] = (address, 0)
            if thumbprint := _thumbprint(_values(scope["headers"], _CERT)):
                scope[CERT_THUMBPRINT] = thumbprint
        await self._inner(scope, receive, send)

    def _is_the_proxy(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        shown = _values(headers, _SECRET)
        if len(shown) != 1:
            return False
        # Each is compared, and to its end: how long it takes tells nothing of them.
        equal = [compare_digest(shown[0], each) for each in self._secrets]
        return True in equal


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for each, value in headers if each == name]


def _forwarded(values: Sequence[bytes]) -> str | None:
    """Return the address that the proxy itself wrote, which is the last; those before it are its caller's words."""
    try:
        return str(ip_address(values[-1].split(b",")[-1].decode("ascii").strip())) if values else None
    except ValueError:
        return None


def _thumbprint(values: Sequence[bytes]) -> str | None:
    """Return the base64url SHA-256 of the one cert's DER; None when there is none, several, or one that is no cert."""
    if len(values) != 1 or not 0 < len(values[0]) <= _LONGEST_CERT:
        return None
    try:
        return encode(sha256(_cert(values[0])).digest())
    except (ValueError, Base64Error):
        return None


def _cert(value: bytes) -> bytes:
    """Return the cert's DER. ValueError or binascii.Error for what is no cert."""
    if value.startswith(b":") and value.endswith(b":"):  # a byte sequence of RFC 8941 section 3.3.5
        der = b64decode(value[1:-1], validate=True)
        x509.load_der_x509_certificate(der)
        return der
    pem = unquote_to_bytes(value)
    if not pem.startswith(_PEM):
        raise ValueError("no cert")
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
