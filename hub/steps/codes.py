"""Codes that people show: how they are made, read, and kept as keyed digests (HMAC-SHA-256) alone.

A code is text of 128 random bits behind a mark of ours, for a QR code: no URL, so that no phone opens anything. Eight
digits stand beside it for who must read it out; they count only with the licence number they were made for.
"""

import re
from hmac import digest as keyed_digest

from hub.errors import GrantError
from hub.steps.registry import Registry
from schemas.identifiers import ReferenceFormError, make_reference, parse_reference

_MARK = "YZ-"
_DIGITS = re.compile(r"[0-9]{8}")


def make_code(registry: Registry) -> str:
    """Return a new code for a QR."""
    return _MARK + make_reference(registry.random(16))


def make_digits(registry: Registry) -> str:
    """Return eight random digits; of 128 bits, so that none is likelier than another by more than 2⁻¹⁰⁰."""
    return f"{int.from_bytes(registry.random(16)) % 10**8:08d}"


def read_code(text: str) -> str | None:
    """Return the code as it was made, of what was scanned or typed; None for eight digits. GrantError code_form."""
    plain = text.strip().upper()
    if _DIGITS.fullmatch(plain):
        return None
    try:
        return _MARK + parse_reference(plain.removeprefix(_MARK))
    except ReferenceFormError:
        raise GrantError("code_form") from None


def is_shown_code(text: str) -> bool:
    """Say whether a text is marked as a code of ours that a phone shows."""
    return text.strip().upper().startswith(_MARK)


def code_mac(code: str, registry: Registry) -> str:
    """Return what is kept of a code, in hex."""
    return keyed_digest(registry.code_key, b"code\x00" + code.encode(), "sha256").hex()


def digits_mac(licence_number: str, digits: str, registry: Registry) -> str:
    """Return what is kept of eight digits, in hex: they are one code's only together with the licence number."""
    return keyed_digest(registry.code_key, f"digits\0{licence_number}\0{digits}".encode(), "sha256").hex()


def person_mac(number: str, registry: Registry) -> str:
    """Return by what a person is known here: a keyed digest of the sign-in service's number, in hex."""
    return keyed_digest(registry.code_key, b"person\x00" + number.encode(), "sha256").hex()


def proof_context(digest: str) -> bytes:
    """Return what binds a kept proof to the grant whose link it opened."""
    return b"link:" + digest.encode()
