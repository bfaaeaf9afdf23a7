"""Grants, deliveries, erasures, kept answers, notices and trust lists: each is what was signed, and adds up."""

from collections.abc import Sequence

from hub.decisions.answers import disclosed_values
from hub.steps.figure_sums import add_up
from hub.steps.orders.repeats import kept_answer
from hub.store import tables
from hub.store.figure_sheet import FigureSheetReader
from hub.store.intention import KeptAct
from hub.store.parties import PartyReader
from hub.store.sharing_report import SharingReportReader
from hub.supervision.audit.approvals import sealed_by_approvals
from hub.supervision.audit.everything import Check, Everything, Faults, Row
from schemas.exchange import NOTE_TYP
from schemas.figures import parse_period
from schemas.sharing import RuleAnswer, RuleState, SharingRule, sealed_line, sealed_sheet
from schemas.sharing_report import bounds_of_year, by_item, figures
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


def _predicate_answers(all_: Everything) -> Faults:
    """Every answer to a predicate stands on an allowed decision about a question, whose use was not only reserved."""
    acts = {row["number"]: row["act"] for row in all_.rows(tables.statement)}
    decisions = all_.by_key(tables.pull_decision, "decision")
    for row in all_.rows(tables.predicate_answer):
        decision = decisions[row["decision"]]
        is_question = acts.get(decision["statement"]) == Ordered.ASK_PREDICATE
        if not (is_question and decision["allowed"]) or decision["use_state"] == "reserved":
            yield f"predicate answer {row['decision']}: was not allowed"


def _affirmations(all_: Everything) -> Faults:
    """Every yes that was said stands on an allowed comparison or question of that requester, about that holder."""
    acts = {row["number"]: row["act"] for row in all_.rows(tables.statement)}
    decisions = all_.by_key(tables.pull_decision, "decision")
    holders = {row["serial"]: row["licence_number"] for row in all_.rows(tables.certificate)}
    for row in all_.rows(tables.affirmation):
        decision = decisions[row["decision"]]
        is_asked = acts.get(decision["statement"]) in (Ordered.COMPARE, Ordered.ASK_PREDICATE)
        same = all(row[name] == decision[name] for name in ("requester", "licence_number"))
        if not (decision["allowed"] and is_asked and same):
            yield f"affirmation {row['decision']}: stands on no decision"
        if any(holders.get(serial) != row["licence_number"] for serial in row["serials"]):
            yield f"affirmation {row['decision']}: a certificate is not the holder's"


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
    """Every line of the sharing table is what its act entered, ordered and approved as it names; of a sheet all are."""
    approved = sealed_by_approvals(all_)
    acts = {act["act_id"]: act for kind in ("share", "share_sheet") for act in all_.acts_of(kind)}
    digests = {row["number"]: row["digest"] for row in all_.rows(tables.statement)}
    sheets: dict[str, list[SharingRule]] = {act["act_id"]: [] for act in all_.acts_of("share_sheet")}
    for row in all_.rows(tables.sharing_rule):
        rule = SharingRule(**{name: row[name] for name in SharingRule.__slots__})
        act = acts.get(row["act_id"])
        if row["statement"] is None:
            continue  # it was put before its order was kept
        if row["act_id"] in sheets:
            sheets[row["act_id"]].append(rule)
        elif act is None or act["sealed"] != sealed_line(rule, approved.get(row["statement"])):
            yield f"line {row['code']}: is not the one that was entered"
        if act is not None and act["statement"] != digests.get(row["statement"]):
            yield f"line {row['code']}: is of another order"
    numbers = {digest: number for number, digest in digests.items()}
    for name, rules in sheets.items():
        number = numbers.get(acts[name]["statement"], 0)
        if acts[name]["sealed"] != sealed_sheet(rules, approved.get(number)):
            yield f"sheet {name}: its lines are not those that were entered"


def _line_answers(all_: Everything) -> Faults:
    """Every version that stands was approved by all its providers, and every answer is of an act that is entered."""
    entered = {act["act_id"] for act in all_.acts_of("answer_share")}
    said: dict[tuple[str, int], dict[str, str]] = {}
    for row in all_.rows(tables.sharing_approval):
        if row["answer"] is not None:
            said.setdefault((row["code"], row["version"]), {})[row["provider"]] = row["answer"]
            if row["act_id"] not in entered:
                yield f"line {row['code']} version {row['version']}: answered by no act"
    for row in all_.rows(tables.sharing_rule):
        answers = said.get((row["code"], row["version"]), {})
        if row["state"] == RuleState.APPROVED and any(
            answers.get(each) != RuleAnswer.APPROVE for each in row["providers"].values()
        ):
            yield f"line {row['code']} version {row['version']}: stands without its providers"


def _sharing_reports(all_: Everything) -> Faults:
    """Every kept report of a year has the figures that the decisions of that year add up to."""
    reader = SharingReportReader(all_.connection)
    for row in all_.rows(tables.sharing_report):
        counts = by_item(reader.counts(*bounds_of_year(row["year"])))
        for line in row["content"]["lines"]:
            added = figures(line["code"], counts.get((line["requester"], line["item_code"]), ()))
            if {name: line[name] for name in added} != added:
                yield f"sharing report {row['year']}: line {line['code']} has other figures"


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


def _figure_sheets(all_: Everything) -> Faults:
    """Every kept sheet has the figures that its period's rows add up to, but what only its day knew."""
    reader, departments = FigureSheetReader(all_.connection), PartyReader(all_.connection).departments_of_bodies()
    for row in all_.rows(tables.figure_sheet):
        sums = add_up(parse_period(row["period"]), reader, departments)
        for part, lines in row["content"].items():
            for line in lines:
                added = sums[part][line["of"]]
                if any(line["values"][name] != added[name] for name in line["values"].keys() - _OF_ITS_DAY):
                    yield f"figure sheet {row['period']}: {part} {line['of']} has other figures"


# Notes are erased past their term, and the log goes on; who is in charge of what is known of today alone.
_OF_ITS_DAY = frozenset(
    {"spared", "receipted", "in_force", "bodies", "complete", "partial", "not_connected"}
)  # fmt: skip


CHECKS: Sequence[Check] = (
    _deliveries,
    _predicate_answers,
    _affirmations,
    _batches,
    _deferrals,
    _lines,
    _line_answers,
    _sharing_reports,
    _figure_sheets,
    _erasures,
    _kept_answers,
    _notices,
    _trust_lists,
)
