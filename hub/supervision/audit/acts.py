"""Every act has exactly one entry with the right digests, whose leaf recomputes; no entry is without its act."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Table

from hub.steps.consent.granting import sealed_digest
from hub.steps.consent.signer_status import grant_context
from hub.store import tables
from hub.supervision.audit.approvals import sealed_by_approvals
from hub.supervision.audit.everything import (
    Check,
    Everything,
    Faults,
    Row,
    grant_content,
    opened_objection,
    signed_text,
)
from hub.supervision.audit.records import retired_claims
from schemas.canonical import canonical_json
from schemas.certificate import Act
from schemas.change_feed import Told, told_digest
from schemas.download import EXISTING
from schemas.evidence import citation
from schemas.grant import parse_withdrawal
from schemas.sentence import statement_digest
from schemas.statement import Ordered
from signing.commitment import leaf
from signing.envelope import decrypt
from signing.jws import parse_json


def _leaves(all_: Everything) -> Faults:
    """Every entry's leaf recomputes from salt and act bytes, and the act bytes are canonical."""
    for row in all_.rows(tables.entry):
        act = parse_json(row["act_bytes"])
        # The first leaf of a log that follows another commits to a checkpoint that everybody knows: it has no salt.
        expected = leaf(row["salt"], row["act_bytes"]) if row["salt"] else b"\x02" + bytes.fromhex(act["sealed"])
        if expected != row["leaf"] or (not row["salt"] and row["kind"] != "open_log"):
            yield f"entry {row['number']}: leaf"
        if canonical_json(act) != row["act_bytes"] or (act["act_id"], act["kind"]) != (row["act_id"], row["kind"]):
            yield f"entry {row['number']}: act bytes"
        if datetime.fromisoformat(act["recorded_at"]) != row["recorded_at"]:
            yield f"entry {row['number']}: time"


def _acts(all_: Everything) -> Faults:
    """Every act has exactly one entry with the right digests, and no entry is without its act."""
    files = {row["statement"] for row in all_.rows(tables.intake)}
    refused_later = frozenset(row["digest"] for row in all_.rows(tables.statement) if row["number"] in files)
    acts = [parse_json(row["act_bytes"]) for row in all_.rows(tables.entry)]
    # Rows of a file that were intended and then refused leave an entry each, and nothing else to count them by.
    acts = [act for act in acts if act["kind"] != "order_refused" or act["statement"] not in refused_later]
    # What is past its term goes by an act that nobody ordered.
    acts = [act for act in acts if act["kind"] != "erase" or act["statement"]]
    # So does a document whose status changed while it was made: its entry names what was sealed on the way.
    acts = [act for act in acts if act["kind"] != "document_refused" or not act["sealed"]]
    entered = Counter(map(_entered, acts))
    done = Counter(_done(all_))
    yield from (f"no entry for {act}" for act in done - entered)
    yield from (f"no act for entry {act}" for act in entered - done)
    known = {row["act_id"] for row in all_.rows(tables.entry)}
    for row in all_.rows(tables.entry):
        previous = parse_json(row["act_bytes"])["previous"]
        if previous is not None and previous not in known:
            yield f"entry {row['number']}: its previous act is not entered"


Entered = tuple[str, str | None, str | None, str | None, str | None]
"""Kind, act, statement digest, sealed digest, previous act. The act is None where only its entry names it."""


_NAMED_BY_ENTRY = frozenset(
    {"enrol", "entitle", "trust_list", "import", "order_refused", "grant_withdrawal", "release", "retire", "open_log"}
)


# Acts of a statement that leave rows of many kinds, or none: each has an entry of its own.
_PLAIN = frozenset(
    {
        "annotate", "relate", "register", "answer_task", "ask_correction", "undo_import", "put_items", "share",
        "share_sheet", "answer_share", "answer_review",
    }
)  # fmt: skip


def _entered(act: Mapping[str, Any]) -> Entered:
    if act["kind"] in _PLAIN:
        return act["kind"], None, act["statement"], None, None
    act_id = None if act["kind"] in _NAMED_BY_ENTRY else act["act_id"]
    # What was intended and then refused is told apart by a digest of which nothing else is left; so is what a line of
    # the sharing table was before it was put anew (that of the line as it stands: `exchange`).
    sealed = None if act["kind"] in ("order_refused", "share", "admit_type") else act["sealed"]
    return act["kind"], act_id, act["statement"], sealed, act["previous"]


def _done(all_: Everything) -> Iterator[Entered]:
    digests = {row["number"]: row["digest"] for row in all_.rows(tables.statement)}
    yield from _certificates_done(all_, digests)
    yield from _exchange_done(all_, digests)
    yield from _presentations_done(all_, digests)
    yield from _delegations_done(all_)
    yield from _requests_done(all_, digests)
    yield from _endings_done(all_, digests)
    yield from _documents_done(all_, digests)
    yield from _ordered_done(all_)
    issued = {row["serial"]: row for row in all_.rows(tables.certificate)}
    for row in all_.rows(tables.erasure):
        before = issued[row["serial"]]
        yield "erase", row["act_id"], digests.get(row["statement"]), before["payload_sha256"], before["act_id"]
    for row in all_.rows(tables.resealing):
        if row["key_id"] is not None:
            before = issued[row["serial"]]
            yield "reseal", row["act_id"], digests.get(row["statement"]), before["payload_sha256"], before["act_id"]
    yield from _retirements_done(all_, digests)
    for row in all_.rows(tables.visitor_report):
        yield "visitor_report", row["act_id"], None, None, None
    for row in all_.rows(tables.trust_list):
        yield "trust_list", None, None, sha256(row["raw"]).hexdigest(), None
    for act_id in {row["admitted_by"] for row in all_.rows(tables.type_version)} - {None}:
        yield "admit_type", act_id, None, None, None  # what it admitted: `approvals`
    yield "enrol", None, None, None, None  # of the operator, by `init`
    for lost in all_.rows(tables.lost_act):
        if lost["again_by"] is not None:
            yield "reapply", lost["again_by"], None, _cited(lost, all_), parse_json(lost["act_bytes"])["act_id"]
    settled = {row["settled_by"]: row["log"] for row in all_.rows(tables.recovery)}
    for row in all_.rows(tables.recovery):
        yield "open_log", None, None, sha256(row["note"].encode()).hexdigest(), None
        yield "recover", row["act_id"], None, row["report_sha256"], None
        # One act settles all that are not settled yet, and names the last of them.
        if row["settled_at"] is not None and settled[row["settled_by"]] == row["log"]:
            yield "settle", row["settled_by"], None, row["report_sha256"], row["act_id"]
    for row in all_.rows(tables.grant_table):
        if row["basis"] == "window":
            digest = next(each["digest"] for each in all_.rows(tables.statement) if each["number"] == row["statement"])
            yield "window_grant", row["act_id"], digest, sealed_digest(grant_content(row, all_)), None
        else:
            yield "grant" if row["basis"] is None else row["basis"], row["act_id"], row["digest"], None, None
        if row["ended_by"] is not None:
            tables_that_end = (tables.relation, tables.ending, tables.recovery)
            ended_by = {each["act_id"] for table in tables_that_end for each in all_.rows(table)}
            if row["ended_by"] not in ended_by:
                yield "grant_withdrawal", None, None, None, row["act_id"]  # by no act of the registry
        elif row["withdrawn_at"] is not None:
            entered = [act for act in all_.acts_of("grant_withdrawal") if act["previous"] == row["act_id"]]
            yield "grant_withdrawal", None, _withdrawal_digest(row, entered, all_), None, row["act_id"]


def _cited(row: Row, all_: Everything) -> str | None:
    """Return what the entry seals of an act that was done again: the leaf that it is, under its log's last head."""
    closed = all_.hub.log.former(row["log"])
    return None if closed is None else citation(row["leaf"], row["leaf_index"], closed.head().note)


def _sealed_by(all_: Everything, act_id: str) -> str | None:
    """Return the digest an act is entered with, of something that is past its term."""
    found = next(row for row in all_.rows(tables.entry) if row["act_id"] == act_id)
    return parse_json(found["act_bytes"])["sealed"]  # type: ignore[no-any-return]


def _retirements_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    """Every retired reference was retired by a seconded order of that moment, whose entry seals which one it was."""
    for reference, number in _retired_by(all_).items():
        yield "retire", None, digests.get(number), sha256(reference.encode()).hexdigest(), None


def _retired_by(all_: Everything) -> dict[str, int]:
    """Return retired reference → its order's statement; 0 where there is none."""
    statements = all_.rows(tables.statement)
    seconded = {row["seconds"] for row in statements}
    orders = {
        (row["digest"], row["recorded_at"]): row["number"]
        for row in statements
        if row["act"] == Ordered.RETIRE and row["number"] in seconded
    }
    entered = {act["sealed"]: act["statement"] for act in all_.acts_of("retire")}
    retired = {row["reference"]: row["retired_at"] for row in retired_claims(all_)}
    sealed = {reference: sha256(reference.encode()).hexdigest() for reference in retired}
    return {name: orders.get((entered.get(sealed[name]), moment), 0) for name, moment in retired.items()}


def _withdrawal_digest(grant: Row, entered: Sequence[Mapping[str, Any]], all_: Everything) -> str | None:
    """Return the digest of the sentence that ended a grant, once its e-licence has been verified anew."""
    registry, digest = all_.registry, str(entered[0]["statement"])
    opened_text = decrypt(grant["withdrawal"], masters=registry.masters, context=grant_context(digest))
    signed = signed_text(orjson.loads(opened_text))
    signer = all_.hub.e_licence.verify(signed, at=grant["withdrawn_at"])
    withdrawal = parse_withdrawal(signed.text)
    is_its = (withdrawal.grant_digest, signer.licence_number) == (grant["digest"], grant["holder"])
    return statement_digest(signed.text) if is_its else None


def _certificates_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    last: dict[int, str] = {}
    order = {row["act_id"]: row["number"] for row in all_.rows(tables.entry)}
    certificates = all_.by_key(tables.certificate, "serial")
    changes = all_.rows(tables.status_change)
    replaced = _replaced(all_)
    voided = {row["act_id"] for row in changes if row["act"] == Act.VOID}
    acts = [(order.get(row["act_id"], 0), False, row) for row in certificates.values()]
    acts += [(order.get(row["act_id"], 0), True, row) for row in changes]
    for _, is_change, row in sorted(acts, key=lambda each: each[:2]):
        serial = row["serial"]
        if is_change and row["act"] == Act.SUPERSEDE:
            continue  # its act is the issue of the next version
        if is_change and row["act"] == Act.UNDO and row["act_id"] in voided:
            last[serial] = row["act_id"]
            continue  # its act is the voiding of the next version
        kind = "change_status" if is_change else "issue"
        statement = digests.get(row["statement"])
        previous = last.get(serial if is_change else replaced.get(serial, 0))
        yield kind, row["act_id"], statement, certificates[serial]["payload_sha256"], previous
        last[serial] = row["act_id"]


def _replaced(all_: Everything) -> dict[int, int]:
    """Return which version each one replaced, as its record says."""
    serials = {row["identifier"]: row["serial"] for row in all_.rows(tables.certificate)}
    before = {row["serial"]: parse_json(row["payload"])["previous_identifier"] for row in all_.rows(tables.record)}
    return {serial: serials[name] for serial, name in before.items() if name is not None}


def _exchange_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    acts = {row["number"]: row["act"] for row in all_.rows(tables.statement)}
    decisions = all_.by_key(tables.pull_decision, "decision")
    for row in decisions.values():
        allowed, refused = _DECIDED_AS.get(acts.get(row["statement"], ""), ("pull_allowed", "pull_refused"))
        yield allowed if row["allowed"] else refused, row["act_id"], digests.get(row["statement"]), None, None
        if row["use_state"] == "released":
            yield "release", None, None, None, row["act_id"]
    for row in all_.rows(tables.delivery):
        note = sha256(row["note"].encode()).hexdigest() if row["note"] else _sealed_by(all_, row["act_id"])
        yield "delivery", row["act_id"], None, note, decisions[row["decision"]]["act_id"]
    for row in all_.rows(tables.predicate_answer):
        before = decisions[row["decision"]]["act_id"]
        yield "predicate_answered", row["act_id"], None, row["token_sha256"], before
    for row in all_.rows(tables.pull_batch):
        yield "pull_batch", row["batch"], digests.get(row["statement"]), None, None
        if row["cancelled_by"] is not None:
            yield "cancel_batch", row["cancel_act"], digests.get(row["cancelled_by"]), None, row["batch"]
    for row in all_.rows(tables.pull_batch_fetch):
        yield "fetch_batch", row["act_id"], None, None, row["batch"]
    pages: dict[str, list[Told]] = {}
    for row in all_.rows(tables.change_reading):
        told = (row["licence_number"], row["basis"], row["basis_reference"], row["told"])
        pages.setdefault(row["act_id"], []).append(told)
    for act_id, page in pages.items():
        yield "read_changes", act_id, None, told_digest(page), None


_DECIDED_AS: Mapping[str, tuple[str, str]] = {
    Ordered.COMPARE: ("comparison", "comparison_refused"),
    Ordered.ASK_PREDICATE: ("predicate", "predicate_refused"),
}


def _presentations_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    redemptions = all_.by_key(tables.redemption, "redemption")
    for row in redemptions.values():
        kind = "redemption" if row["allowed"] else "redemption_refused"
        yield kind, row["act_id"], digests.get(row["statement"]), None, None
    for row in all_.rows(tables.presentation_code):
        if row["confirmation"] is not None:
            asked = redemptions[row["redemption"]]["act_id"]
            yield "confirmation", row["confirmation_act"], row["confirmation_digest"], None, asked


def _delegations_done(all_: Everything) -> Iterator[Entered]:
    for row in all_.rows(tables.delegation):
        yield "delegation", row["act_id"], row["digest"], None, None
        if row["withdrawal"] is not None:
            yield "delegation_withdrawal", row["ended_by"], row["withdrawal_digest"], None, row["act_id"]
    for row in all_.rows(tables.delegation_confirmation):
        yield "delegations_confirmed", row["act_id"], row["digest"], None, None


def _endings_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    for row in all_.rows(tables.ending):
        yield "end_all", row["act_id"], row["digest"] or digests.get(row["statement"]), None, None


def _requests_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    requests = all_.by_key(tables.grant_request, "request")
    for row in requests.values():
        yield "grant_request", row["act_id"], row["asking_digest"] or digests.get(row["statement"]), None, None
    for row in all_.rows(tables.grant_request_holder):
        if row["state"] == "refused":
            yield "request_refused", row["answered_by"], row["refusal_digest"], None, requests[row["request"]]["act_id"]


def _documents_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    certificates = all_.by_key(tables.certificate, "serial")
    deliveries = all_.by_key(tables.delivery, "decision")
    existing = all_.by_key(tables.existing_document, "sha256")
    for row in all_.rows(tables.document):
        if row["edition"] == EXISTING:
            statement, previous = existing[row["sha256"]]["statement"], certificates[row["serial"]]["act_id"]
            yield "existing_document", row["act_id"], digests.get(statement), row["sha256"], previous
            continue
        before = deliveries[row["delivery"]] if row["delivery"] else certificates[row["serial"]]
        yield "document", row["act_id"], None, row["sha256"], before["act_id"]
    for row in all_.rows(tables.objection):
        yield "object", row["act_id"], sha256(opened_objection(row, all_)).hexdigest(), None, None
    for kind, table in _ORDERED_ALONE.items():
        for row in all_.rows(table):
            yield kind, row["act_id"], digests.get(row["statement"]), None, None


# Rows that are one act of one statement each.
_ORDERED_ALONE: Mapping[str, Table] = {
    "download": tables.download,
    "read_ledger": tables.ledger_reading,
    "sign_in": tables.sign_in,
    "defer": tables.deferral,
    "correct_figure": tables.figure_correction,
}


def _ordered_done(all_: Everything) -> Iterator[Entered]:
    """Statements whose act leaves nothing but its entry; an order that led to nothing was refused."""
    led = {row["statement"] for table in _LED_BY for row in all_.rows(table)} | {*_retired_by(all_).values()}
    led |= {row["cancelled_by"] for row in all_.rows(tables.pull_batch)}
    files = {row["statement"] for row in all_.rows(tables.intake)}
    acts = [parse_json(row["act_bytes"]) for row in all_.rows(tables.entry)]
    entered = {(act["kind"], act["statement"]) for act in acts if act["kind"] in _PLAIN | _BARE}
    approved = sealed_by_approvals(all_)
    for row in all_.rows(tables.statement):
        if row["seconds"] is not None:
            continue  # it stands beside another, whose act is counted
        act: str = _ENTERED_AS.get(row["act"], row["act"])
        if row["number"] in files or (act, row["digest"]) in entered:
            yield act, None, row["digest"], None if act in _PLAIN else approved.get(row["number"]), None
        elif row["number"] not in led:
            yield "order_refused", None, row["digest"], None, None


# Acts whose parties may be replaced by later ones: only their entries tell of each.
_BARE = frozenset({"enrol", "entitle"})
# A system's next key is enrolled, whoever orders it.
_ENTERED_AS: Mapping[str, str] = {Ordered.RENEW_KEY: Ordered.ENROL}
_LED_BY = (
    tables.certificate, tables.intention, tables.status_change, tables.pull_decision, tables.download,
    tables.existing_document, tables.erasure, tables.redemption, tables.grant_request, tables.ending,
    tables.grant_table, tables.ledger_reading, tables.deferral, tables.pull_batch, tables.resealing,
    tables.sign_in, tables.figure_correction,
)  # fmt: skip


def _about(all_: Everything) -> Faults:
    """Every entry names the certificate its act was done to, and no other entry one: the change feed goes by it."""
    done = {row["act_id"]: row["serial"] for row in all_.rows(tables.certificate)}
    for row in all_.rows(tables.status_change):
        # Of one act on several versions a voided one is what it was done to; the next version is what supersedes.
        if row["act"] == Act.VOID or (row["act"] != Act.SUPERSEDE and row["act_id"] not in done):
            done[row["act_id"]] = row["serial"]
    for table in (tables.erasure, tables.resealing, tables.annotation):
        done |= {row["act_id"]: row["serial"] for row in all_.rows(table)}
    known = frozenset(row["serial"] for row in all_.rows(tables.certificate))
    for row in all_.rows(tables.entry):
        named = done.get(row["act_id"])
        # What lifts or repairs leaves no row of its own: of it is only known that it is about a certificate.
        is_unnamed = named is None and row["kind"] == "annotate"
        if row["serial"] not in (known if is_unnamed else {named}):
            yield f"entry {row['number']}: its certificate"


CHECKS: Sequence[Check] = (
    _leaves,
    _acts,
    _about,
)
