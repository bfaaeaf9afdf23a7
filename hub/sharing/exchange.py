"""Pulling verified certificates for a case, on a legal basis; and comparing values without handing any over.

Steps 2 to 8 stand in `hub/steps/sharing/pulling.py`, which batches (`hub/sharing/pull_batches/`) go through too.

1 the statement is verified (`hub/steps/orders/statements.py`): it carries the request, so the request is the evidence
2 the basis is found: a grant (its signer's status asked again when too old) or a line of the sharing table
3 the pull is decided (`hub/decisions/authorisation.py`, pure)
4 the decision is committed, allowed or refused, and a use of the grant reserved, before any field is read
5 the records are read
6 each certificate is judged by the one verdict
7 the permitted disclosures are chosen and the delivery note signed over what they make
8 status and grant are read again under the holder's row; delivery and use are committed     <- COMMIT POINT
9 the answer is given

A crash between 4 and 8 leaves a decision with a reserved use: the same request completes it, or the use lapses and is
released by an entry of its own. After 8 the same request gets the same answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import disclosed_values
from hub.decisions.facts import answer_verdict
from hub.errors import HubError, OrderError, PullError
from hub.steps.certificates.intentions import decrypt_disclosures
from hub.steps.orders.repeats import earlier_act, keep_answer, kept_answer
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange, judge_all, permitted_names
from hub.steps.sharing.materials import with_prefill
from hub.steps.sharing.pulling import (
    PULL_KINDS,
    Asking,
    Settled,
    decide_request,
    deliver,
    record_one,
    release,
    reserved_again,
)
from hub.steps.sharing.statutory import caps_of_day
from hub.steps.sharing.wishes import drop_lapsed
from hub.store.certificate import CertificateReader
from hub.store.exchange import ExchangeReader, ExchangeWriter, StoredDecision
from schemas.certificate import Certificate, civil_date
from schemas.evidence import Kind
from schemas.exchange import Comparison, PullRequest
from schemas.fields import COMMON_FIELDS
from schemas.parties import Officer, System


def pull(
    request: PullRequest,
    *,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    """Answer a pull. Raises PullError, with the decision recorded, when it is refused."""
    earlier = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        answer = kept_answer(earlier, system.code, key, registry=registry)
        if answer is not None:
            return _complete(answer, registry)
        decision = reserved_again(earlier.act, registry, now)
    else:
        asking = Asking(system, officer, verified.digest, caps_of_day(system, officer, registry.terms))
        decision = _decide_and_record(request, asking, verified, key, registry, exchange, now)
    if not decision.allowed:
        raise PullError(decision.reason, decision=decision.decision, act_id=decision.act_id)
    return _complete(_deliver(request, decision, key, registry, exchange, now), registry)


def release_lapsed(*, registry: Registry, now: datetime) -> int:
    """Release the uses that were reserved and neither used nor released in time; one entry each.

    Wishes to be told of a material lapse with their deferral; no act of anybody is undone by that.
    """
    drop_lapsed(registry=registry, now=now)
    with registry.database.read() as connection:
        lapsed = ExchangeReader(connection).lapsed(now)
    for decision in lapsed:
        registry.database.write(lambda connection, each=decision: release(each, registry, now, connection))  # type: ignore[misc]
    return len(lapsed)


# --- steps 2 to 9 -----------------------------------------------------------------------------------------------


def _decide_and_record(
    request: PullRequest,
    asking: Asking,
    verified: VerifiedStatement,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
    kinds: tuple[Kind, Kind] = PULL_KINDS,
    most_misses: int | None = None,
) -> StoredDecision:
    """Decide and commit the decision, its statement spent with it."""
    decided = decide_request(request, asking=asking, registry=registry, exchange=exchange, now=now)
    return record_one(
        decided, verified=verified, asking=asking, key=key, registry=registry, now=now, kinds=kinds,
        most_misses=most_misses,
    )  # fmt: skip


def _deliver(
    request: PullRequest,
    decision: StoredDecision,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    def keep(connection: Connection, settled: Sequence[Settled]) -> None:
        for _, outcome in settled:
            if not isinstance(outcome, HubError):
                keep_answer(connection, decision.system, key, outcome, registry=registry)

    settled = deliver([(request, decision)], settle=keep, registry=registry, exchange=exchange, now=now)
    # Acts keep coming between reading and recording: nothing was handed over.
    outcome = settled[0][1] if settled else OrderError("act_under_way")
    if isinstance(outcome, HubError):
        raise outcome
    return outcome


def _complete(answer: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """Return an answer as it is given, whether kept or new: what it prefills is in its files and is not kept twice."""
    if "materials" not in answer:
        return dict(answer)
    with registry.database.read() as connection:
        return with_prefill(answer, connection=connection)


# --- comparison -------------------------------------------------------------------------------------------------


def compare(
    comparison: Comparison,
    *,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    """Say once, for the whole set, whether the values are those of the holder's certificate.

    Where a value was erased, and no other certificate matches, `match` is None and `erased` names it.
    Needs the right to see the fields it compares. Wrong answers are counted per requester, holder and day; past the
    limit the comparison is refused, so that values cannot be found by trying.
    """
    request = comparison.pull
    earlier = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        kept = kept_answer(earlier, system.code, key, registry=registry)
        if kept is not None:
            return kept
        decision = reserved_again(earlier.act, registry, now)
    else:
        asking = Asking(system, officer, verified.digest, caps_of_day(system, officer, registry.terms))
        decision = _decide_comparison(request, asking, verified, key, registry, exchange, now)
    if not decision.allowed:
        raise PullError(decision.reason, decision=decision.decision, act_id=decision.act_id)
    with registry.database.read() as connection:
        judged = [
            each
            for each in judge_all(decision, connection, registry, exchange, now)
            if _may_compare(each.certificate, decision, comparison.values, registry, connection)
        ]
    same = [each for each in judged if _is_same(each.certificate, comparison.values, registry)]
    verdict = answer_verdict(same[0].verdict) if same else None
    # Nobody can say any more whether an erased value was the same: neither a match nor a miss.
    erased = sorted({name for each in judged for name in each.erased & comparison.values.keys()}) if not same else []
    match = None if erased else bool(same)
    answer: dict[str, Any] = {"decision": decision.decision, "match": match, "verdict": verdict}
    answer |= {"act_id": decision.act_id}
    answer |= {"as_of": now.isoformat()} | ({"erased": erased} if erased else {})

    def record(connection: Connection) -> None:
        if not keep_answer(connection, system.code, key, answer, registry=registry):
            return  # the same request, sent twice at once: it counts once
        writer = ExchangeWriter(connection)
        if same or erased:
            day = civil_date(decision.recorded_at)
            writer.give_back_miss(system.department, request.licence_number, day)
        if erased:
            release(decision, registry, now, connection)
        else:
            writer.settle_use(decision.decision, "used")
        if same:
            writer.add_affirmation(decision, [each.certificate.serial for each in same], now)

    registry.database.write(record)
    return answer


def _decide_comparison(
    request: PullRequest,
    asking: Asking,
    verified: VerifiedStatement,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> StoredDecision:
    common = frozenset(COMMON_FIELDS)
    wanted = tuple(
        replace(each, fields=tuple(name for name in each.fields or () if name not in common)) for each in request.wanted
    )
    kinds = (Kind.COMPARISON, Kind.COMPARISON_REFUSED)
    asked = replace(request, wanted=wanted)
    most = registry.terms.misses_a_day
    return _decide_and_record(asked, asking, verified, key, registry, exchange, now, kinds, most)


def _may_compare(
    certificate: Certificate,
    decision: StoredDecision,
    values: Mapping[str, str],
    registry: Registry,
    connection: Connection,
) -> bool:
    """Say whether what is compared may be seen of this certificate: its type version may mean another thing by it."""
    return values.keys() <= {*permitted_names(certificate, decision, registry, connection), *COMMON_FIELDS}


def _is_same(certificate: Certificate, values: Mapping[str, str], registry: Registry) -> bool:
    with registry.database.read() as connection:
        stored = CertificateReader(connection).records([certificate.serial])[certificate.serial]
    private = decrypt_disclosures(stored.envelope, serial=certificate.serial, registry=registry)
    held = disclosed_values([*stored.public_disclosures, *private])
    return all(held.get(name) == value.strip() for name, value in values.items())
