"""Answers to predicates, shown again: what the hub said then, and that these are the very bytes it said it by.

The entry of an answer holds its digest, so an answer that the registry does not know, or knows otherwise, was made by
somebody else, whatever key signed it.
"""

from datetime import datetime
from hashlib import sha256

from hub.decisions.facts import Surroundings
from hub.decisions.verification import judge_told
from hub.public.examination.forms import Examined
from hub.public.examination.known import refused_token
from hub.public.examination.proof import FindType, predicate_of_token
from hub.public.examination.report import Examination, Finding, predicate_facts
from hub.steps.registry import Registry
from hub.store.entry import EntryReader
from hub.store.predicate_answer import PredicateAnswerReader
from schemas.verdict import SEAL_OVER, Check, CheckName, Result
from signing.trust import TrustList

_NOT_RECORDED = Check(CheckName.STATUS, Result.FAILED, "answer_not_recorded")


def examine_predicate(
    examined: Examined,
    *,
    trust: TrustList,
    find_type: FindType,
    registry: Registry,
    surroundings: Surroundings,
    now: datetime,
) -> Examination:
    """Examine a signed answer to a predicate against the registry; what is true now is not asked."""
    token, told = predicate_of_token(examined.token, trust=trust, now=now)
    if told is None:
        return refused_token(examined, token)
    digest = sha256(examined.token.encode()).hexdigest()
    with registry.database.read() as connection:
        kept = PredicateAnswerReader(connection).get(told.decision)
        entry = EntryReader(connection).get(told.act)
    is_recorded = kept is not None and (kept.token_sha256, kept.act_id) == (digest, told.act)
    is_over = token.trust.reason in SEAL_OVER
    verdict = judge_told(
        seal=token.seal,
        trust=token.trust,
        recorded=None if is_recorded else _NOT_RECORDED,
        log=surroundings.log,
        in_time=is_recorded and is_over and surroundings.in_time.act(told.act, digest, token.key_id),
        as_of=told.as_of,
    )
    place = entry.leaf_index if entry is not None and is_recorded else None
    return Examination(examined.form, (Finding(verdict, predicate_facts(told, find_type, place=place)),))
