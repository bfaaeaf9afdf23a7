"""What a pull by law has beside its decision: the caps of the day, the holder of the case, and the review it may get.

- Pulls that are allowed are counted by civil day, of the officer, of the system, and of the system on the line. The
  rows of a file are not the officer's work of a day: a night has a quota of its own for them
  (`hub/sharing/pull_batches`).
- A case number belongs to the first holder it was used for on a line, unless the line says that it may be many's.
- A share of the pulls goes to another department for review. Which ones nobody can foresee: a pull is chosen by a
  keyed digest of its name, which is random. Of each requester's day at least one is reviewed
  (`hub/sharing/pull_reviews.py`).
All of it stands in the transaction of the decision.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from hmac import digest as keyed_digest
from typing import Any

from sqlalchemy import Connection

from hub.decisions.authorisation import Decision, limit
from hub.steps.notices import NoticeKind, Notices
from hub.steps.registry import Registry
from hub.store.exchange import StoredDecision
from hub.store.installation import InstallationReader
from hub.store.pull_limit import PullLimitWriter
from hub.store.pull_review import PullReviewWriter, StoredReview
from hub.terms import Terms
from schemas.certificate import civil_date
from schemas.exchange import PullRequest
from schemas.parties import Officer, System
from schemas.sharing import SharingRule

_LOT_BITS = 64


def caps_of_day(system: System, officer: Officer | None, terms: Terms) -> dict[str, int]:
    """Return how many statutory pulls an officer and a system may make in a day, by what is counted."""
    of_officer = {f"officer {officer.number}": terms.pulls_a_day_officer} if officer else {}
    return of_officer | {f"system {system.code}": terms.pulls_a_day_system}


def limit_statutory(
    decision: Decision,
    request: PullRequest,
    name: str,
    *,
    rule: SharingRule | None,
    system: System,
    caps: Mapping[str, int],
    connection: Connection,
    now: datetime,
) -> Decision:
    """Count a pull that its line allows, and bind its case; return the decision, or why it is refused after all.

    `caps` are those of whoever asks, by what is counted; the line's own is added to them.
    """
    if not decision.allowed or rule is None:
        return decision
    writer, today = PullLimitWriter(connection), civil_date(now)
    if rule.daily_cap is not None:
        caps = {**caps, f"line {rule.code} {system.code}": rule.daily_cap}
    is_within = all(writer.take(counter, today, most=most) for counter, most in caps.items())
    bound_to = None
    if is_within and not rule.many_holders:
        bound_to = writer.bind(rule.code, request.case_number, request.licence_number, decision=name)
    return limit(decision, is_within_caps=is_within, bound_to=bound_to, holder=request.licence_number)


def choose_for_review(
    stored: StoredDecision,
    rule: SharingRule | None,
    *,
    connection: Connection,
    registry: Registry,
    now: datetime,
) -> None:
    """Let another department review an allowed statutory pull if its lot says so; else it may be the day's one."""
    if not stored.allowed or rule is None:
        return
    day, lot = civil_date(now), lot_of(stored.decision, registry)
    writer = PullReviewWriter(connection)
    writer.draw(day, stored.requester, decision=stored.decision, lot=lot)
    if int(lot[: _LOT_BITS // 4], 16) < registry.terms.review_share * 2**_LOT_BITS:
        writer.settle(day, stored.requester)
        open_review(stored, rule, connection=connection, registry=registry, now=now)


def lot_of(decision: str, registry: Registry) -> str:
    """Return the lot of a decision: a digest (hex) under a key that only the hub has."""
    return keyed_digest(registry.facts_key, b"review " + decision.encode(), sha256).hex()


def open_review(
    stored: StoredDecision,
    rule: SharingRule | None,
    *,
    connection: Connection,
    registry: Registry,
    now: datetime,
) -> None:
    """Open the task: the line's reviewer, else its first provider that is another department, else the operator."""
    others = [each for each in (rule.reviewer, *sorted(rule.providers.values())) if each] if rule else []
    reviewer = next((each for each in others if each != stored.requester), None)
    if reviewer is None:
        reviewer = InstallationReader(connection).values()["operator"]
    notices = Notices(connection, act_id=stored.act_id, registry=registry, now=now)
    facts: dict[str, Any] = {"decision": stored.decision, "requester": stored.requester, "item_code": stored.item_code}
    facts |= {"case_number": stored.case_number, "rule": stored.basis_reference, "version": stored.rule_version}
    facts |= {"types": sorted(stored.fields)}
    notices.add(reviewer, NoticeKind.PULL_TO_REVIEW, facts, licence_number=stored.licence_number)
    (number,) = notices.keep()
    PullReviewWriter(connection).add(StoredReview(stored.decision, stored.requester, reviewer, number, now))
