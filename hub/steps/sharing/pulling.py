"""The steps that every pull goes through, alone or in a file of thousands: steps 2 to 8 of `hub/sharing/exchange.py`.

What is decided and what is delivered are committed for any number of pulls at once: `record_decisions` stands in the
caller's transaction, beside what the pulls were asked by; `deliver` has one of its own, beside whatever keeps what came
of each (`settle`). One pull that is refused, or whose holder changed meanwhile, holds up no other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from hub.decisions.authorisation import Decision, GrantStanding, decide
from hub.errors import HubError, OrderError, PullError
from hub.steps.certificates.intentions import new_name
from hub.steps.consent.signer_status import standing_of
from hub.steps.orders.repeats import open_act, spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange, Judged, judge_all, make_delivery, read_contents
from hub.steps.sharing.materials import Case, case_of, describe_materials
from hub.steps.sharing.statutory import choose_for_review, limit_statutory
from hub.steps.sharing.wishes import keep_wishes
from hub.store.enterprise import EnterpriseWriter
from hub.store.entry import EntryWriter
from hub.store.exchange import ExchangeReader, ExchangeWriter, StoredDecision
from hub.store.grant import GrantReader, GrantWriter
from hub.store.sharing import SharingReader
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.exchange import ON_SENTENCE, Basis, PullRequest, Wanted
from schemas.items import ServiceItem
from schemas.parties import Officer, System
from schemas.sharing import SharingRule

_ATTEMPTS = 3
PULL_KINDS = (Kind.PULL_ALLOWED, Kind.PULL_REFUSED)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, the digest of the statement that asks (SHA-256, hex), and the caps on what they pull by law.

    `caps` are those of a day (`hub/steps/sharing/statutory.py`), by what is counted; none where a quota stands in their
    place.
    """

    system: System
    officer: Officer | None
    statement_digest: str
    caps: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """A request with its decision, not yet recorded, and the name that it will have."""

    name: str
    request: PullRequest
    decision: Decision
    grant: GrantStanding | None
    item: ServiceItem | None
    rule: SharingRule | None


Settled = tuple[StoredDecision, dict[str, Any] | HubError]
"""A decision and its answer, or why nothing may be handed over after all."""

Settle = Callable[[Connection, Sequence[Settled]], None]


# --- steps 2 to 4 -----------------------------------------------------------------------------------------------


def decide_request(
    request: PullRequest, *, asking: Asking, registry: Registry, exchange: Exchange, now: datetime
) -> Decided:
    """Find the basis of a request and decide it (steps 2 and 3). Raises StoreError when the log does not go on."""
    require_sound(registry, now)
    rule, grant = _basis(request, registry, exchange, now)
    return decide_named(new_name(registry), request, rule, grant, asking=asking, registry=registry, now=now)


def decide_named(
    name: str,
    request: PullRequest,
    rule: SharingRule | None,
    grant: GrantStanding | None,
    *,
    asking: Asking,
    registry: Registry,
    now: datetime,
) -> Decided:
    """Decide a request on its basis: the line of the sharing table, or the grant as it stands. `name` is for it."""
    case = _case(request, asking.system.department, registry, now) if request.by_item else None
    item = case.item if case else None
    decision = decide(
        request,
        system=asking.system,
        officer=asking.officer,
        rule=rule,
        grant=grant,
        catalogue=registry.catalogue,
        now=now,
        item=item,
    )
    return Decided(name, request, decision, grant, item, rule)


def require_sound(registry: Registry, now: datetime) -> None:
    """Let nothing be decided while the store knows less than its log, or the log says nothing. Raises StoreError."""
    registry.refuse_doubtful(now)
    registry.require_log(now)


def record_decisions(
    decided: Sequence[Decided],
    statement: int,
    *,
    asking: Asking,
    registry: Registry,
    now: datetime,
    connection: Connection,
    kinds: tuple[Kind, Kind] = PULL_KINDS,
    most_misses: int | None = None,
) -> list[StoredDecision]:
    """Record decisions with an entry each, and reserve their uses (step 4), in the transaction of `connection`.

    What stands on a line of the sharing table is counted, bound to its case and perhaps chosen for review there too.

    With `most_misses` a miss is counted before the comparison it allows.
    """
    stored: dict[str, StoredDecision] = {}
    # Uses are taken in the order of their grants: of two files at once neither waits for the other.
    for each in sorted(decided, key=lambda one: one.request.basis_reference):
        settled = _within_misses(each, asking, most_misses, now, connection)
        settled = limit_statutory(
            settled, each.request, each.name, rule=each.rule, system=asking.system, caps=asking.caps,
            connection=connection, now=now,
        )  # fmt: skip
        settled, use_state = _with_use(each, settled, connection)
        row = stored[each.name] = _stored_decision(each, settled, asking, statement, use_state, registry, now)
        choose_for_review(row, each.rule, connection=connection, registry=registry, now=now)
    rows = [stored[each.name] for each in decided]
    ExchangeWriter(connection).add_decisions(rows)
    acts = [
        ActFacts(kinds[0] if row.allowed else kinds[1], row.act_id, now, None, asking.statement_digest, None, None)
        for row in rows
    ]
    EntryWriter(connection, registry.random).add(acts)
    return rows


def record_one(
    decided: Decided,
    *,
    verified: VerifiedStatement,
    asking: Asking,
    key: str,
    registry: Registry,
    now: datetime,
    kinds: tuple[Kind, Kind] = PULL_KINDS,
    most_misses: int | None = None,
    also: Callable[[StoredDecision, Connection], None] = lambda decision, connection: None,
) -> StoredDecision:
    """Commit one decision, its statement spent and its idempotency key taken with it (step 4), and what `also` does."""
    system, digest = asking.system.code, verified.digest

    def record(connection: Connection) -> StoredDecision:
        open_act(connection, system, key, request_digest=digest, act=decided.name, registry=registry, now=now)
        statement = spend_statement(connection, verified, system=system, registry=registry, now=now)
        (stored,) = record_decisions(
            [decided], statement, asking=asking, registry=registry, now=now, connection=connection, kinds=kinds,
            most_misses=most_misses,
        )  # fmt: skip
        also(stored, connection)
        return stored

    return registry.database.write(record)


def _within_misses(
    each: Decided, asking: Asking, most_misses: int | None, now: datetime, connection: Connection
) -> Decision:
    if not each.decision.allowed or most_misses is None:
        return each.decision
    writer, today = ExchangeWriter(connection), civil_date(now)
    if writer.take_miss(asking.system.department, each.request.licence_number, today, most=most_misses):
        return each.decision
    return Decision(False, "too_many_misses", {})


def _with_use(each: Decided, decision: Decision, connection: Connection) -> tuple[Decision, str]:
    if not decision.allowed or each.grant is None:
        return decision, "none"
    if GrantWriter(connection).take_use(each.grant.digest):
        return decision, "reserved"
    return _refused_use(each.grant, connection), "none"


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
    each: Decided,
    decision: Decision,
    asking: Asking,
    statement: int,
    use_state: str,
    registry: Registry,
    now: datetime,
) -> StoredDecision:
    return StoredDecision(
        decision=each.name,
        system=asking.system.code,
        requester=asking.system.department,
        officer=asking.officer.number if asking.officer else None,
        licence_number=each.request.licence_number,
        item_code=each.request.item_code,
        case_number=each.request.case_number,
        basis=str(each.request.basis),
        basis_reference=each.request.basis_reference,
        allowed=decision.allowed,
        reason=decision.reason,
        fields={code: list(names) for code, names in decision.fields.items()},
        use_state=use_state,
        lapses_at=now + registry.terms.reservation_term,
        statement=statement,
        recorded_at=now,
        act_id=new_name(registry),
        item_version=each.item.version if each.item else None,
        rule_version=each.rule.version if each.rule else None,
    )


# --- steps 5 to 8 -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A delivery as made and signed, not yet committed; `note` is None when nothing is handed over."""

    decision: StoredDecision
    judged: Sequence[Judged]
    answer: dict[str, Any]
    note: str | None


def deliver(
    pulls: Sequence[tuple[PullRequest, StoredDecision]],
    *,
    settle: Settle,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> list[Settled]:
    """Deliver what allowed decisions cover; return those that are settled, each committed together with its `settle`.

    Missing are those whose holder had act upon act between reading and recording: nothing was handed over of them.
    """
    waiting, settled = list(pulls), list[Settled]()
    for _ in range(_ATTEMPTS):
        prepared = [_prepare(request, decision, registry, exchange, now) for request, decision in waiting]
        settled += registry.database.write(partial(_commit, prepared, settle, registry, exchange, now))
        done = {decision.decision for decision, _ in settled}
        waiting = [each for each in waiting if each[1].decision not in done]
        if not waiting:
            break
    return settled


def _prepare(
    request: PullRequest, decision: StoredDecision, registry: Registry, exchange: Exchange, now: datetime
) -> _Prepared:
    case = _case(request, decision.requester, registry, now) if request.by_item else None
    with registry.database.read() as connection:
        judged = judge_all(decision, connection, registry, exchange, now)
        contents = read_contents(request, decision, judged, connection=connection, registry=registry, now=now)
    answer, note = make_delivery(request, decision, contents, registry, exchange, now)
    if case is not None:
        with registry.database.read() as connection:
            answer |= describe_materials(
                case, decision, judged, surroundings=exchange.surroundings(), registry=registry,
                connection=connection, today=civil_date(now), tell=request.tell_when_issued,
            )  # fmt: skip
    return _Prepared(decision, judged, answer, note)


def _commit(
    prepared: Sequence[_Prepared],
    settle: Settle,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
    connection: Connection,
) -> list[Settled]:
    """Commit those deliveries between whose reading and now nothing was done to the holder; leave the others."""
    # Whoever asks about a number that nobody has makes no enterprise of it; nothing is delivered then.
    EnterpriseWriter(connection).lock_known({each.decision.licence_number for each in prepared})
    found = [(each.decision, _commit_one(each, registry, exchange, now, connection)) for each in prepared]
    settled: list[Settled] = [(decision, outcome) for decision, outcome in found if outcome is not None]
    settle(connection, settled)
    return settled


def _commit_one(
    each: _Prepared, registry: Registry, exchange: Exchange, now: datetime, connection: Connection
) -> dict[str, Any] | HubError | None:
    """Commit one delivery; return its answer, why there is none, or None, with nothing written, to have it made anew.

    An error writes nothing either: the use it reserved lapses.
    """
    decision, note = each.decision, each.note
    if ExchangeReader(connection).is_delivered(decision.decision):
        return OrderError("act_under_way")  # the same request, sent twice at once: the other one has the answer
    # Not its own status alone: a note of another authority, or the end of the licence, may have come between.
    if judge_all(decision, connection, registry, exchange, now) != each.judged:
        return None
    if decision.basis in ON_SENTENCE and decision.basis_reference is not None:
        stored = GrantReader(connection).get(decision.basis_reference)
        if stored is None or stored.withdrawn_at is not None:
            return PullError("grant_withdrawn", decision=decision.decision, act_id=decision.act_id)
    exchange_writer, answer = ExchangeWriter(connection), each.answer | {"act_id": decision.act_id}
    if note is None:
        release(decision, registry, now, connection)
    else:
        if decision.use_state != "none" and not exchange_writer.settle_use(decision.decision, "used"):
            return OrderError("act_under_way")
        digest = sha256(note.encode()).hexdigest()
        act = ActFacts(Kind.DELIVERY, new_name(registry), now, None, None, digest, decision.act_id)
        answer["act_id"] = act.act_id
        exchange_writer.add_delivery(_delivery_row(decision, answer, note, act.act_id, now))
        EntryWriter(connection, registry.random).add([act])
    if "materials" in answer:
        # Where nobody knows the enterprise yet no row is held: an issue that comes in this very moment is not told.
        keep_wishes(decision, answer, connection=connection)
    return answer


def _delivery_row(
    decision: StoredDecision, answer: dict[str, Any], note: str, act_id: str, now: datetime
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


def request_decided(decision: StoredDecision) -> PullRequest:
    """Return a decided request as its delivery needs it; not of a pull by item, whose materials it does not name."""
    return PullRequest(
        licence_number=decision.licence_number,
        wanted=tuple(Wanted(code, tuple(names)) for code, names in decision.fields.items()),
        basis=Basis(decision.basis),
        basis_reference=decision.basis_reference or "",
        item_code=decision.item_code,
        case_number=decision.case_number,
    )


def release(decision: StoredDecision, registry: Registry, now: datetime, connection: Connection) -> None:
    """Give a reserved use back, once, with an entry."""
    if decision.use_state != "reserved" or not ExchangeWriter(connection).settle_use(decision.decision, "released"):
        return
    GrantWriter(connection).give_back_use(decision.basis_reference or "")
    act = ActFacts(Kind.RELEASE, new_name(registry), now, None, None, None, decision.act_id)
    EntryWriter(connection, registry.random).add([act])


def reserved_again(name: str, registry: Registry, now: datetime) -> StoredDecision:
    """Return the decision an interrupted pull left, to be completed by the same request."""
    with registry.database.read() as connection:
        decision = ExchangeReader(connection).decision(name)
    if decision is None:
        raise OrderError("act_under_way")
    if decision.allowed and decision.use_state == "released":
        raise OrderError("pull_lapsed")
    return decision
