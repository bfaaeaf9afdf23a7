"""Grants, deliveries, erasures, kept answers, notices and trust lists: each is what was signed, and adds up."""

from collections.abc import Sequence

from hub.answers import disclosed_values
from hub.audit.approvals import sealed_by_approvals
from hub.audit.everything import Check, Everything, Faults, Row
from hub.repeats import kept_answer
from hub.store import tables
from hub.store.intention import KeptAct
from schemas.exchange import NOTE_TYP
from schemas.sharing import SharingRule, sealed_line
from schemas.statement import Ordered
from signing.jws import VerificationKey, parse_json, verify_compact
from signing.trust import verify_trust_list


def _deliveries(all_: Everything) -> Faults:
    """Every delivery stands on an allowed decision, and its note verifies and says what was delivered."""
    decisions = all_.by_key(tables.pull_decision, "decision")
    sealed = {row["identifier"]: row["licence_number"] for row in all_.rows(tables.certificate)}
    for row in all_.rows(tables.delivery):
        decision = decisions[row["decision"]]
        if not decision["allowed"] or decision["use_state"] not in ("none", "used"):
            yield f"delivery {row['decision']}: was not allowed"
        if not row["note"]:
            continue  # past its term
        note = parse_json(_note(row, all_))
        said = (note["serial"], note["holder"], note["requester"]["licence_number"], note["case_number"])
        kept = (row["serial_number"], row["licence_number"], row["requester"], decision["case_number"])
        if said != kept:
            yield f"delivery {row['decision']}: its note says otherwise"
        if any(sealed.get(each["identifier"]) != row["licence_number"] for each in note["presentations"]):
            yield f"delivery {row['decision']}: a certificate is not the holder's"


def _batches(all_: Everything) -> Faults:
    """Every decision that a file of pulls led to is that of one of its rows, and says the same."""
    acts = {row["number"]: row["act"] for row in all_.rows(tables.statement)}
    batches = all_.by_key(tables.pull_batch, "statement")
    rows = {row["decision"]: row for row in all_.rows(tables.pull_batch_row) if row["decision"] is not None}
    delivered = all_.by_key(tables.delivery, "decision")
    for decision in all_.rows(tables.pull_decision):
        row = rows.pop(decision["decision"], None)
        if acts.get(decision["statement"]) != Ordered.PULL_BATCH:
            if row is not None:
                yield f"pull batch {row['batch']}: row {row['row']} is of another statement"
        elif row is None or row["batch"] != batches[decision["statement"]]["batch"]:
            yield f"decision {decision['decision']}: of no row of its file"
        elif (row["state"] == "delivered") != (decision["decision"] in delivered):
            yield f"pull batch {row['batch']}: row {row['row']} says otherwise than its delivery"
        elif (row["state"] == "refused") == decision["allowed"]:
            yield f"pull batch {row['batch']}: row {row['row']} says otherwise than its decision"
    yield from (f"pull batch {row['batch']}: row {row['row']} was decided by nobody" for row in rows.values())


def _note(row: Row, all_: Everything) -> bytes:
    def find_key(kid: str) -> VerificationKey:
        return all_.registry.trust().listed_key(kid, use="notes", at=row["recorded_at"])

    return verify_compact(row["note"], find_key=find_key, typ=NOTE_TYP).payload


def _deferrals(all_: Everything) -> Faults:
    """Every deferral was ordered by two officers."""
    seconded = {row["seconds"] for row in all_.rows(tables.statement)}
    for row in all_.rows(tables.deferral):
        if row["statement"] not in seconded:
            yield f"deferral {row['act_id']}: by no second officer"


def _lines(all_: Everything) -> Faults:
    """Every line of the sharing table is what its act entered, ordered and approved as it names."""
    approved = sealed_by_approvals(all_)
    acts = {act["act_id"]: act for act in all_.acts_of("share")}
    digests = {row["number"]: row["digest"] for row in all_.rows(tables.statement)}
    for row in all_.rows(tables.sharing_rule):
        rule = SharingRule(**{name: row[name] for name in SharingRule.__slots__})
        act = acts.get(row["act_id"])
        if row["statement"] is None:
            continue  # it was put before its order was kept
        if act is None or act["sealed"] != sealed_line(rule, approved.get(row["statement"])):
            yield f"line {row['code']}: is not the one that was entered"
        elif act["statement"] != digests.get(row["statement"]):
            yield f"line {row['code']}: is of another order"


def _erasures(all_: Everything) -> Faults:
    """What was erased is nowhere any more: no document kept shows it, no kept answer hands it over."""
    rows = all_.rows(tables.erasure)
    if len({(row["serial"], row["field"]) for row in rows}) != len(rows):
        yield "a field was erased twice"
    acts = {row["act_id"]: row["serial"] for row in rows}
    unordered = {act["act_id"] for act in all_.acts_of("erase") if not act["statement"]}
    entered = {row["act_id"]: row["number"] for row in all_.rows(tables.entry)}
    decisions = all_.by_key(tables.pull_decision, "decision")
    for row in all_.rows(tables.document):
        if row["erased_by"] is not None:
            if acts.get(row["erased_by"]) != row["serial"] and row["erased_by"] not in unordered:
                yield f"document {row['sha256']}: erased by no act on its certificate"
            continue
        shown = decisions[row["delivery"]]["fields"] if row["delivery"] else None
        for each in rows:
            is_before = entered[row["act_id"]] < entered[each["act_id"]]
            named = shown is None or any(each["field"] in names for names in shown.values())
            if each["serial"] == row["serial"] and is_before and named:
                yield f"document {row['sha256']}: shows what was erased"
    yield from _handed_over(all_, rows)


def _handed_over(all_: Everything, erasures: Sequence[Row]) -> Faults:
    serials = {row["identifier"]: row["serial"] for row in all_.rows(tables.certificate)}
    gone = {(row["serial"], row["field"]) for row in erasures}
    for row in all_.rows(tables.idempotency):
        kept = KeptAct(row["request_digest"], row["act"], row["answer"])
        answer = kept_answer(kept, row["system"], row["key"], registry=all_.registry) or {}
        for item in answer.get("items", ()):
            record = item["file"]["record"] if item.get("file") else {"signatures": [{"header": {"disclosures": []}}]}
            names = disclosed_values(record["signatures"][0]["header"]["disclosures"])
            if gone & {(serials.get(item.get("identifier")), name) for name in names}:
                yield f"the kept answer of {row['act']} hands over what was erased"


def _kept_answers(all_: Everything) -> Faults:
    """Every kept answer opens, and names what the registry holds."""
    identifiers = {row["identifier"] for row in all_.rows(tables.certificate)}
    decisions = {row["decision"] for row in all_.rows(tables.pull_decision)}
    for row in all_.rows(tables.idempotency):
        kept = KeptAct(row["request_digest"], row["act"], row["answer"])
        answer = kept_answer(kept, row["system"], row["key"], registry=all_.registry) or {}
        if answer.get("identifier", None) not in identifiers | {None}:
            yield f"the kept answer of {row['act']} names no certificate"
        if answer.get("decision", None) not in decisions | {None}:
            yield f"the kept answer of {row['act']} names no decision"


def _notices(all_: Everything) -> Faults:
    """Every notice is of an act that is entered, and stands in the outbox; a task that is done says by which act."""
    known = {row["act_id"] for row in all_.rows(tables.entry)}
    sent = {row["notice"]: row["recipient"] for row in all_.rows(tables.outbox)}
    for row in all_.rows(tables.notice):
        if row["act_id"] not in known:
            yield f"notice {row['number']}: of no act"
        if sent.pop(row["number"], None) != row["recipient"]:
            yield f"notice {row['number']}: not in the outbox"
        if (row["state"] == "done") != (row["closed_by"] is not None):
            yield f"notice {row['number']}: done by no act"
    yield from (f"outbox: {number} is no notice" for number in sent)


def _trust_lists(all_: Everything) -> Faults:
    """Every trust list verifies by the pinned anchor, and none is older than the one before."""
    for before, row in enumerate(all_.rows(tables.trust_list)):
        verified = verify_trust_list(
            row["raw"],
            anchor_sha256=all_.hub.anchor,
            now=row["recorded_at"],
            highest_version_seen=before,
            allow_test=all_.registry.mode == "test",
        )
        if (verified.version, verified.origin) != (row["version"], all_.registry.origin):
            yield f"trust list {row['version']}"


CHECKS: Sequence[Check] = (
    _deliveries,
    _batches,
    _deferrals,
    _lines,
    _erasures,
    _kept_answers,
    _notices,
    _trust_lists,
)
