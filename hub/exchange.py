"""Pulling verified certificates for a case, on a legal basis; and comparing values without handing any over.

1 the statement is verified (`hub/statements.py`): it carries the request, so the request is the evidence
2 the basis is found: a grant (its signer's status asked again when too old) or a line of the sharing table
3 the pull is decided (`hub/authorisation.py`, pure)
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
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from hub.answers import disclosed_values
from hub.authorisation import Decision, GrantStanding, decide
from hub.delivery import Exchange, Judged, judge_all, make_delivery, permitted_names
from hub.errors import OrderError, PullError
from hub.facts import answer_verdict
from hub.holders import lock_holder
from hub.intentions import decrypt_disclosures, new_name
from hub.materials import Case, case_of, describe_materials, with_prefill
from hub.registry import Registry
from hub.repeats import earlier_act, keep_answer, kept_answer, open_act, spend_statement
from hub.signer_status import standing_of
from hub.statements import VerifiedStatement
from hub.statutory import choose_for_review, limit_statutory
from hub.store.certificate import CertificateReader
from hub.store.enterprise import EnterpriseReader
from hub.store.entry import EntryWriter
from hub.store.exchange import ExchangeReader, ExchangeWriter, StoredDecision
from hub.store.grant import GrantReader, GrantWriter
from hub.store.sharing import SharingReader
from hub.wishes import drop_lapsed, keep_wishes
from schemas.certificate import Certificate, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.exchange import ON_SENTENCE, Comparison, PullRequest
from schemas.fields import COMMON_FIELDS
from schemas.parties import Officer, System
from schemas.sharing import SharingRule

_ATTEMPTS = 3


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
        decision = _reserved_again(earlier.act, registry, now)
    else:
        decision = _decide_and_record(request, verified, system, officer, key, registry, exchange, now)
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
        registry.database.write(lambda connection, each=decision: _release(each, registry, now, connection))  # type: ignore[misc]
    return len(lapsed)


# --- steps 2 to 4 -----------------------------------------------------------------------------------------------


def _decide_and_record(
    request: PullRequest,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
    kinds: tuple[Kind, Kind] = (Kind.PULL_ALLOWED, Kind.PULL_REFUSED),
    most_misses: int | None = None,
) -> StoredDecision:
    """Decide and commit the decision; with `most_misses` a miss is counted before the comparison it allows."""
    registry.refuse_doubtful(now)
    registry.require_log(now)
    rule, grant = _basis(request, registry, exchange, now)
    case = _case(request, system.department, registry, now) if request.by_item else None
    item = case.item if case else None
    decision = decide(
        request,
        system=system,
        officer=officer,
        rule=rule,
        grant=grant,
        catalogue=registry.catalogue,
        now=now,
        item=item,
    )
    name = new_name(registry)

    def record(connection: Connection) -> StoredDecision:
        open_act(connection, system.code, key, request_digest=verified.digest, act=name, registry=registry, now=now)
        statement = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        settled, use_state = decision, "none"
        if decision.allowed and most_misses is not None:
            writer, today = ExchangeWriter(connection), civil_date(now)
            if not writer.take_miss(system.department, request.licence_number, today, most=most_misses):
                settled = Decision(False, "too_many_misses", {})
        settled = limit_statutory(
            settled, request, name, rule=rule, system=system, officer=officer, connection=connection,
            registry=registry, now=now,
        )  # fmt: skip
        if settled.allowed and grant is not None:
            use_state = "reserved"
            if not GrantWriter(connection).take_use(grant.digest):
                settled, use_state = _refused_use(grant, connection), "none"
        stored = _stored_decision(request, settled, name, system, officer, statement, use_state, registry, now)
        stored = replace(
            stored, item_version=item.version if item else None, rule_version=rule.version if rule else None
        )
        ExchangeWriter(connection).add_decision(stored)
        choose_for_review(stored, rule, operator=exchange.maker, connection=connection, registry=registry, now=now)
        kind = kinds[0] if settled.allowed else kinds[1]
        act = ActFacts(kind, stored.act_id, now, None, verified.digest, None, None)
        EntryWriter(connection, registry.random).add([act])
        return stored

    return registry.database.write(record)


def _basis(
    request: PullRequest, registry: Registry, exchange: Exchange, now: datetime
) -> tuple[SharingRule | None, GrantStanding | None]:
    if request.basis in ON_SENTENCE:
        standing = standing_of(request.basis_reference, registry=registry, e_licence=exchange.e_licence, now=now)
        return None, standing
    with registry.database.read() as connection:
        return SharingReader(connection).in_force(request.basis_reference, civil_date(now)), None


def _case(request: PullRequest, requester: str, registry: Registry, now: datetime) -> Case | None:
    with registry.database.read() as connection:
        return case_of(
            requester, request.licence_number, request.item_code, request.case_number, connection=connection,
            today=civil_date(now),
        )  # fmt: skip


def _refused_use(grant: GrantStanding, connection: Connection) -> Decision:
    """Say why no use could be taken: between the decision and its record another pull or a withdrawal came."""
    stored = GrantReader(connection).get(grant.digest)
    withdrawn = stored is not None and stored.withdrawn_at is not None
    return Decision(False, "grant_withdrawn" if withdrawn else "grant_used_up", {})


def _stored_decision(
    request: PullRequest,
    decision: Decision,
    name: str,
    system: System,
    officer: Officer | None,
    statement: int,
    use_state: str,
    registry: Registry,
    now: datetime,
) -> StoredDecision:
    return StoredDecision(
        decision=name,
        system=system.code,
        requester=system.department,
        officer=officer.number if officer else None,
        licence_number=request.licence_number,
        item_code=request.item_code,
        case_number=request.case_number,
        basis=str(request.basis),
        basis_reference=request.basis_reference,
        allowed=decision.allowed,
        reason=decision.reason,
        fields={code: list(names) for code, names in decision.fields.items()},
        use_state=use_state,
        lapses_at=now + registry.terms.reservation_term,
        statement=statement,
        recorded_at=now,
        act_id=new_name(registry),
    )


def _reserved_again(name: str, registry: Registry, now: datetime) -> StoredDecision:
    """Return the decision an interrupted pull left, to be completed by the same request."""
    with registry.database.read() as connection:
        decision = ExchangeReader(connection).decision(name)
    if decision is None:
        raise OrderError("act_under_way")
    if decision.allowed and decision.use_state == "released":
        raise OrderError("pull_lapsed")
    return decision


# --- steps 5 to 9 -----------------------------------------------------------------------------------------------


def _deliver(
    request: PullRequest,
    decision: StoredDecision,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    case = _case(request, decision.requester, registry, now) if request.by_item else None
    for _ in range(_ATTEMPTS):
        with registry.database.read() as connection:
            judged = judge_all(decision, connection, registry, exchange, now)
        answer, note = make_delivery(request, decision, judged, registry, exchange, now)
        if case is not None:
            with registry.database.read() as connection:
                answer |= describe_materials(
                    case, decision, judged, surroundings=exchange.surroundings(), registry=registry,
                    connection=connection, today=civil_date(now), tell=request.tell_when_issued,
                )  # fmt: skip

        def commit(connection: Connection) -> bool:
            return _commit_delivery(decision, judged, answer, note, key, registry, exchange, now, connection)  # noqa: B023

        if registry.database.write(commit):
            return answer
    raise OrderError("act_under_way")  # acts keep coming between reading and recording: nothing was handed over


def _complete(answer: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """Return an answer as it is given, whether kept or new: what it prefills is in its files and is not kept twice."""
    if "materials" not in answer:
        return dict(answer)
    with registry.database.read() as connection:
        return with_prefill(answer, connection=connection)


def _commit_delivery(
    decision: StoredDecision,
    judged: Sequence[Judged],
    answer: dict[str, Any],
    note: str | None,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
    connection: Connection,
) -> bool:
    """Commit the delivery unless something was done between reading and now; then return False and write nothing."""
    # Whoever asks about a number that nobody has makes no enterprise of it; nothing is delivered then.
    if EnterpriseReader(connection).get(decision.licence_number) is not None:
        lock_holder(decision.licence_number, connection=connection, registry=registry, now=now)
    if ExchangeReader(connection).is_delivered(decision.decision):
        raise OrderError("act_under_way")  # the same request, sent twice at once: the other one has the answer
    # Not its own status alone: a note of another authority, or the end of the licence, may have come between.
    if judge_all(decision, connection, registry, exchange, now) != judged:
        return False
    if decision.basis in ON_SENTENCE and decision.basis_reference is not None:
        stored = GrantReader(connection).get(decision.basis_reference)
        if stored is None or stored.withdrawn_at is not None:
            raise PullError("grant_withdrawn", decision=decision.decision)
    exchange_writer = ExchangeWriter(connection)
    answer["act_id"] = decision.act_id
    if note is None:
        _release(decision, registry, now, connection)
    else:
        if decision.use_state != "none" and not exchange_writer.settle_use(decision.decision, "used"):
            raise OrderError("act_under_way")
        digest = sha256(note.encode()).hexdigest()
        act = ActFacts(Kind.DELIVERY, new_name(registry), now, None, None, digest, decision.act_id)
        answer["act_id"] = act.act_id
        exchange_writer.add_delivery(_delivery_row(decision, answer, note, act.act_id, registry, now))
        EntryWriter(connection, registry.random).add([act])
    if "materials" in answer:
        # Where nobody knows the enterprise yet no row is held: an issue that comes in this very moment is not told.
        keep_wishes(decision, answer, connection=connection)
    keep_answer(connection, decision.system, key, answer, registry=registry)
    return True


def _delivery_row(
    decision: StoredDecision, answer: Mapping[str, Any], note: str, act_id: str, registry: Registry, now: datetime
) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "serial_number": answer["delivery"],
        "requester": decision.requester,
        "licence_number": decision.licence_number,
        "note": note,
        "ends_at": datetime.fromisoformat(answer["ends_at"]),
        "recorded_at": now,
        "act_id": act_id,
    }


def _release(decision: StoredDecision, registry: Registry, now: datetime, connection: Connection) -> None:
    """Give a reserved use back, once, with an entry."""
    if decision.use_state != "reserved" or not ExchangeWriter(connection).settle_use(decision.decision, "released"):
        return
    GrantWriter(connection).give_back_use(decision.basis_reference or "")
    act = ActFacts(Kind.RELEASE, new_name(registry), now, None, None, None, decision.act_id)
    EntryWriter(connection, registry.random).add([act])


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
        decision = _reserved_again(earlier.act, registry, now)
    else:
        decision = _decide_comparison(request, verified, system, officer, key, registry, exchange, now)
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
            _release(decision, registry, now, connection)
        else:
            writer.settle_use(decision.decision, "used")

    registry.database.write(record)
    return answer


def _decide_comparison(
    request: PullRequest,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
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
    return _decide_and_record(
        asked, verified, system, officer, key, registry, exchange, now, kinds, registry.terms.misses_a_day
    )


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
