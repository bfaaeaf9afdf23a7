"""Names that client and hub share when a system asks for a token and shows it (RFC 7523, RFC 9068, RFC 9449)."""

from base64 import urlsafe_b64encode
from hashlib import sha256

ASSERTION_TYP = "client-authentication+jwt"
PROOF_TYP = "dpop+jwt"
TOKEN_TYP = "at+jwt"  # noqa: S105 - a media type
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def access_token_hash(token: str | None) -> str | None:
    """Return the `ath` of RFC 9449: base64url of the SHA-256 of the token."""
    return None if token is None else urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()
