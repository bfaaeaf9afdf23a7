"""Canonical JSON (RFC 8785), the one byte form of whatever is digested or signed as data.

Kept to the part of the RFC this house uses: objects, arrays, strings, booleans, null and integers a double can hold.
Floats are refused: no fact of a certificate is one, and their rendering is where implementations differ.
"""

import json
from hashlib import sha256
from typing import Any

MAX_SAFE_INTEGER = 2**53 - 1


class CanonicalFormError(ValueError):
    """The value has no canonical form here: a float, a huge integer, a key that is no string, an unpaired surrogate."""


def canonical_json(value: Any) -> bytes:
    """Return the canonical UTF-8 bytes of `value` (RFC 8785 section 3).

    Raises CanonicalFormError for what the module's first lines exclude.
    """
    _check(value)
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise CanonicalFormError("text with an unpaired surrogate") from error


def canonical_digest(value: Any, *, salt: bytes = b"") -> str:
    """Return the SHA-256, in hex, of `salt` followed by the canonical bytes of `value`."""
    return sha256(salt + canonical_json(value)).hexdigest()


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for key, member in value.items():
            # Python sorts by code point, the RFC by UTF-16 unit: the two agree for every key this house uses.
            if not isinstance(key, str) or not key.isascii():
                raise CanonicalFormError("a key that is not an ASCII string")
            _check(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            _check(member)
    elif isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise CanonicalFormError("an integer beyond 2^53 - 1")
    elif not (value is None or isinstance(value, str)):
        raise CanonicalFormError(f"a value of type {type(value).__name__}")
