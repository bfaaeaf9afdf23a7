"""The members of an evidence bundle as it is put together, and how what tells of them is written."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import orjson

from hub.store.entry import StoredEntry

# The second form says of each record whether what it disclosed is left out, and why.
FORM = 2
_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


@dataclass(slots=True)
class Contents:
    """A bundle as it is put together: `files` by name, its `entries` in the log, which `status_lists` tell of it.

    `acts` names the acts of decision, delivery and basis; `records` says of each record which acts are its own.
    """

    kind: str
    decision: str
    files: dict[str, bytes] = field(default_factory=dict)
    entries: list[StoredEntry] = field(default_factory=list)
    status_lists: set[int] = field(default_factory=set)
    acts: dict[str, str | None] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)

    def put_json(self, name: str, content: Any) -> None:
        self.files[name] = orjson.dumps(content, default=_written, option=_INDENTED)

    def put_certs(self, certs: Iterable[bytes], folder: str = "certs") -> None:
        """Put in certs (DER), each under its digest."""
        for cert in certs:
            self.files[f"{folder}/{sha256(cert).hexdigest()}.der"] = cert


def _written(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
