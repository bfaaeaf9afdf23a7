"""The sharing table: every version of every line, and what the providers of each said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_new, insert_rows
from schemas.fields import SharingClass
from schemas.sharing import RuleState, SharingRule, in_force

_RULE = tables.sharing_rule
_APPROVAL = tables.sharing_approval
_NOTICE = tables.notice
# Any number that is no other lock's.
_TABLE_LOCK = 4_917_204
_COLUMNS = tuple(_RULE.c[name] for name in SharingRule.__slots__)


@dataclass(frozen=True, slots=True)
class StoredApproval:
    """What one provider said of a version; `answer` None: nothing yet. `notice` is its task, `escalation` another's."""

    code: str
    version: int
    provider: str
    notice: int | None = None
    answer: str | None = None
    reason: str | None = None
    words: str | None = None
    confirmed_until: date | None = None
    act_id: str | None = None
    escalation: int | None = None


@dataclass(frozen=True, slots=True)
class LineOrder:
    """The act that put a version of a line, and the number of the statement that ordered it."""

    act_id: str
    statement: int


class SharingReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, code: str, version: int | None) -> SharingRule | None:
        """Return one version of a line; none where None is asked for."""
        if version is None:
            return None
        row = select_by(self._connection, _RULE, code=code, version=version).mappings().first()
        return None if row is None else _rule(row)

    def versions(self, code: str) -> list[SharingRule]:
        """Return every version of a line, in their order."""
        rows = select_by(self._connection, _RULE, order="version", code=code)
        return [_rule(row) for row in rows.mappings()]

    def in_force(self, code: str, today: date) -> SharingRule | None:
        """Return the version of a line that counts today (`schemas/sharing.py:in_force`)."""
        return in_force(self.versions(code), today)

    def all(self, *, requester: str | None = None) -> list[SharingRule]:
        """Return every version of every line, or of those of one requester, by code and version."""
        query = select(*_COLUMNS).order_by(_RULE.c.code, _RULE.c.version)
        if requester is not None:
            query = query.where(_RULE.c.requester == requester)
        return [_rule(row) for row in self._connection.execute(query).mappings()]

    def by_code(self, *, requester: str | None = None) -> dict[str, list[SharingRule]]:
        """Return the versions of every line, or of those of one requester, in their order by its code."""
        found: dict[str, list[SharingRule]] = {}
        for each in self.all(requester=requester):
            found.setdefault(each.code, []).append(each)
        return found

    def act_of(self, code: str, version: int) -> str:
        """Return the act that put a version."""
        query = select(_RULE.c.act_id).where(_RULE.c.code == code, _RULE.c.version == version)
        return str(self._connection.execute(query).scalar_one())

    def approvals(self, code: str, version: int) -> list[StoredApproval]:
        """Return what the providers of a version said, or are asked."""
        rows = select_by(self._connection, _APPROVAL, code=code, version=version)
        return sorted((StoredApproval(*row) for row in rows), key=lambda each: each.provider)

    def all_approvals(self) -> dict[tuple[str, int], list[StoredApproval]]:
        """Return what the providers of every version said, by its line's code and its number."""
        found: dict[tuple[str, int], list[StoredApproval]] = {}
        for row in self._connection.execute(select(_APPROVAL).order_by(_APPROVAL.c.provider)):
            found.setdefault((row.code, row.version), []).append(StoredApproval(*row))
        return found

    def of_act(self, act_id: str) -> list[SharingRule]:
        """Return the versions that an act put, by code."""
        rows = self._connection.execute(select(*_COLUMNS).where(_RULE.c.act_id == act_id).order_by(_RULE.c.code))
        return [_rule(row) for row in rows.mappings()]

    def waiting_for(self, provider: str, act_id: str) -> list[SharingRule]:
        """Return the versions that an act put and that wait for a provider's answer, by code."""
        same = (_APPROVAL.c.code == _RULE.c.code) & (_APPROVAL.c.version == _RULE.c.version)
        open_ = (_APPROVAL.c.provider == provider) & _APPROVAL.c.answer.is_(None)
        asked = (_RULE.c.act_id == act_id) & (_RULE.c.state == str(RuleState.ASKED))
        query = select(*_COLUMNS).join(_APPROVAL, same).where(asked, open_).order_by(_RULE.c.code)
        return [_rule(row) for row in self._connection.execute(query).mappings()]

    def waits_under(self, notice: int, *, besides: tuple[str, int]) -> bool:
        """Say whether a task is about another version than this one that still waits."""
        same = (_APPROVAL.c.code == _RULE.c.code) & (_APPROVAL.c.version == _RULE.c.version)
        under = (_APPROVAL.c.notice == notice) | (_APPROVAL.c.escalation == notice)
        other = (_RULE.c.code != besides[0]) | (_RULE.c.version != besides[1])
        waits = _APPROVAL.c.answer.is_(None) & (_RULE.c.state == str(RuleState.ASKED))
        query = select(_RULE.c.code).join(_APPROVAL, same).where(under, other, waits).limit(1)
        return self._connection.execute(query).first() is not None

    def silent(self, today: date) -> list[StoredApproval]:
        """Return the approvals that are asked, late and not yet brought before the operator."""
        late = tables.OPEN & (_NOTICE.c.due_on < today)
        query = (
            select(_APPROVAL)
            .join(_NOTICE, _NOTICE.c.number == _APPROVAL.c.notice)
            .where(late, _APPROVAL.c.answer.is_(None), _APPROVAL.c.escalation.is_(None))
        )
        return [StoredApproval(*row) for row in self._connection.execute(query)]

    def order_of(self, code: str, version: int) -> LineOrder | None:
        """Return what ordered a version; None of one that was put before that was kept."""
        query = select(_RULE.c.act_id, _RULE.c.statement).where(_RULE.c.code == code, _RULE.c.version == version)
        row = self._connection.execute(query.where(_RULE.c.statement.is_not(None))).first()
        return None if row is None else LineOrder(*row)


class SharingWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold_table(self) -> None:
        """Let orders that put lines come one after another, until this one ends: whether lines contradict, all tell."""
        if self._connection.dialect.name == "postgresql":
            self._connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_TABLE_LOCK,))

    def lock(self, code: str) -> None:
        """Let answers to one line come one after another."""
        self._connection.execute(select(_RULE.c.version).where(_RULE.c.code == code).with_for_update()).all()

    def add(self, rule: SharingRule, order: LineOrder, *, now: datetime) -> bool:
        """Add a version of a line; False when that version is there already."""
        row: dict[str, Any] = {name: getattr(rule, name) for name in SharingRule.__slots__}
        row["fields"] = {name: list(each) for name, each in rule.fields.items()}
        row |= {"providers": dict(rule.providers), "sharing_class": str(rule.sharing_class), "state": str(rule.state)}
        return (
            insert_new(
                self._connection,
                _RULE,
                [row | {"recorded_at": now, "act_id": order.act_id, "statement": order.statement}],
            )
            == 1
        )

    def set_state(
        self, code: str, versions: Sequence[int], state: RuleState, *, confirmed_until: date | None = None
    ) -> None:
        """Let versions of a line stand as `state`, confirmed until that day."""
        chosen = (_RULE.c.code == code) & _RULE.c.version.in_(versions)
        values = {"state": str(state), "confirmed_until": confirmed_until}
        self._connection.execute(update(_RULE).where(chosen).values(**values))

    def add_approvals(self, approvals: Sequence[StoredApproval]) -> None:
        rows = [{name: getattr(each, name) for name in StoredApproval.__slots__} for each in approvals]
        insert_rows(self._connection, _APPROVAL, rows)

    def put_approval(self, approval: StoredApproval) -> None:
        """Keep what a provider said now, in the row of what it was asked."""
        row = {name: getattr(approval, name) for name in StoredApproval.__slots__}
        key = {name: row.pop(name) for name in ("code", "version", "provider")}
        same = [_APPROVAL.c[name] == value for name, value in key.items()]
        self._connection.execute(update(_APPROVAL).where(*same).values(**row))

    def note_escalation(self, approval: StoredApproval, notice: int) -> None:
        self.put_approval(replace(approval, escalation=notice))


def _rule(row: RowMapping) -> SharingRule:
    found = {name: row[name] for name in SharingRule.__slots__}
    found["fields"] = {name: tuple(each) for name, each in row["fields"].items()}
    found |= {"sharing_class": SharingClass(row["sharing_class"]), "state": RuleState(row["state"])}
    return SharingRule(**found)
