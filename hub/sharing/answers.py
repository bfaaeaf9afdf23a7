"""What providers say of a line of the sharing table: approved or refused, gone on with year by year, or ended.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once; it names the person who decides
2 the version waits for this department, or stands by its word
3 what was said, how the version stands now, its tasks and the entry are committed together            <- COMMIT POINT

A sheet of lines (`hub/sharing/sheet.py`) is answered line by line, or all that still waits of it by one signature over
the digest of those lines. A version stands once each of its providers has approved it, and falls with the first that
refuses it. Silence past the legal clock approves nothing: it is brought before the operator. A line that its providers
do not confirm within the year and a term is frozen by the decision itself (`hub/decisions/authorisation.py`), whether
or not anybody looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from hub.errors import NotFoundError, OrderError
from hub.steps.notices import NoticeKind, Notices
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from hub.store.installation import InstallationReader
from hub.store.notice import NoticeWriter
from hub.store.sharing import SharingReader, SharingWriter, StoredApproval
from schemas.canonical import canonical_digest
from schemas.certificate import civil_date
from schemas.clocks import ClockCode
from schemas.evidence import ActFacts, Kind
from schemas.parties import System
from schemas.sharing import AnswerReason, RuleAnswer, RuleState, SharingRule, ordered_line, sealed_line

_NEEDS_REASON = (RuleAnswer.REFUSE, RuleAnswer.END)
_SAID = frozenset({"answer", "reason", "words"})
_OF_SHEET = (RuleAnswer.APPROVE, RuleAnswer.REFUSE)


@dataclass(frozen=True, slots=True)
class _Said:
    answer: RuleAnswer
    reason: str | None
    words: str | None


def answer_rule(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Answer for a provider: `code`, `version`, `answer`; with `reason` (of the list) and `words` to refuse or end.

    Of a sheet: `sheet`, the act that put it, and `lines`, the digest of what waits of it, in place of code and version.
    Raises OrderError answer_officer_needed, provider_only, rule_not_waiting, rule_not_standing, difference_changed;
    NotFoundError.
    """
    reading = OrderReading(content)
    is_sheet = "sheet" in content
    if content.keys() - {*_SAID, *(("sheet", "lines") if is_sheet else ("code", "version"))}:
        reading.problem("content", "unknown")
    name = reading.text("sheet" if is_sheet else "code", 64)
    version, digest = (0, reading.text("lines", 64)) if is_sheet else (reading.whole("version"), "")
    said = _read_answer(reading, _OF_SHEET if is_sheet else tuple(RuleAnswer))
    if verified.statement.officer is None:
        raise OrderError("answer_officer_needed")

    def answer(connection: Connection, act_id: str) -> dict[str, Any]:
        if is_sheet:
            rules = _waiting_lines(name, digest, system.department, connection)
        else:
            rules = [_line_of(name, version, system.department, connection)]
        spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        told = [
            {"code": each.code, "version": each.version, "state": str(state)}
            for each in rules
            for state in [_Answering(said, each, system.department, connection, registry, now, act_id).take()]
        ]
        act = ActFacts(Kind.ANSWER_SHARE, act_id, now, None, verified.digest, None, None)
        EntryWriter(connection, registry.random).add([act])
        return ({"lines": told} if is_sheet else told[0]) | {"act_id": act_id}

    return act_once(answer, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)


def list_waiting_lines(sheet: str, system: System, *, registry: Registry) -> dict[str, Any]:
    """Return what of a sheet waits for the system's department, with the digest (SHA-256, hex) that answers it.

    Raises NotFoundError rule_not_found when nothing of it does.
    """
    with registry.database.read() as connection:
        rules = SharingReader(connection).waiting_for(system.department, sheet)
    if not rules:
        raise NotFoundError("rule_not_found")
    return {"sheet": sheet, "lines": digest_of_lines(sheet, rules), "rules": [ordered_line(each) for each in rules]}


def digest_of_lines(sheet: str, rules: Sequence[SharingRule]) -> str:
    """Return what a provider signs over lines of a sheet, in their versions, all that each of them gives."""
    lines = [{"code": each.code, "version": each.version, "sha256": sealed_line(each, None)} for each in rules]
    return canonical_digest({"sheet": sheet, "lines": sorted(lines, key=lambda each: str(each["code"]))})


def escalate_silent(*, registry: Registry, now: datetime) -> int:
    """Bring before the operator what providers let go by; return how many. Nothing is approved by it."""
    with registry.database.read() as connection:
        found = SharingReader(connection).silent(civil_date(now))
    if found:
        registry.database.write(lambda connection: _escalate(found, registry, now, connection))
    return len(found)


# --- steps 2 and 3 ----------------------------------------------------------------------------------------------


def _line_of(code: str, version: int, provider: str, connection: Connection) -> SharingRule:
    SharingWriter(connection).lock(code)
    rule = SharingReader(connection).get(code, version)
    if rule is None:
        raise NotFoundError("rule_not_found")
    if provider not in rule.providers.values():
        raise OrderError("provider_only", rule=rule.code)
    return rule


def _waiting_lines(sheet: str, digest: str, provider: str, connection: Connection) -> list[SharingRule]:
    """Return the lines that are answered at once: those that a provider saw, and no other that came or went since."""
    reader, writer = SharingReader(connection), SharingWriter(connection)
    for each in reader.waiting_for(provider, sheet):
        writer.lock(each.code)
    rules = reader.waiting_for(provider, sheet)
    if not rules:
        raise NotFoundError("rule_not_found")
    if digest_of_lines(sheet, rules) != digest:
        raise OrderError("difference_changed")
    return rules


def _read_answer(reading: OrderReading, answers: Sequence[RuleAnswer]) -> _Said:
    answer = reading.choice("answer", answers) or RuleAnswer.REFUSE
    with_reason = answer in _NEEDS_REASON
    reason = reading.choice("reason", list(AnswerReason)) if with_reason else None
    words = reading.text("words", 500) if with_reason else None
    reading.refuse_problems()
    return _Said(answer, str(reason) if reason else None, words)


@dataclass(frozen=True, slots=True)
class _Answering:
    """One answer within its transaction: who gives it, to which version, by which act."""

    said: _Said
    rule: SharingRule
    provider: str
    connection: Connection
    registry: Registry
    now: datetime
    act_id: str

    def take(self) -> RuleState:
        """Keep the answer; return how the version stands now."""
        approvals = SharingReader(self.connection).approvals(self.rule.code, self.rule.version)
        own = next(each for each in approvals if each.provider == self.provider)
        answer = self.said.answer
        if answer in (RuleAnswer.APPROVE, RuleAnswer.REFUSE):
            return self._decide(own, approvals)
        if self.rule.state is not RuleState.APPROVED:
            raise OrderError("rule_not_standing", rule=self.rule.code)
        return self._confirm(own, approvals) if answer is RuleAnswer.CONFIRM else self._end(own, approvals)

    def _decide(self, own: StoredApproval, approvals: list[StoredApproval]) -> RuleState:
        if own.answer is not None or self.rule.state is not RuleState.ASKED:
            raise OrderError("rule_not_waiting", rule=self.rule.code)
        self._close(own)
        self._put(replace(own, answer=str(self.said.answer), notice=None))
        writer = SharingWriter(self.connection)
        if self.said.answer is RuleAnswer.REFUSE:
            for each in approvals:
                self._close(each)
            writer.set_state(self.rule.code, [self.rule.version], RuleState.REFUSED)
            self._tell(NoticeKind.SHARING_ANSWERED)
            return RuleState.REFUSED
        if any(each.answer is None for each in approvals if each.provider != self.provider):
            return RuleState.ASKED
        until = self._confirmed_until()
        writer.set_state(self.rule.code, [self.rule.version], RuleState.APPROVED, confirmed_until=until)
        self._close_superseded()
        self._open_reviews(until)
        self._tell(NoticeKind.SHARING_ANSWERED)
        return RuleState.APPROVED

    def _confirm(self, own: StoredApproval, approvals: list[StoredApproval]) -> RuleState:
        self._close(own)
        until = self._confirmed_until()
        (notice,) = self._review_tasks([self.provider])
        self._put(replace(own, confirmed_until=until, notice=notice, escalation=None))
        days = [until, *(each.confirmed_until or until for each in approvals if each.provider != self.provider)]
        writer = SharingWriter(self.connection)
        writer.set_state(self.rule.code, [self.rule.version], RuleState.APPROVED, confirmed_until=min(days))
        return RuleState.APPROVED

    def _end(self, own: StoredApproval, approvals: list[StoredApproval]) -> RuleState:
        """End the line: what waits falls with what stands, and no earlier version counts again."""
        reader = SharingReader(self.connection)
        given = (RuleState.APPROVED, RuleState.ASKED)
        versions = [each for each in reader.versions(self.rule.code) if each.state in given]
        for version in versions:
            for each in reader.approvals(version.code, version.version):
                self._close(each)
        self._put(replace(own, answer=str(self.said.answer), notice=None))
        SharingWriter(self.connection).set_state(
            self.rule.code, [each.version for each in versions], RuleState.ENDED
        )  # fmt: skip
        self._tell(NoticeKind.SHARING_ANSWERED)
        return RuleState.ENDED

    def _close_superseded(self) -> None:
        """Close the yearly tasks of versions that this one takes the place of today."""
        reader = SharingReader(self.connection)
        for version in reader.versions(self.rule.code) if self.rule.from_on <= civil_date(self.now) else ():
            if version.version < self.rule.version and version.state is RuleState.APPROVED:
                for each in reader.approvals(version.code, version.version):
                    self._close(each)

    def _confirmed_until(self) -> date:
        due = self.registry.due(ClockCode.ACCESS_REVIEW, civil_date(self.now))
        return due.on + timedelta(days=self.registry.terms.review_grace_days)

    def _open_reviews(self, until: date) -> None:
        approvals = SharingReader(self.connection).approvals(self.rule.code, self.rule.version)
        numbers = self._review_tasks([each.provider for each in approvals])
        writer = SharingWriter(self.connection)
        for each, number in zip(approvals, numbers, strict=True):
            writer.put_approval(replace(each, confirmed_until=until, notice=number, escalation=None))

    def _review_tasks(self, providers: list[str]) -> list[int]:
        notices = self._notices()
        for each in providers:
            notices.add(each, NoticeKind.SHARING_TO_CONFIRM, self._facts())
        return notices.keep()

    def _tell(self, kind: NoticeKind) -> None:
        notices = self._notices()
        facts = self._facts() | {"answer": str(self.said.answer), "provider": self.provider}
        notices.add(self.rule.requester, kind, facts | ({"reason": self.said.reason} if self.said.reason else {}))
        notices.keep()

    def _facts(self) -> dict[str, Any]:
        names = ("requester", "item_code", "version")
        return {"rule": self.rule.code} | {name: getattr(self.rule, name) for name in names}

    def _notices(self) -> Notices:
        return Notices(self.connection, act_id=self.act_id, registry=self.registry, now=self.now)

    def _put(self, approval: StoredApproval) -> None:
        said = replace(approval, reason=self.said.reason, words=self.said.words, act_id=self.act_id)
        SharingWriter(self.connection).put_approval(said)

    def _close(self, approval: StoredApproval) -> None:
        """Close a task, unless it is about other lines of a sheet too that still wait."""
        for number in filter(None, (approval.notice, approval.escalation)):
            besides = (approval.code, approval.version)
            if not SharingReader(self.connection).waits_under(number, besides=besides):
                NoticeWriter(self.connection).close(number, act_id=self.act_id, now=self.now)


def _escalate(found: list[StoredApproval], registry: Registry, now: datetime, connection: Connection) -> None:
    operator = InstallationReader(connection).values()["operator"]
    reader, writer = SharingReader(connection), SharingWriter(connection)
    raised: dict[int, int] = {}
    for each in sorted(found, key=lambda one: one.code):
        writer.lock(each.code)
        # It may have been answered, or brought before the operator by another process, since it was read.
        current = [one for one in reader.approvals(each.code, each.version) if one == each]
        rule = reader.get(each.code, each.version)
        if not current or rule is None:
            continue
        if each.notice in raised:
            writer.note_escalation(each, raised[each.notice])  # the lines of a sheet are one task
            continue
        notices = Notices(connection, act_id=reader.act_of(each.code, each.version), registry=registry, now=now)
        facts = {"rule": each.code, "version": each.version, "provider": each.provider, "requester": rule.requester}
        notices.add(operator, NoticeKind.SHARING_SILENT, facts)
        (number,) = notices.keep()
        writer.note_escalation(each, number)
        raised |= {each.notice: number} if each.notice is not None else {}
