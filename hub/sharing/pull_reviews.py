"""Reviews of statutory pulls: another department says whether a pull was justified, and why not.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once; it names the person who reviews
2 the review waits for this department, which is never the one that pulled
3 answer, task, word to the requester and entry are committed together            <- COMMIT POINT

What a reviewer writes is kept encrypted, for the two departments to read; the enterprise sees in its ledger that the
pull was reviewed, and with what outcome.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.errors import NotFoundError, OrderError
from hub.steps.notices import NoticeKind, Notices
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.steps.sharing.statutory import open_review
from hub.store.entry import EntryWriter
from hub.store.exchange import ExchangeReader, StoredDecision
from hub.store.notice import NoticeWriter
from hub.store.pull_review import PullReviewReader, PullReviewWriter, StoredReview
from hub.store.sharing import SharingReader
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import System
from schemas.sharing import ReviewReason
from signing.envelope import decrypt, encrypt

_MEMBERS = frozenset({"decision", "justified", "reason", "words"})
_MOST = 500


def answer_review(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Answer a review: `decision`, `justified`, `words`; with a `reason` of the list where it is not justified.

    Raises OrderError answer_officer_needed, task_not_open; NotFoundError task_not_found.
    """
    reading = OrderReading(content)
    if content.keys() - _MEMBERS:
        reading.problem("content", "unknown")
    decision, words = reading.text("decision", 43), reading.text("words", 500)
    if content.get("justified") is None:
        reading.problem("justified", "missing")
    justified = reading.flag("justified")
    reason = None if justified else reading.choice("reason", list(ReviewReason))
    reading.refuse_problems()
    if verified.statement.officer is None:
        raise OrderError("answer_officer_needed")

    def answer(connection: Connection, act_id: str) -> dict[str, Any]:
        review = PullReviewReader(connection).get(decision)
        if review is None or review.reviewer != system.department:
            raise NotFoundError("task_not_found")
        spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        sealed = encrypt(words.encode(), master=registry.master, context=_context(decision))
        why, writer = str(reason) if reason else None, PullReviewWriter(connection)
        if not writer.answer(decision, justified=justified, reason=why, words=sealed, act_id=act_id):
            raise OrderError("task_not_open")
        NoticeWriter(connection).close(review.notice, act_id=act_id, now=now)
        if not justified:
            _tell_requester(review, str(reason), act_id, connection, registry, now)
        act = ActFacts(Kind.ANSWER_REVIEW, act_id, now, None, verified.digest, None, None)
        EntryWriter(connection, registry.random).add([act])
        return {"decision": decision, "justified": justified, "act_id": act_id}

    return act_once(answer, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)


def list_reviews(system: System, *, registry: Registry) -> dict[str, Any]:
    """Return the newest reviews that the system's department makes, or that are made of its pulls."""
    with registry.database.read() as connection:
        found = PullReviewReader(connection).of(system.department, most=_MOST)
    return {"reviews": [_describe(each, registry) for each in found]}


def list_waiting(system: System, *, registry: Registry) -> dict[str, Any]:
    """Return the oldest reviews that wait for the system's department, each with the pull that it is about."""
    with registry.database.read() as connection:
        found = PullReviewReader(connection).waiting(system.department, most=_MOST)
        pulls = ExchangeReader(connection).decisions([each.decision for each in found])
    return {"reviews": [_describe(each, registry) | _describe_pull(pulls[each.decision]) for each in found]}


def choose_of_the_day(*, registry: Registry, now: datetime) -> int:
    """Open the one review of each requester's days gone by on which its lots chose none; return how many."""
    with registry.database.read() as connection:
        found = PullReviewReader(connection).unsettled(civil_date(now))

    def choose(connection: Connection) -> None:
        for day, requester, decision in found:
            if not PullReviewWriter(connection).settle(day, requester):
                continue  # another process has done it
            stored = ExchangeReader(connection).decision(decision)
            if stored is None:
                continue
            rule = SharingReader(connection).get(stored.basis_reference or "", stored.rule_version)
            open_review(stored, rule, connection=connection, registry=registry, now=now)

    if found:
        registry.database.write(choose)
    return len(found)


def _tell_requester(
    review: StoredReview, reason: str, act_id: str, connection: Connection, registry: Registry, now: datetime
) -> None:
    stored = ExchangeReader(connection).decision(review.decision)
    notices = Notices(connection, act_id=act_id, registry=registry, now=now)
    facts = {"decision": review.decision, "reviewer": review.reviewer, "reason": reason}
    facts |= {"item_code": stored.item_code, "case_number": stored.case_number} if stored else {}
    notices.add(
        review.requester,
        NoticeKind.PULL_NOT_JUSTIFIED,
        facts,
        licence_number=stored.licence_number if stored else None,
    )
    notices.keep()


def _describe(review: StoredReview, registry: Registry) -> dict[str, Any]:
    words = None
    if review.words is not None:
        words = decrypt(review.words, masters=registry.masters, context=_context(review.decision)).decode()
    return {
        "decision": review.decision,
        "requester": review.requester,
        "reviewer": review.reviewer,
        "recorded_at": review.recorded_at.isoformat(),
        "justified": review.justified,
        "reason": review.reason,
        "words": words,
        "act_id": review.act_id,
    }


def _describe_pull(decision: StoredDecision) -> dict[str, Any]:
    """Return what the reviewer's task told of a pull."""
    names = ("licence_number", "item_code", "case_number")
    told: dict[str, Any] = {name: getattr(decision, name) for name in names}
    return told | {"rule": decision.basis_reference, "types": sorted(decision.fields)}


def _context(decision: str) -> bytes:
    return b"pull review " + decision.encode()
