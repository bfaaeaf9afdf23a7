"""What an audit reads from: the whole store at one moment, and what proves it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection, Select, Table, exists, select
from sqlalchemy.exc import DBAPIError

from connectors.contract import ELicence, PersonSignIn, SignedText
from hub.steps.consent.signer_status import grant_context
from hub.steps.registry import Registry
from hub.store import tables
from hub.store.files import DocumentFiles
from hub.store.log import LogStore
from hub.store.objection import objection_context
from signing.base64url import decode
from signing.envelope import decrypt
from signing.jws import parse_json

Row = Mapping[str, Any]
Faults = Iterator[str]


@dataclass(frozen=True, slots=True)
class Audited:
    """A hub that is audited: its collaborators, the pinned anchor, how signers are verified, documents and log."""

    registry: Registry
    anchor: str
    e_licence: ELicence
    files: DocumentFiles
    log: LogStore
    persons: PersonSignIn


@dataclass(frozen=True, slots=True)
class Everything:
    """All that is stored, read in one transaction, and the hub it was read from. Tables are read once and kept."""

    hub: Audited
    connection: Connection
    now: datetime
    _kept: dict[str, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Most tables of a young store are empty: to ask for all of them at once costs a tenth of asking for each.
        self._kept.update({name: [] for name in _empty_tables(self.connection)})

    @property
    def registry(self) -> Registry:
        return self.hub.registry

    @property
    def installed(self) -> dict[str, str]:
        """Return what `init` and migrations fixed."""
        return {row["name"]: row["value"] for row in self.rows(tables.installation)}

    def rows(self, table: Table) -> list[Row]:
        """Return the rows of a table in the order of its key."""
        if table.name not in self._kept:
            found = self.connection.execute(_every_row(table))
            names = list(found.keys())
            self._kept[table.name] = [dict(zip(names, row, strict=True)) for row in found]
        return self._kept[table.name]

    def by_key(self, table: Table, name: str) -> dict[Any, Row]:
        return {row[name]: row for row in self.rows(table)}

    def pairs(self, table: Table, *names: str) -> set[tuple[Any, ...]]:
        """Return these columns of all rows."""
        return {tuple(row[name] for name in names) for row in self.rows(table)}

    def acts_of(self, kind: str) -> list[dict[str, Any]]:
        """Return the acts of a kind as their entries commit to them."""
        return [parse_json(row["act_bytes"]) for row in self.rows(tables.entry) if row["kind"] == kind]


def _empty_tables(connection: Connection) -> list[str]:
    try:
        is_filled = connection.execute(_which_are_filled()).one()._mapping
    except DBAPIError:  # a table is not there: who reads it tells it
        return []
    return [name for name, filled in is_filled.items() if not filled]


@cache
def _which_are_filled() -> Select[*tuple[Any, ...]]:
    return select(*(exists(select(1).select_from(each)).label(each.name) for each in tables.metadata.sorted_tables))


@cache
def _every_row(table: Table) -> Select[*tuple[Any, ...]]:
    return select(table).order_by(*table.primary_key.columns)


Check = Callable[[Everything], Faults]
"""Yields what it finds wrong, in words that name rows and members and no value."""


def opened_objection(row: Row, all_: Everything) -> bytes:
    """Return an objection as it was signed and kept: text, signature and cert."""
    return decrypt(row["envelope"], masters=all_.registry.masters, context=objection_context(row["objection"]))


def signed_text(content: Mapping[str, Any]) -> SignedText:
    """Return what an e-licence signed, as it is kept."""
    cert, signature = decode(content["cert"]), decode(content["signature"])
    return SignedText(content["text"], content["algorithm"], signature, cert, content["signer"]["role"])


def grant_content(row: Row, all_: Everything) -> dict[str, Any]:
    """Return a grant's kept sentence and how it was signed."""
    context = grant_context(row["digest"])
    content: dict[str, Any] = orjson.loads(decrypt(row["envelope"], masters=all_.registry.masters, context=context))
    return content
