"""The types of the tokens the hub makes or reads (header `typ`), and the names of RFC 7523, 9068 and 9449 it uses.

Statements and delivery notes have theirs where they are described (`schemas/statement.py`, `schemas/exchange.py`).
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

ANSWER_TYP = "yizhao-answer+jwt"
RECEIPT_TYP = "yizhao-receipt+jwt"
KEPT_TYP = "yizhao-kept+jwt"
STATUS_LIST_TYP = "statuslist+jwt"
ASSERTION_TYP = "client-authentication+jwt"
PROOF_TYP = "dpop+jwt"
TERMINAL_TYP = "yizhao-terminal+jwt"
PERSON_TYP = "yizhao-person+jwt"
TOKEN_TYP = "at+jwt"  # noqa: S105 - a media type
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def access_token_hash(token: str | None) -> str | None:
    """Return the `ath` of RFC 9449: base64url of the SHA-256 of the token."""
    return None if token is None else urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()
