"""Receipts: the hub's signed word that an act is recorded, which opens the act's leaf and proves its place in the log.

A receipt carries the act's bytes and the salt of its leaf, so that whoever holds it can show what the leaf commits to
without asking the hub; and, once the leaf is under a head, the path to the signed checkpoint. Before that it says by
when it will be. Its own signature is for the moment; the checkpoint's is for good. An act whose leaf is in a log that a
recovery has closed is proven there, by that log's last checkpoint.
Source: design, decision 7; RFC 9162, 2.1.3.
"""

import re
from datetime import datetime, timedelta
from typing import Any

import orjson

from hub.errors import NotFoundError
from hub.registry import Registry
from hub.store.entry import EntryReader, StoredEntry
from hub.store.log import LogStore
from hub.store.log_view import LogView
from signing.base64url import encode
from signing.jws import CompactSigner
from signing.merkle import inclusion_path

# Base64url of random bytes, as the hub names its acts.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Receipts:
    """Makes receipts. `latest` is how long after its act a leaf is under a signed head, or the hub stops."""

    def __init__(self, registry: Registry, store: LogStore, signer: CompactSigner, *, latest: timedelta) -> None:
        self._registry = registry
        self._store = store
        self._signer = signer
        self._latest = latest

    def make(self, act_id: str, now: datetime) -> str:
        """Return the signed receipt of an act as its proof stands now; NotFoundError receipt_not_found."""
        payload = self.prove(act_id)
        return self._signer.sign(orjson.dumps({"iss": self._registry.origin, "iat": int(now.timestamp()), **payload}))

    def prove(self, act_id: str) -> dict[str, Any]:
        """Return the act, its leaf's salt, and the leaf's place with its proof, or by when it has one."""
        entry = self._entry(act_id)
        told: dict[str, Any] = {"act": encode(entry.act_bytes), "salt": encode(entry.salt), "leaf": encode(entry.leaf)}
        view = LogView(self._store if entry.leaf_index is None else self._store.log_at(entry.leaf_index))
        # An act's place counts on through all logs, its index begins anew with each.
        index = None if entry.leaf_index is None else entry.leaf_index - view.head.first_place
        if index is None or index >= view.size:
            return told | {"by": (entry.recorded_at + self._latest).isoformat(timespec="seconds")}
        path = inclusion_path(index, view.size, view.hashes)
        place = {"index": index, "size": view.size, "path": [encode(each) for each in path]}
        return told | {"log": place | {"checkpoint": view.head.note}}

    def is_proven(self, act_id: str) -> bool:
        """Say whether the act's leaf is under a published head."""
        place = self._entry(act_id).leaf_index
        return place is not None and place <= self._store.pulse().last_place

    def _entry(self, act_id: str) -> StoredEntry:
        with self._registry.database.read() as connection:
            entry = EntryReader(connection).get(act_id) if _NAME.fullmatch(act_id) else None
        if entry is None:
            raise NotFoundError("receipt_not_found")
        return entry
