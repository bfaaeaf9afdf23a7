"""The change feed: what is said to have happened to a certificate, and the digest of what one page told.

It says that something happened and to which certificate, and holds no field: who wants to read it pulls.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from hashlib import sha256

from schemas.canonical import canonical_json

DELIVERED = "delivery"
"""The basis of whoever holds a copy that may still be used; the others are those of a pull."""

Told = tuple[str, str, str, Mapping[str, Sequence[str]]]
"""Of one holder on one basis: licence number, kind and name of the basis, certificate type → identifiers."""


class Happened(StrEnum):
    """What happened. REPLACED says by which cause another version stands in its place; CORRECTED that it was wrong."""

    ISSUED = "issued"
    REPLACED = "replaced"
    CORRECTED = "corrected"
    STATUS_CHANGED = "status_changed"
    VOIDED = "voided"
    ANNOTATED = "annotated"
    ERASED = "erased"
    RESEALED = "resealed"


def told_digest(told: Iterable[Told]) -> str:
    """Return what the entry of a page seals: SHA-256 (hex) over the canonical JSON of all it told, by holder."""
    lines = [[*each[:3], {code: sorted(names) for code, names in each[3].items()}] for each in told]
    return sha256(canonical_json(sorted(lines, key=lambda line: line[:3]))).hexdigest()
