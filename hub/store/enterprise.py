"""Enterprises: the row every act on a holder's certificates locks first."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from hub.store import tables
from hub.store.name_part import NamePartWriter
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_new, update_rows
from schemas.parties import Enterprise


@dataclass(slots=True)
class LockedEnterprise:
    """An enterprise whose row this transaction holds.

    `chains` counts the chains of certificates it has had; `kept_name` is the name that stands in its row.
    """

    licence_number: str
    reference: str
    name: str
    address: str
    chains: int
    kept_name: str = ""


class EnterpriseReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, licence_number: str) -> Enterprise | None:
        row = select_by(self._connection, tables.enterprise, licence_number=licence_number).first()
        return None if row is None else Enterprise(row.licence_number, row.reference, row.name, row.address)

    def first(self, most: int) -> list[Enterprise]:
        """Return the first enterprises that have a name, by their numbers."""
        named = select(tables.enterprise).where(tables.enterprise.c.name != "")
        rows = self._connection.execute(named.order_by(tables.enterprise.c.licence_number).limit(most))
        return [Enterprise(row.licence_number, row.reference, row.name, row.address) for row in rows]


class EnterpriseWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._names = NamePartWriter(connection)

    def lock(
        self,
        holders: Mapping[str, tuple[str, str]],
        *,
        make_reference: Callable[[], str],
        now: datetime,
    ) -> dict[str, LockedEnterprise]:
        """Lock the enterprises of `holders` (licence number → name, address), creating those that are new.

        Always in licence-number order, so that two acts never wait for each other.
        """
        numbers = sorted(holders)
        known = self._locked(numbers)
        missing = [number for number in numbers if number not in known]
        if missing:
            rows = [_new_row(number, holders[number], make_reference(), now) for number in missing]
            insert_new(self._connection, tables.enterprise, rows)
            known = self._locked(numbers)
            made = [row for row in rows if known[row["licence_number"]].reference == row["reference"]]
            claims = [
                {"reference": row["reference"], "licence_number": row["licence_number"], "serial": None} for row in made
            ]
            insert_new(self._connection, tables.reference_claim, claims)
            self._names.add({row["licence_number"]: row["name"] for row in made})
        return known

    def lock_known(self, licence_numbers: Collection[str]) -> None:
        """Lock those of these enterprises that there are, and make none of the others."""
        self._locked(sorted(licence_numbers))

    def keep(self, enterprises: Sequence[LockedEnterprise]) -> None:
        """Write back what a transaction changed of enterprises it holds."""
        names = ("licence_number", "name", "address", "chains")
        rows = [{name: getattr(each, name) for name in names} for each in enterprises]
        update_rows(self._connection, tables.enterprise, rows, key="licence_number")
        self._names.add({each.licence_number: each.name for each in enterprises if each.name != each.kept_name})

    def _locked(self, numbers: Sequence[str]) -> dict[str, LockedEnterprise]:
        columns = ("licence_number", "reference", "name", "address", "chains")
        rows = select_among(
            self._connection, tables.enterprise, "licence_number", numbers,
            columns=columns, order="licence_number", lock=True,
        )  # fmt: skip
        return {row.licence_number: _locked_enterprise(row) for row in rows}

    def add(self, enterprise: Enterprise, now: datetime) -> None:
        """Insert an enterprise that is enrolled by name; IntegrityError when it is there."""
        holder = (enterprise.name, enterprise.address)
        row = _new_row(enterprise.licence_number, holder, enterprise.reference, now)
        self._connection.execute(insert(tables.enterprise), row)
        self._names.add({enterprise.licence_number: enterprise.name})


def _locked_enterprise(row: Any) -> LockedEnterprise:
    return LockedEnterprise(row.licence_number, row.reference, row.name, row.address, row.chains, kept_name=row.name)


def _new_row(number: str, holder: tuple[str, str], reference: str, now: datetime) -> dict[str, Any]:
    name, address = holder
    return {
        "licence_number": number,
        "reference": reference,
        "name": name,
        "address": address,
        "recorded_at": now,
        "chains": 0,
    }
