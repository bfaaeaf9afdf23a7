"""Entries of the evidence log: which acts make one, and the bytes each commits to.

Act bytes are canonical JSON (RFC 8785) of fixed members and hold no field and no name: only when, what kind, and
digests. The leaf over them (`signing/commitment.py`) is final from the first day; the tree over the leaves comes later.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from schemas.canonical import canonical_digest, canonical_json

VERSION = 1
# By more than this the clocks of machines never differ, or one of them is wrong (FAPI 2.0, 5.3.2.1).
GREATEST_ERROR = timedelta(seconds=60)


class Kind(StrEnum):
    """The kinds of act. A file of n rows is n acts."""

    ISSUE = "issue"
    CHANGE_STATUS = "change_status"
    ENROL = "enrol"
    ENTITLE = "entitle"
    ADMIT_TYPE = "admit_type"
    SHARE = "share"
    TRUST_LIST = "trust_list"
    IMPORT = "import"
    UNDO_IMPORT = "undo_import"
    GRANT = "grant"
    GRANT_WITHDRAWAL = "grant_withdrawal"
    PULL_ALLOWED = "pull_allowed"
    PULL_REFUSED = "pull_refused"
    DELIVERY = "delivery"
    RELEASE = "release"
    COMPARISON = "comparison"
    COMPARISON_REFUSED = "comparison_refused"
    ORDER_REFUSED = "order_refused"
    DOCUMENT = "document"
    DOCUMENT_REFUSED = "document_refused"
    DOWNLOAD = "download"
    EXISTING_DOCUMENT = "existing_document"
    ANNOTATE = "annotate"
    RELATE = "relate"
    REGISTER = "register"
    ANSWER_TASK = "answer_task"
    ASK_CORRECTION = "ask_correction"
    ERASE = "erase"
    RETIRE = "retire"
    PUT_ITEMS = "put_items"
    PRESENTATION = "presentation"
    REDEMPTION = "redemption"
    REDEMPTION_REFUSED = "redemption_refused"
    CONFIRMATION = "confirmation"
    DELEGATION = "delegation"
    DELEGATION_WITHDRAWAL = "delegation_withdrawal"
    DELEGATIONS_CONFIRMED = "delegations_confirmed"
    GRANT_REQUEST = "grant_request"
    END_ALL = "end_all"
    WINDOW_GRANT = "window_grant"
    REQUEST_REFUSED = "request_refused"
    READ_LEDGER = "read_ledger"
    DEFER = "defer"
    OBJECT = "object"
    PULL_BATCH = "pull_batch"
    CANCEL_BATCH = "cancel_batch"
    FETCH_BATCH = "fetch_batch"
    SHARE_SHEET = "share_sheet"
    READ_CHANGES = "read_changes"
    ANSWER_SHARE = "answer_share"
    ANSWER_REVIEW = "answer_review"
    PREDICATE = "predicate"
    PREDICATE_REFUSED = "predicate_refused"
    PREDICATE_ANSWERED = "predicate_answered"
    OPEN_LOG = "open_log"
    RECOVER = "recover"
    REAPPLY = "reapply"
    SETTLE = "settle"
    RESEAL = "reseal"
    SIGN_IN = "sign_in"
    VISITOR_REPORT = "visitor_report"
    CORRECT_FIGURE = "correct_figure"


@dataclass(frozen=True, slots=True)
class ActFacts:
    """What an entry commits to. Digests are SHA-256 in hex; `act_id` is unique in this hub."""

    kind: Kind
    act_id: str
    recorded_at: datetime
    works_from: str | None
    statement_digest: str | None
    sealed_digest: str | None
    previous_act: str | None


def act_bytes(facts: ActFacts) -> bytes:
    """Return the bytes of an act as its leaf commits to them; times in UTC with microseconds."""
    return canonical_json(
        {
            "v": VERSION,
            "kind": str(facts.kind),
            "act_id": facts.act_id,
            "recorded_at": facts.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "works_from": facts.works_from,
            "statement": facts.statement_digest,
            "sealed": facts.sealed_digest,
            "previous": facts.previous_act,
        }
    )


def citation(leaf: bytes, index: int, checkpoint: str) -> str:
    """Return what an act seals that did another again: SHA-256 (hex) over that one's leaf, index, and log's head."""
    head = sha256(checkpoint.encode()).hexdigest()
    return canonical_digest({"checkpoint": head, "index": index, "leaf": b64encode(leaf).decode()})


@dataclass(frozen=True, slots=True)
class LogState:
    """How the log stands: when everything recorded was last found under its head, and whether the store fits it.

    `rolled_back_to` is the moment of the newest act the store still knows, when the log knows of later ones.
    `recovered_at` is when the store was last recovered from that; until what was lost `is_settled`, nobody knows which
    of its certificates changed in between. `held` are certificates, by their serials, of which an act that was lost is
    known to be missing: nobody knows what they are worth before it is done again. `key_revoked_at` is since when the
    key that signed the head counts no more, until the next key has signed it anew.
    """

    size: int
    heard_at: datetime
    silence: timedelta
    rolled_back_to: datetime | None = None
    recovered_at: datetime | None = None
    is_settled: bool = True
    held: frozenset[int] = frozenset()
    key_revoked_at: datetime | None = None

    @property
    def doubt(self) -> tuple[str, datetime] | None:
        """Why nothing that the store says can be relied on, as a code and its moment; None when it can."""
        if self.rolled_back_to is not None:
            return "store_rolled_back", self.rolled_back_to
        if self.recovered_at is not None and not self.is_settled:
            return "store_recovered", self.recovered_at
        return None

    def is_silent(self, now: datetime) -> bool:
        """Say whether the log has said nothing for longer than issues and pulls may go on.

        A word of a time to come is none: the clock was set back, and silence could not be told from it.
        """
        return not -GREATEST_ERROR <= now - self.heard_at <= self.silence
