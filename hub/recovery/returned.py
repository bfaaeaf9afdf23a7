"""What departments and enterprises have kept and bring back: receipts, which open the leaves of lost acts.

A receipt is JSON, or a signed token whose payload is that JSON, with the members `act` and `salt` (base64url). The
leaf that both give is in the log or it is not: nothing else need be believed, no signature and no name.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from signing.base64url import decode
from signing.commitment import SALT_BYTES, leaf
from signing.errors import MalformedTokenError

_LONGEST_BYTES = 1 << 20


def read_returned(folder: Path) -> Iterator[bytes]:
    """Yield the content of every file below a folder that may be a receipt; raises OSError."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size <= _LONGEST_BYTES:
            yield path.read_bytes()


def opened_leaves(returned: Iterable[bytes]) -> dict[bytes, dict[str, Any]]:
    """Return the acts that receipts open, by their leaves; what is no receipt opens nothing."""
    opened = {}
    for raw in returned:
        if (found := _opened(raw.strip())) is not None:
            opened[found[0]] = found[1]
    return opened


def _opened(raw: bytes) -> tuple[bytes, dict[str, Any]] | None:
    try:
        parts = raw.split(b".")
        receipt = json.loads(decode(parts[1].decode()) if len(parts) == 3 and raw[:1] != b"{" else raw)
        act_bytes, salt = decode(receipt["act"]), decode(receipt["salt"])
        act: dict[str, Any] = json.loads(act_bytes)
        if len(salt) != SALT_BYTES or not isinstance(act, dict):
            return None
        return leaf(salt, act_bytes), act
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MalformedTokenError):
        return None
