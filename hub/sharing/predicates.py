"""Predicates: a requester asks one question that its item lists, and gets a signed yes, no or unknown, and no field.

Steps 1 to 4 are those of a pull (`hub/sharing/exchange.py`): the statement is the request, the basis must give the
right to see what the question is about, the decision is committed with its entry before anything is read.
5 the holder's certificates of the type are read and judged by the one verdict
6 the question is answered of each that stands (`schemas/predicates.py`), and over all of them
7 the answer is signed; its digest is entered, and it is kept for the same request      <- COMMIT POINT

A no is counted like a wrong comparison, so that values cannot be found by trying. Only what is valid answers yes; of a
day gone by only yes or unknown is said, since an earlier version may have been in force then.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.decisions.answers import disclosed_values
from hub.decisions.authorisation import Decision, listed_predicate
from hub.decisions.history import answer_at
from hub.errors import OrderError, PullError
from hub.steps.certificates.intentions import decrypt_disclosures, new_name
from hub.steps.orders.repeats import earlier_act, keep_answer, kept_answer
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange, Judged, judge_all, permitted_names
from hub.steps.sharing.pulling import (
    Asking,
    Decided,
    decide_request,
    record_one,
    release,
    require_sound,
    reserved_again,
)
from hub.steps.sharing.statutory import caps_of_day
from hub.store.answer import AnswerReader
from hub.store.certificate import CertificateReader
from hub.store.entry import EntryWriter
from hub.store.exchange import ExchangeWriter, StoredDecision
from hub.store.item import ItemReader
from hub.store.predicate_answer import PredicateAnswerWriter, StoredPredicateAnswer
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.fields import COMMON_FIELDS
from schemas.items import ServiceItem
from schemas.parties import Officer, System
from schemas.predicates import Predicate, PredicateAnswer, PredicateKind, Question, combined, holds
from schemas.verdict import Outcome

_KINDS = (Kind.PREDICATE, Kind.PREDICATE_REFUSED)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A question as its item lists it, with its argument and the version of that item."""

    predicate: Predicate
    argument: str
    item: ServiceItem


def ask_predicate(
    question: Question,
    *,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    """Answer one question. Raises PullError, with the decision recorded, when it is refused."""
    earlier = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None and (kept := kept_answer(earlier, system.code, key, registry=registry)) is not None:
        return kept
    listed = _listed(question, registry, now)
    if earlier is not None:
        decision = reserved_again(earlier.act, registry, now)
    else:
        decision = _decide(
            question,
            listed,
            Asking(system, officer, verified.digest, caps_of_day(system, officer, registry.terms)),
            verified,
            key,
            registry,
            exchange,
            now,
        )
    if not decision.allowed or isinstance(listed, str):
        reason = listed if isinstance(listed, str) else decision.reason
        raise PullError(reason, decision=decision.decision, act_id=decision.act_id)
    with registry.database.read() as connection:
        judged = judge_all(decision, connection, registry, exchange, now)
        outcomes = [_outcome(each, listed, decision, connection, registry, exchange, now) for each in judged]
    # Whoever was told yes relies on what said it, as whoever was handed a record does.
    affirming = [each.certificate.serial for each, outcome in zip(judged, outcomes, strict=True) if outcome]
    answer = _signed(combined(outcomes), listed, decision, registry, exchange, now)

    def record(connection: Connection) -> None:
        if not keep_answer(connection, system.code, key, answer, registry=registry):
            raise OrderError("act_under_way")  # the same request, sent twice at once: the other one has the answer
        _settle(decision, answer["answer"], registry, now, connection)
        _enter(decision, answer, registry, now, connection)
        if affirming:
            ExchangeWriter(connection).add_affirmation(decision, affirming, now)

    registry.database.write(record)
    return answer


# --- steps 2 to 4 -----------------------------------------------------------------------------------------------


def _listed(question: Question, registry: Registry, now: datetime) -> _Listed | str:
    with registry.database.read() as connection:
        versions = ItemReader(connection).versions([question.pull.item_code])
    today = civil_date(now)
    item = next((each for each in versions if each.is_in_force(today)), None)
    found = listed_predicate(item, question.predicate, question.argument)
    return found if isinstance(found, str) else _Listed(*found)


def _decide(
    question: Question,
    listed: _Listed | str,
    asking: Asking,
    verified: VerifiedStatement,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> StoredDecision:
    request = replace(question.pull, by_item=False)
    if isinstance(listed, str):
        require_sound(registry, now)
        decided = Decided(new_name(registry), request, Decision(False, listed, {}), None, None, None)
    else:
        request = replace(request, wanted=(listed.predicate.wanted(),))
        decided = decide_request(request, asking=asking, registry=registry, exchange=exchange, now=now)
    return record_one(
        decided, verified=verified, asking=asking, key=key, registry=registry, now=now, kinds=_KINDS,
        most_misses=registry.terms.misses_a_day,
    )  # fmt: skip


# --- steps 5 to 7 -----------------------------------------------------------------------------------------------


def _outcome(
    each: Judged,
    listed: _Listed,
    decision: StoredDecision,
    connection: Connection,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> bool | None:
    predicate = listed.predicate
    if predicate.kind is PredicateKind.VALID_ON:
        return _is_valid_on(each, date.fromisoformat(listed.argument), connection, exchange, now)
    if each.verdict.outcome is not Outcome.VALID:
        return None if each.verdict.outcome is Outcome.UNKNOWN else False
    field = predicate.field or ""
    # Its type version may mean another thing by that name.
    if field not in {*permitted_names(each.certificate, decision, registry, connection), *COMMON_FIELDS}:
        return None
    stored = CertificateReader(connection).records([each.certificate.serial])[each.certificate.serial]
    private = decrypt_disclosures(stored.envelope, serial=each.certificate.serial, registry=registry)
    value = disclosed_values([*stored.public_disclosures, *private]).get(field)
    return holds(predicate.kind, value, listed.argument)


def _is_valid_on(each: Judged, day: date, connection: Connection, exchange: Exchange, now: datetime) -> bool | None:
    today, serial, holder = civil_date(now), each.certificate.serial, each.certificate.licence_number
    if day > today:
        return None
    if day == today:
        return _said(each.verdict.outcome)
    reader = AnswerReader(connection)
    body, head = reader.certificates([serial])[serial], reader.heads([holder])[holder]
    then = answer_at(body, head, day, surroundings=exchange.surroundings(), now=now)["known_now"]
    return True if then is not None and then["outcome"] == Outcome.VALID.value else None


def _said(outcome: Outcome) -> bool | None:
    return None if outcome is Outcome.UNKNOWN else outcome is Outcome.VALID


def _signed(
    answer: PredicateAnswer,
    listed: _Listed,
    decision: StoredDecision,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    """Return the answer in the clear, and signed with whom it was given to, for which case and on which basis."""
    act_id = new_name(registry)
    said = {"predicate": listed.predicate.content() | {"argument": listed.argument}, "answer": str(answer)}
    said |= {"decision": decision.decision, "as_of": now.isoformat()}
    payload = said | {
        "v": 1,
        "iss": registry.origin,
        "requester": decision.requester,
        "holder": decision.licence_number,
        "item": {"code": listed.item.code, "version": listed.item.version},
        "case_number": decision.case_number,
        "basis": {"kind": decision.basis, "reference": decision.basis_reference},
        "act_id": act_id,
    }
    return said | {"signed": exchange.predicate_signer.sign(orjson.dumps(payload)), "act_id": act_id}


def _enter(
    decision: StoredDecision, answer: dict[str, Any], registry: Registry, now: datetime, connection: Connection
) -> None:
    """Keep by which bytes the question was answered, and enter it: nothing signed is handed over unrecorded."""
    digest, act_id = sha256(answer["signed"].encode()).hexdigest(), answer["act_id"]
    PredicateAnswerWriter(connection).add(StoredPredicateAnswer(decision.decision, digest, now, act_id))
    act = ActFacts(Kind.PREDICATE_ANSWERED, act_id, now, None, None, digest, decision.act_id)
    EntryWriter(connection, registry.random).add([act])


def _settle(decision: StoredDecision, answer: str, registry: Registry, now: datetime, connection: Connection) -> None:
    """Count a no, as the decision did already; take that back of any other answer, and give an unknown's use back."""
    writer = ExchangeWriter(connection)
    if answer != PredicateAnswer.NO:
        writer.give_back_miss(decision.requester, decision.licence_number, civil_date(decision.recorded_at))
    if answer == PredicateAnswer.UNKNOWN:
        release(decision, registry, now, connection)
    elif decision.use_state != "none" and not writer.settle_use(decision.decision, "used"):
        raise OrderError("act_under_way")  # its reservation lapsed meanwhile, and the use was given back
