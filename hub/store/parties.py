"""Departments, issuing bodies, systems, officers, sources, and the licence numbers an operator admitted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select, update

from hub.store import tables
from hub.store.database import Database
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_new, insert_or_replace
from schemas.annotation import AnnotationKind
from schemas.parties import Coverage, CoverageState, Department, Duty, IssuingBody, Officer, Role, System
from schemas.sandbox import is_sandbox


@dataclass(frozen=True, slots=True)
class BodyNames:
    """How an issuing body is called, and the licence number of the one that succeeded it."""

    name_zh: str
    name_en: str
    successor: str | None


class PartyReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def department(self, licence_number: str) -> Department | None:
        row = self._first(tables.department, licence_number=licence_number)
        return None if row is None else Department(**row)

    def department_names(self) -> dict[str, str]:
        """Return the Chinese name of every department, by licence number."""
        table = tables.department
        rows = self._connection.execute(select(table.c.licence_number, table.c.name_zh))
        return {row.licence_number: row.name_zh for row in rows}

    def issuing_body(self, licence_number: str) -> IssuingBody | None:
        row = self._first(tables.issuing_body, licence_number=licence_number)
        if row is None:
            return None
        competences = select_by(self._connection, tables.competence, issuing_body=licence_number).mappings()
        rows = list(competences)
        days = {each["certificate_type"]: (each["from_on"], each["until_on"]) for each in rows}
        delegated = {each["certificate_type"]: each["delegated_by"] for each in rows if each["delegated_by"]}
        annotates = frozenset(AnnotationKind(kind) for kind in row.pop("annotates") or ())
        return IssuingBody(**row, competences=days, delegated=delegated, annotates=annotates)

    def body_names(self, licence_number: str) -> BodyNames | None:
        """Return how an issuing body is called; what it is competent for, of which there may be much, is not read."""
        columns = tuple(BodyNames.__slots__)
        row = select_by(self._connection, tables.issuing_body, columns=columns, licence_number=licence_number).first()
        return None if row is None else BodyNames(*row)

    def in_being(self, body: str) -> str:
        """Return the body that answers for this one: itself, or whoever succeeded it."""
        seen = {body}
        while (names := self.body_names(body)) and names.successor and names.successor not in seen:
            body = names.successor
            seen.add(body)
        return body

    def issuing_bodies(self) -> list[str]:
        """Return the licence numbers of all issuing bodies."""
        return list(self._connection.execute(select(tables.issuing_body.c.licence_number)).scalars())

    def sealing_bodies(self) -> list[str]:
        """Return the licence numbers of the bodies that are in charge of some type, and so seal."""
        return list(self._connection.execute(select(tables.competence.c.issuing_body).distinct()).scalars())

    def bodies_of(self, department: str) -> list[str]:
        """Return the licence numbers of a department's issuing bodies."""
        table = tables.issuing_body
        return list(select_by(self._connection, table, columns=("licence_number",), department=department).scalars())

    def departments_of_bodies(self) -> dict[str, str]:
        """Return issuing body → its department, by licence numbers."""
        table = tables.issuing_body
        rows = self._connection.execute(select(table.c.licence_number, table.c.department))
        return {row[0]: row[1] for row in rows}

    def predecessors(self, licence_number: str) -> list[str]:
        """Return the bodies that this one succeeds."""
        column = tables.issuing_body.c
        return list(
            self._connection.execute(select(column.licence_number).where(column.successor == licence_number)).scalars()
        )

    def system(self, code: str) -> System | None:
        row = self._first(tables.system, code=code)
        if row is None:
            return None
        roles = frozenset(Role(role) for role in row["roles"])
        return System(row["code"], row["department"], row["name"], row["cert_der"], roles, row["active"])

    def systems_of(self, department: str) -> list[System]:
        """Return a department's systems, by code."""
        rows = select_by(self._connection, tables.system, order="code", department=department).mappings()
        return [
            System(
                row["code"], department, row["name"], row["cert_der"], frozenset(map(Role, row["roles"])), row["active"]
            )
            for row in rows
        ]

    def keys_of(self, system: str, now: datetime) -> dict[str, bytes]:
        """Return the keys of a system that nobody has retired by `now`: their certs (DER) by key id."""
        rows = select_by(self._connection, tables.system_key, columns=("key_id", "cert_der", "until_at"), system=system)
        return {row.key_id: row.cert_der for row in rows if row.until_at is None or now < row.until_at}

    def keys_of_all(self, systems: Sequence[str], now: datetime) -> dict[str, list[bytes]]:
        """Return of each of these systems the certs (DER) of the keys that nobody has retired by `now`."""
        found: dict[str, list[bytes]] = {each: [] for each in systems}
        columns = ("system", "cert_der", "until_at")
        for row in select_among(self._connection, tables.system_key, "system", systems, columns=columns):
            if row.until_at is None or now < row.until_at:
                found[row.system].append(row.cert_der)
        return found

    def newest_key(self, system: str) -> str | None:
        """Return the id of the key that a system was enrolled with last."""
        row = self._first(tables.system, code=system)
        return None if row is None else str(row["key_id"])

    def owner_of(self, key_id: str) -> str | None:
        """Return the code of the system whose key that is or was."""
        row = self._first(tables.system_key, key_id=key_id)
        return None if row is None else str(row["system"])

    def system_certs(self, code: str) -> list[bytes]:
        """Return every cert (DER) a system was ever enrolled with."""
        table = tables.system_cert
        return list(self._connection.execute(select(table.c.cert_der).where(table.c.system == code)).scalars())

    def officer(self, number: str) -> Officer | None:
        row = self._first(tables.officer, number=number)
        return None if row is None else _officer(row)

    def officer_certs(self, number: str) -> list[bytes]:
        """Return every cert (DER) an officer was ever enrolled with."""
        rows = select_by(self._connection, tables.officer_state, columns=("cert_der",), officer=number)
        return [cert for cert in rows.scalars() if cert is not None]

    def lock_duty(self, department: str, duty: Duty) -> list[Officer]:
        """Return a department's officers of one duty who can approve, held until the transaction ends.

        Two changes at once cannot each remove one of the last two.
        """
        table = tables.officer
        mine = (table.c.department == department) & (table.c.duty == str(duty)) & table.c.active
        query = select(table).where(mine, table.c.cert_der.is_not(None)).order_by(table.c.number).with_for_update()
        return [_officer(dict(row)) for row in self._connection.execute(query).mappings()]

    def overrides(self) -> frozenset[str]:
        """Return the wrongly issued licence numbers that an operator admitted with a reason."""
        return frozenset(self._connection.execute(select(tables.licence_number_override.c.licence_number)).scalars())

    def source(self, code: str) -> dict[str, Any] | None:
        return self._first(tables.source, code=code)

    def sources(self) -> dict[str, tuple[str, datetime | None, int]]:
        """Return every source: its name, when it was last seen, and for how many seconds that keeps it fresh."""
        rows = self._connection.execute(select(tables.source)).mappings()
        return {row["code"]: (row["name_zh"], row["seen_at"], row["fresh_for_seconds"]) for row in rows}

    def in_charge(self, today: date) -> dict[str, list[str]]:
        """Return the bodies in being that are in charge of each type on that day.

        The sandbox's are none of them: they answer for no type of the city.
        """
        body, competence = tables.issuing_body, tables.competence
        days = (
            (competence.c.from_on <= today)
            & (competence.c.until_on.is_(None) | (competence.c.until_on >= today))
            & (body.c.from_on <= today)
            & (body.c.until_on.is_(None) | (body.c.until_on >= today))
        )
        joined = competence.join(body, body.c.licence_number == competence.c.issuing_body)
        query = select(competence.c.certificate_type, competence.c.issuing_body).select_from(joined).where(days)
        found: dict[str, list[str]] = {}
        for code, number in self._connection.execute(query):
            if not is_sandbox(number):
                found.setdefault(code, []).append(number)
        return found

    def coverage(self) -> list[Coverage]:
        """Return the coverage of every type and issuing body that was declared."""
        rows = self._connection.execute(select(tables.coverage)).mappings()
        return [Coverage(**{**row, "state": CoverageState(row["state"])}) for row in rows]

    def _first(self, table: Any, **key: Any) -> dict[str, Any] | None:
        # PostgreSQL holds no text with a NUL and fails on one that a stranger asks for: nobody has such a name.
        if any("\0" in value for value in key.values()):
            return None
        row = select_by(self._connection, table, **key).mappings().first()
        return None if row is None else dict(row)


class AdmittedNumbers:
    """The wrongly issued licence numbers an operator admitted, asked for one at a time and only when one is needed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __contains__(self, licence_number: object) -> bool:
        with self._database.read() as connection:
            table = tables.licence_number_override
            return select_by(connection, table, licence_number=str(licence_number)).first() is not None


class PartyWriter:
    """Enrolment. Enrolling what is there already replaces it: the act and its entry keep the history."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put_department(self, department: Department) -> None:
        row = {
            "licence_number": department.licence_number,
            "name_zh": department.name_zh,
            "name_en": department.name_en,
        }
        insert_or_replace(self._connection, tables.department, [row])

    def put_issuing_body(self, body: IssuingBody) -> None:
        names = ("licence_number", "department", "name_zh", "name_en", "area", "from_on", "until_on", "successor")
        row = {name: getattr(body, name) for name in (*names, "superior")}
        row["annotates"] = sorted(body.annotates) or None
        insert_or_replace(self._connection, tables.issuing_body, [row])
        competences = [
            _competence(body.licence_number, code, days) | {"delegated_by": body.delegated.get(code)}
            for code, days in sorted(body.competences.items())
        ]
        insert_or_replace(self._connection, tables.competence, competences)

    def put_system(self, system: System, *, key_id: str, others_until: datetime | None = None) -> bool:
        """Put a system with its newest key; False when that key is another system's.

        Its other keys count until `others_until`, and none longer than it would have; None leaves them as they are.
        """
        key = {"key_id": key_id, "system": system.code, "cert_der": system.cert_der, "until_at": None}
        if insert_new(self._connection, tables.system_key, [key]) == 0:
            table = tables.system_key
            own = (table.c.key_id == key_id) & (table.c.system == system.code)
            again = update(table).where(own).values(cert_der=system.cert_der, until_at=None)
            if self._connection.execute(again).rowcount == 0:
                return False
        if others_until is not None:
            self._retire_others(system.code, key_id, others_until)
        row = {
            "code": system.code,
            "department": system.department,
            "name": system.name,
            "key_id": key_id,
            "cert_der": system.cert_der,
            "roles": sorted(system.roles),
            "active": system.active,
        }
        insert_or_replace(self._connection, tables.system, [row])
        digest = sha256(system.cert_der).hexdigest()
        cert = {"cert_sha256": digest, "system": system.code, "cert_der": system.cert_der}
        insert_new(self._connection, tables.system_cert, [cert])
        return True

    def _retire_others(self, system: str, key_id: str, until: datetime) -> None:
        table = tables.system_key
        others = (table.c.system == system) & (table.c.key_id != key_id)
        longer = table.c.until_at.is_(None) | (table.c.until_at > until)
        self._connection.execute(update(table).where(others, longer).values(until_at=until))

    def put_officer(self, officer: Officer, now: datetime) -> None:
        """Put an officer; how he stood at every moment is kept, as what he approved is verified by it."""
        state = {name: getattr(officer, name) for name in ("department", "active", "cert_der")}
        state["duty"] = str(officer.duty)
        insert_or_replace(self._connection, tables.officer, [{"number": officer.number} | state])
        row = {"officer": officer.number, "recorded_at": now} | state
        self._connection.execute(insert(tables.officer_state), row)

    def put_source(self, code: str, *, name_zh: str, fresh_for_seconds: int) -> None:
        row = {"code": code, "name_zh": name_zh, "fresh_for_seconds": fresh_for_seconds}
        insert_or_replace(self._connection, tables.source, [row])

    def put_coverage(self, coverage: Coverage) -> None:
        row = {name: getattr(coverage, name) for name in Coverage.__slots__}
        row["state"] = coverage.state.value
        insert_or_replace(self._connection, tables.coverage, [row])

    def body_heard(self, pairs: Iterable[tuple[str, str]], now: datetime, *, unless_since: datetime) -> None:
        """Note that bodies were heard on types, (type, issuing body), where coverage is declared; not every moment."""
        table = tables.coverage
        stale = table.c.heard_at.is_(None) | (table.c.heard_at < unless_since)
        for code, body in sorted(pairs):
            same = (table.c.certificate_type == code) & (table.c.issuing_body == body)
            self._connection.execute(update(table).where(same, stale).values(heard_at=now))

    def source_seen(self, code: str, now: datetime) -> None:
        self._connection.execute(update(tables.source).where(tables.source.c.code == code).values(seen_at=now))

    def admit_licence_number(self, licence_number: str, *, reason: str, system: str, now: datetime) -> None:
        row = {"licence_number": licence_number, "reason": reason, "system": system, "recorded_at": now}
        self._connection.execute(insert(tables.licence_number_override), row)


def _officer(row: Mapping[str, Any]) -> Officer:
    return Officer(**{**row, "duty": Duty(row["duty"])})


def _competence(body: str, code: str, days: Sequence[date | None]) -> dict[str, Any]:
    return {"issuing_body": body, "certificate_type": code, "from_on": days[0], "until_on": days[1]}
