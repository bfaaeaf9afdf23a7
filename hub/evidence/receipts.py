"""Receipts: the hub's signed word that an act is recorded, which opens the act's leaf and proves its place in the log.

A receipt carries the act's bytes and the salt of its leaf, so that whoever holds it can show what the leaf commits to
without asking the hub; and, once the leaf is under a head, the path to the signed checkpoint. Before that it says by
when it will be. Its own signature is for the moment; the checkpoint's is for good. An act whose leaf is in a log that a
recovery has closed is proven there, by that log's last checkpoint. A visitor's receipt is a signed answer that carries
the proofs there are already: it is made by reading alone.
Source: design, decision 7; RFC 9162, 2.1.3.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.decisions.answers import PAGE
from hub.decisions.history import public_changes
from hub.errors import NotFoundError
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.entry import EntryReader, StoredEntry
from hub.store.log import LogStore
from hub.store.log_view import LogView
from schemas.certificate import civil_date
from signing.base64url import encode
from signing.jws import CompactSigner
from signing.merkle import inclusion_path

MOST_CERTIFICATES = PAGE
# Base64url of random bytes, as the hub names its acts.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Receipts:
    """Makes receipts. `latest` is how long after its act a leaf is under a signed head, or the hub stops."""

    def __init__(self, registry: Registry, store: LogStore, signer: CompactSigner, *, latest: timedelta) -> None:
        self._registry = registry
        self._store = store
        self._signer = signer
        self._latest = latest

    def make(self, act_id: str, now: datetime, names: Mapping[str, str] | None = None) -> str:
        """Return the signed receipt of an act as its proof stands now; NotFoundError receipt_not_found.

        `names` are what its certificate is called, of an issue: no record tells its references, and its act has none.
        """
        payload = self.prove(act_id) | ({"certificate": dict(names)} if names else {})
        return self._signer.sign(orjson.dumps({"iss": self._registry.origin, "iat": int(now.timestamp()), **payload}))

    def prove(self, act_id: str) -> dict[str, Any]:
        """Return the act, its leaf's salt, and the leaf's place with its proof, or by when it has one."""
        entry = self._entry(act_id)
        place = entry.leaf_index
        if place is None:
            return self._told(entry, None)
        view = LogView(self._store.log_at(place))
        told = self._told(entry, view)
        return told if "by" in told else _with_log(told, view)

    def told(self, act_id: str) -> dict[str, Any]:
        """Return what a page tells of an act's receipt: its place in the log, or by when it has one."""
        proof = self.prove(act_id)
        return {"act_id": act_id, "place": proof["log"]["index"] if "log" in proof else None, "by": proof.get("by")}

    def prove_certificates(self, identifiers: Sequence[str], now: datetime) -> dict[str, Any]:
        """Return the proofs of these certificates' issue acts and public changes of status, under one checkpoint.

        At most MOST_CERTIFICATES of them, each act with its certificate; one whose leaf is in a closed log brings that
        log's checkpoint. A change the public is told of no more is not among them. It reads and writes nothing.
        """
        with self._registry.database.read() as connection:
            acts = _public_acts(list(identifiers)[:MOST_CERTIFICATES], connection, now)
            entries = EntryReader(connection).of_acts(sorted(acts))
        view = LogView(self._store)
        told = [{"identifier": acts[each.act_id], **self._told_under(each, view)} for each in entries]
        return {"size": view.size, "checkpoint": view.head.note, "acts": told}

    def _told_under(self, entry: StoredEntry, view: LogView) -> dict[str, Any]:
        place = entry.leaf_index
        if place is None or place >= view.head.first_place:
            return self._told(entry, view)
        closed = LogView(self._store.log_at(place))
        return _with_log(self._told(entry, closed), closed)

    def _told(self, entry: StoredEntry, view: LogView | None) -> dict[str, Any]:
        """Return an act, its leaf's salt and leaf, with its place and path under the view's head or by when it is.

        Without a place no view is needed.
        """
        told: dict[str, Any] = {"act": encode(entry.act_bytes), "salt": encode(entry.salt), "leaf": encode(entry.leaf)}
        # An act's place counts on through all logs, its index begins anew with each.
        index = None if view is None or entry.leaf_index is None else entry.leaf_index - view.head.first_place
        if view is None or index is None or index >= view.size:
            return told | {"by": (entry.recorded_at + self._latest).isoformat(timespec="seconds")}
        path = inclusion_path(index, view.size, view.hashes)
        return told | {"index": index, "path": [encode(each) for each in path]}

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


def _public_acts(identifiers: Sequence[str], connection: Connection, now: datetime) -> dict[str, str]:
    """Return the acts that made these certificates what the public is told, each with the certificate's identifier."""
    reader, today = CertificateReader(connection), civil_date(now)
    found = reader.by_identifier(identifiers)
    changes = reader.changes([each.serial for each in found.values()])
    acts = {each.act_id: each.identifier for each in found.values()}
    for each in found.values():
        told = [
            {"act": change.act, "act_id": change.act_id}
            | ({"public_until": change.public_until.isoformat()} if change.public_until else {})
            | ({"repaired_on": change.repaired_on.isoformat()} if change.repaired_on else {})
            for change in changes.get(each.serial, ())
        ]
        acts |= {str(change["act_id"]): each.identifier for change in public_changes(told, today)}
    return acts


def _with_log(told: dict[str, Any], view: LogView) -> dict[str, Any]:
    """Return a proven act with its place in a log of its own."""
    place = {"index": told.pop("index"), "size": view.size, "path": told.pop("path")}
    return told | {"log": place | {"checkpoint": view.head.note}}
