"""One-time codes of an authenticator app: TOTP (RFC 6238) with SHA-1, six digits, steps of 30 seconds.

These are the parameters that every app takes. A code counts in its own step and in the one before and after it
(section 5.2); that it counts once is the caller's business, who keeps the step it was used in.
"""

import hmac
from base64 import b32encode
from hashlib import sha1
from urllib.parse import quote

SECRET_BYTES = 20
STEP_SECONDS = 30
_DIGITS = 6
_DRIFT = (0, -1, 1)


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a step (seconds since 1970 UTC, divided by 30)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), sha1)
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def step_at(seconds: float) -> int:
    """Return the step in which a moment (seconds since 1970 UTC) lies."""
    return int(seconds) // STEP_SECONDS


def step_of(secret: bytes, code: str, seconds: float) -> int | None:
    """Return the step whose code this is, at that moment; None where it is of none that counts."""
    now = step_at(seconds)
    steps = [now + drift for drift in _DRIFT]
    # Every step is looked at, so that the time taken tells nothing.
    found = [step for step in steps if hmac.compare_digest(code_at(secret, step).encode(), code.encode())]
    return found[0] if found else None


def readable(secret: bytes) -> str:
    """Return a secret as a person types it into an app: base32 in groups of four."""
    text = b32encode(secret).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def app_address(secret: bytes, *, issuer: str, account: str) -> str:
    """Return the `otpauth:` address that an app reads from a QR code."""
    named = quote(f"{issuer}:{account}", safe="")
    text = b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/{named}?secret={text}&issuer={quote(issuer, safe='')}"
