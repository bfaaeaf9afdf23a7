"""Every table of the hub, in one place.

Large values stand in tables with insertion-order integer keys; random keys stand only in slim claim tables, which hold
all uniqueness, so that the rest can one day be partitioned by licence number. A noun per table, in the singular.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    literal_column,
)

from hub.store.columns import JsonBytes, Moment, Serial

metadata = MetaData()

# --- the installation -------------------------------------------------------------------------------------------
installation = Table(
    "installation",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
type_version = Table(
    "type_version",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    # The act by which two persons took it into use; NULL for those the hub first started with.
    Column("admitted_by", String(32)),
)
# SQLite's stand-in for a sequence; PostgreSQL has a real one, `certificate_serial`.
serial = Table("serial", metadata, Column("name", String(32), primary_key=True), Column("next", Serial, nullable=False))
trust_list = Table(
    "trust_list",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)

# --- parties ----------------------------------------------------------------------------------------------------
department = Table(
    "department",
    metadata,
    Column("licence_number", String(18), primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
)
issuing_body = Table(
    "issuing_body",
    metadata,
    Column("licence_number", String(18), primary_key=True),
    Column("department", String(18), nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("area", String(12), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date),
    Column("successor", String(18)),
    Column("superior", String(18)),
    # The kinds of annotation it may make on certificates of other bodies; NULL: none.
    Column("annotates", JsonBytes),
)
competence = Table(
    "competence",
    metadata,
    Column("issuing_body", String(18), primary_key=True),
    Column("certificate_type", String(64), primary_key=True),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date),
    # The body that delegated this type to it; NULL: it is in charge by itself.
    Column("delegated_by", String(18)),
)
coverage = Table(
    "coverage",
    metadata,
    Column("certificate_type", String(64), primary_key=True),
    Column("issuing_body", String(18), primary_key=True),
    # complete | partial | not_connected; "complete" since a day.
    Column("state", String(16), nullable=False),
    Column("since_on", Date),
    Column("heard_at", Moment),
)
system = Table(
    "system",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("department", String(18), nullable=False),
    Column("name", Text, nullable=False),
    Column("key_id", String(43), nullable=False, unique=True),
    Column("cert_der", LargeBinary, nullable=False),
    Column("roles", JsonBytes, nullable=False),
    Column("active", Boolean, nullable=False),
)
system_cert = Table(
    "system_cert",
    metadata,
    # Every cert a system was ever enrolled with, by its digest: a statement is verified by the key of its own day.
    Column("cert_sha256", String(64), primary_key=True),
    Column("system", String(64), nullable=False, index=True),
    Column("cert_der", LargeBinary, nullable=False),
)
system_key = Table(
    "system_key",
    metadata,
    # A key belongs to one system for ever. It counts until `until_at`; NULL while nobody has retired it.
    Column("key_id", String(43), primary_key=True),
    Column("system", String(64), nullable=False, index=True),
    Column("cert_der", LargeBinary, nullable=False),
    Column("until_at", Moment),
)
officer = Table(
    "officer",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("department", String(18), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("duty", String(16), server_default="case", nullable=False),
    Column("cert_der", LargeBinary),
)
officer_state = Table(
    "officer_state",
    metadata,
    # How an officer stood from a moment on: what he approved is verified by the key and duty of its day.
    Column("number", Serial, primary_key=True),
    Column("officer", String(64), nullable=False, index=True),
    Column("department", String(18), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("duty", String(16), nullable=False),
    Column("cert_der", LargeBinary),
    Column("recorded_at", Moment, nullable=False),
)
licence_number_override = Table(
    "licence_number_override",
    metadata,
    Column("licence_number", String(18), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("system", String(64), nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
enterprise = Table(
    "enterprise",
    metadata,
    Column("licence_number", String(18), primary_key=True),
    Column("reference", String(26), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    # How many chains of certificates this holder has had; the next one's slot, and so its answer page.
    Column("chains", Integer, nullable=False),
)
former_name = Table(
    "former_name",
    metadata,
    # A name an enterprise had before, and from which day it had another; the present one is in `enterprise`.
    Column("number", Serial, primary_key=True),
    Column("licence_number", String(18), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("until_on", Date, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
name_part = Table(
    "name_part",
    metadata,
    # Two characters that stand side by side in a holder's name, past or present: names are found by any part of them.
    Column("part", String(2), primary_key=True),
    Column("licence_number", String(18), primary_key=True),
    # The key is the whole row: a second tree beside it would double what a new name costs.
    sqlite_with_rowid=False,
)
relation = Table(
    "relation",
    metadata,
    # One enterprise to another: branch → parent, predecessor → successor.
    Column("number", Serial, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("from_number", String(18), nullable=False, index=True),
    Column("to_number", String(18), nullable=False, index=True),
    Column("works_from", Date, nullable=False),
    Column("until_on", Date),
    # When its end was recorded: what was known on a day gone by hangs on it.
    Column("ended_at", Moment),
    Column("issuing_body", String(18), nullable=False),
    Column("document_name", Text, nullable=False),
    Column("document_number", Text, nullable=False),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
subject = Table(
    "subject",
    metadata,
    # A site or a device, known by one id for good; `holder` is whose it is now.
    Column("subject_id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("reference", String(26), nullable=False, unique=True),
    Column("holder", String(18), nullable=False, index=True),
    Column("name", Text, nullable=False),
    # "" where it is a home.
    Column("address", Text, nullable=False),
    Column("from_on", Date, nullable=False),
    # Who registered it, and so may hand it on or end it.
    Column("issuing_body", String(18), nullable=False),
    Column("ended_on", Date),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
source = Table(
    "source",
    metadata,
    Column("code", String(64), primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("seen_at", Moment),
    Column("fresh_for_seconds", Integer, nullable=False),
)

# --- certificates -----------------------------------------------------------------------------------------------
chain = Table(
    "chain",
    metadata,
    # A chain is known by the serial of its first version.
    Column("chain", Serial, primary_key=True, autoincrement=False),
    Column("licence_number", String(18), nullable=False, index=True),
    Column("certificate_type", String(64), nullable=False),
    Column("issuing_body", String(18), nullable=False),
    Column("number", String(128), nullable=False),
    Column("slot", Integer, nullable=False),
    Column("versions", Integer, nullable=False),
    Column("current", Serial),
    # The serial of a version whose intention is recorded and whose seal is under way; one at a time.
    Column("open", Serial),
)
certificate = Table(
    "certificate",
    metadata,
    Column("serial", Serial, primary_key=True, autoincrement=False),
    Column("chain", Serial, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("identifier", String(128), nullable=False),
    Column("reference", String(26), nullable=False),
    Column("licence_number", String(18), nullable=False, index=True),
    Column("certificate_type", String(64), nullable=False),
    Column("type_version", Integer, nullable=False),
    Column("issuing_body", String(18), nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_since", Date, nullable=False),
    Column("suspended_until", Date),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("decided_on", Date, nullable=False),
    Column("payload_sha256", String(64), nullable=False),
    Column("facts_digest", String(64), nullable=False),
    Column("statement", Serial, nullable=False),
    Column("source", String(64)),
    Column("sealed_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
# What ends soon, the first to end first. A literal: by a parameter no database knows that the index serves.
IN_FORCE = certificate.c.status == literal_column("'valid'")
Index(
    "certificate_ending", certificate.c.valid_to, certificate.c.serial,
    sqlite_where=IN_FORCE, postgresql_where=IN_FORCE,
)  # fmt: skip
# By when it was sealed the figures of a span are counted.
Index("certificate_sealed", certificate.c.sealed_at)
# What an officer lists by type and state; the newest first is the highest serial.
Index("certificate_listed", certificate.c.certificate_type, certificate.c.status, certificate.c.serial)
record = Table(
    "record",
    metadata,
    Column("serial", Serial, primary_key=True, autoincrement=False),
    Column("payload", LargeBinary, nullable=False),
    Column("seals", JsonBytes, nullable=False),
    Column("public_disclosures", JsonBytes, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
)
intention = Table(
    "intention",
    metadata,
    Column("serial", Serial, primary_key=True, autoincrement=False),
    Column("batch", String(43), nullable=False, index=True),
    Column("owner", String(43), nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("statement", Serial, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
site_chain = Table(
    "site_chain",
    metadata,
    # Which chains of certificates are about a site that is known by its id.
    Column("site_id", String(64), primary_key=True),
    Column("chain", Serial, primary_key=True, autoincrement=False),
)
device_claim = Table(
    "device_claim",
    metadata,
    # The one chain of a type that is about a device: a device is in one place.
    Column("device_id", String(64), primary_key=True),
    Column("certificate_type", String(64), primary_key=True),
    Column("chain", Serial, nullable=False),
)
annotation = Table(
    "annotation",
    metadata,
    # What an authority noted on a certificate: it flags the verdict and changes no status.
    Column("number", Serial, primary_key=True),
    Column("serial", Serial, nullable=False, index=True),
    Column("kind", String(24), nullable=False),
    Column("authority", String(18), nullable=False),
    Column("authority_name", Text, nullable=False),
    Column("document_name", Text, nullable=False),
    Column("document_number", Text, nullable=False),
    Column("document_date", Date, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    # From which day it no longer counts, by which act.
    Column("lifted_on", Date),
    Column("lifted_at", Moment),
    Column("lifted_by", String(64)),
)
status_change = Table(
    "status_change",
    metadata,
    Column("number", Serial, primary_key=True),
    Column("serial", Serial, nullable=False, index=True),
    Column("act", String(16), nullable=False),
    Column("from_status", String(16), nullable=False),
    Column("to_status", String(16), nullable=False),
    Column("ground", Text, nullable=False),
    Column("document_name", Text, nullable=False),
    Column("document_number", Text, nullable=False),
    Column("document_date", Date, nullable=False),
    Column("works_from", Date, nullable=False),
    Column("until", Date),
    Column("issuing_body", String(18), nullable=False),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    # By what right the body acted: own, successor, superior, delegator.
    Column("authority", String(16)),
    # Why a version was replaced: renew, change, correct, reissue, exchange.
    Column("cause", String(16)),
    # A penalty is shown to the public until its term ends, or its holder's credit was repaired.
    Column("public_until", Date),
    Column("repaired_on", Date),
    # The act that undid this one; both are kept.
    Column("undone_by", String(64)),
)
Index("status_change_recorded", status_change.c.recorded_at)
resealing = Table(
    "resealing",
    metadata,
    # A seal that is put beside a record's earlier ones, by the issuing body's order: an intention until it has a key.
    Column("number", Serial, primary_key=True),
    Column("serial", Serial, nullable=False, index=True),
    # The key whose seal proves nothing any more, and the one that seals in its place.
    Column("over_key_id", String(43), nullable=False),
    Column("key_id", String(43)),
    Column("batch", String(43), nullable=False),
    Column("owner", String(43), nullable=False),
    Column("lease_until", Moment, nullable=False),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("sealed_at", Moment),
    Column("act_id", String(64), nullable=False),
)
# One at a time for each record; what is under way is found by it.
Index(
    "resealing_open", resealing.c.serial, unique=True,
    sqlite_where=resealing.c.key_id.is_(None), postgresql_where=resealing.c.key_id.is_(None),
)  # fmt: skip

# --- claims: all uniqueness, in slim tables ---------------------------------------------------------------------
identifier_claim = Table(
    "identifier_claim",
    metadata,
    Column("identifier", String(128), primary_key=True),
    Column("serial", Serial, nullable=False),
)
number_claim = Table(
    "number_claim",
    metadata,
    Column("issuing_body", String(18), primary_key=True),
    Column("certificate_type", String(64), primary_key=True),
    Column("number", String(128), primary_key=True),
    Column("chain", Serial, nullable=False),
)
reference_claim = Table(
    "reference_claim",
    metadata,
    Column("reference", String(26), primary_key=True),
    Column("licence_number", String(18), nullable=False),
    # The certificate version it names; NULL: the enterprise.
    Column("serial", Serial),
    # A reference that its enterprise had replaced: it opens nothing but the word that it was retired.
    Column("retired_at", Moment),
)
Index("number_claim_number", number_claim.c.number)
approval = Table(
    "approval",
    metadata,
    # Spent once, for ever: the officer's `jti`. `statement` is the order that it approves, NULL for a local act.
    Column("officer", String(64), primary_key=True),
    Column("jti", String(128), primary_key=True),
    Column("change", String(16), nullable=False),
    Column("content_digest", String(64), nullable=False, index=True),
    Column("statement", Serial, index=True),
    Column("jws", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
single_use = Table(
    "single_use",
    metadata,
    # What was spent: "statement", "assertion", "proof", "grant", "provider state" or "provider ending", and by whom.
    Column("kind", String(16), primary_key=True),
    Column("party", String(64), primary_key=True),
    Column("value", String(512), primary_key=True),
    Column("expires_at", Moment, index=True),
)
idempotency = Table(
    "idempotency",
    metadata,
    Column("system", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("request_digest", String(64), nullable=False),
    # What the key led to: a batch of intentions, a pull decision; and, once there is one, the kept answer (encrypted).
    Column("act", String(43), nullable=False),
    Column("answer", LargeBinary),
    Column("expires_at", Moment, nullable=False, index=True),
)

# --- evidence ---------------------------------------------------------------------------------------------------
statement = Table(
    "statement",
    metadata,
    Column("number", Serial, primary_key=True),
    Column("system", String(64), nullable=False),
    Column("act", String(16), nullable=False),
    Column("jws", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    # The statement that this one, by a second officer or a joint body, stands beside.
    Column("seconds", Serial),
)
Index("statement_system", statement.c.system, statement.c.number)
Index(
    "statement_seconds", statement.c.seconds,
    sqlite_where=statement.c.seconds.is_not(None), postgresql_where=statement.c.seconds.is_not(None),
)  # fmt: skip
entry = Table(
    "entry",
    metadata,
    Column("number", Serial, primary_key=True),
    Column("act_id", String(64), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("act_bytes", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("leaf_index", BigInteger),
    Column("recorded_at", Moment, nullable=False),
    # The certificate version that the act was done to, beside what the entry commits to: the change feed goes by it.
    Column("serial", Serial),
)
Index("entry_act_id", entry.c.act_id, unique=True)
# A place in the log is given once.
Index("entry_leaf_index", entry.c.leaf_index, unique=True)
Index(
    "entry_unsequenced",
    entry.c.number,
    sqlite_where=entry.c.leaf_index.is_(None),
    postgresql_where=entry.c.leaf_index.is_(None),
)
# A literal: by a parameter no database knows that the index serves. It says the same to both.
ORDER_REFUSED = entry.c.kind == literal_column("'order_refused'")
Index("entry_refused", entry.c.recorded_at, sqlite_where=ORDER_REFUSED, postgresql_where=ORDER_REFUSED)
# Written out: the index of a few serves a question only that says the same.
withdraws = entry.c.kind == literal_column("'grant_withdrawal'")
Index("entry_grant_withdrawal", entry.c.recorded_at, sqlite_where=withdraws, postgresql_where=withdraws)

recovery = Table(
    "recovery",
    metadata,
    # The store was rolled back and recovered; by the number of the log that was opened then.
    Column("log", Integer, primary_key=True, autoincrement=False),
    # How many acts the log before knew of, and nobody else any more.
    Column("lost", BigInteger, nullable=False),
    # The last checkpoint of that log, which the first leaf of the new one commits to.
    Column("note", Text, nullable=False),
    Column("report_sha256", String(64), nullable=False),
    # Serials that may have been given in what was lost: no certificate has one of them, and none is valid.
    Column("skipped_from", Serial, nullable=False),
    Column("skipped_until", Serial, nullable=False),
    # Who recovered it: officers' numbers, or the operator's system.
    Column("by_whom", JsonBytes, nullable=False),
    Column("recovered_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    # When the operator declared that what was lost is known and ordered again, or is of no more account.
    Column("settled_at", Moment),
    Column("settled_by", String(64)),
)
lost_act = Table(
    "lost_act",
    metadata,
    # A leaf of a closed log of which the store lost the act: its place among those of all logs.
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("log", Integer, nullable=False),
    Column("leaf_index", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    # What opens the leaf, once somebody brought it back: it then says which act it was.
    Column("act_bytes", LargeBinary),
    Column("salt", LargeBinary),
    # A certificate that the act changed: what it is worth is unknown until the act is done again.
    Column("serial", Serial),
    Column("opened_at", Moment),
    # Why it could not be done again, as a code; and the act that did it again.
    Column("obstacle", String(48)),
    Column("again_at", Moment),
    Column("again_by", String(64)),
)
Index("lost_act_leaf", lost_act.c.leaf)

# --- answers: what a scan reads, composed by the act that changes it --------------------------------------------
answer_certificate = Table(
    "answer_certificate",
    metadata,
    Column("serial", Serial, primary_key=True, autoincrement=False),
    Column("licence_number", String(18), nullable=False),
    Column("body", LargeBinary, nullable=False),
)
answer_head = Table(
    "answer_head",
    metadata,
    Column("licence_number", String(18), primary_key=True),
    Column("first_page", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
answer_page = Table(
    "answer_page",
    metadata,
    Column("licence_number", String(18), primary_key=True),
    Column("page", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# --- sharing ----------------------------------------------------------------------------------------------------
sharing_rule = Table(
    "sharing_rule",
    metadata,
    # Every version of a line stays: a decision names the one it stood on. Only its state and its confirmation change.
    Column("code", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("requester", String(18), nullable=False),
    Column("item_code", String(64), nullable=False),
    Column("item_name", Text, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("case_pattern", Text, nullable=False),
    Column("fields", JsonBytes, nullable=False),
    Column("sharing_class", String(16), nullable=False),
    # Certificate type → the department that answers for it.
    Column("providers", JsonBytes, nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date),
    Column("many_holders", Boolean, nullable=False),
    Column("daily_cap", Integer),
    Column("reviewer", String(18)),
    Column("state", String(16), nullable=False),
    Column("confirmed_until", Date),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    # The statement that ordered it; NULL of a line that was put before that was kept.
    Column("statement", Serial),
)
sharing_approval = Table(
    "sharing_approval",
    metadata,
    # What each provider of a version said; `answer` NULL: nothing yet. `notice` is the task that waits for it.
    Column("code", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("provider", String(18), primary_key=True),
    Column("notice", Serial),
    Column("answer", String(16)),
    Column("reason", String(32)),
    Column("words", Text),
    Column("confirmed_until", Date),
    Column("act_id", String(64)),
    # The operator's task, once the provider's last day has gone by.
    Column("escalation", Serial),
)
pull_count = Table(
    "pull_count",
    metadata,
    # Statutory pulls of a civil day, of one officer, one system, or one system on one line.
    Column("day", Date, primary_key=True),
    Column("counter", String(160), primary_key=True),
    Column("taken", Integer, nullable=False),
)
case_binding = Table(
    "case_binding",
    metadata,
    # Whose a case number is, since the first decision that let it be used on a line.
    Column("rule", String(64), primary_key=True),
    Column("case_number", String(128), primary_key=True),
    Column("licence_number", String(18), nullable=False),
    Column("decision", String(43), nullable=False),
)
pull_review = Table(
    "pull_review",
    metadata,
    # A statutory pull that another department looks at; `justified` NULL: not yet.
    Column("decision", String(43), primary_key=True),
    Column("requester", String(18), nullable=False),
    Column("reviewer", String(18), nullable=False),
    Column("notice", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("justified", Boolean),
    Column("reason", String(32)),
    # What the reviewer wrote, encrypted: it may tell of the case.
    Column("words", LargeBinary),
    Column("act_id", String(64)),
)
review_candidate = Table(
    "review_candidate",
    metadata,
    # Of a requester's statutory pulls of one day, the one that is reviewed when none else is.
    Column("day", Date, primary_key=True),
    Column("requester", String(18), primary_key=True),
    Column("decision", String(43), nullable=False),
    Column("lot", String(64), nullable=False),
    Column("is_settled", Boolean, nullable=False),
)
service_item = Table(
    "service_item",
    metadata,
    # Every version of a service item stays: a case decided under one keeps it. It only ever gets its end.
    Column("code", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("department", String(18), nullable=False),
    Column("from_on", Date, nullable=False),
    Column("until_on", Date),
    Column("materials", JsonBytes, nullable=False),
    # The questions that may be asked instead of fields; NULL: none.
    Column("predicates", JsonBytes),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
grant_table = Table(
    "grant",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("holder", String(18), nullable=False, index=True),
    Column("requester", String(18), nullable=False),
    # The sentence with its signature and cert, encrypted: it may name a delegate.
    Column("envelope", LargeBinary, nullable=False),
    Column("valid_from", Moment, nullable=False),
    Column("valid_until", Moment, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("uses_taken", Integer, nullable=False),
    Column("cert_serial", String(64), nullable=False),
    Column("signer_role", String(32), nullable=False),
    Column("cert_good_at", Moment),
    Column("cert_revoked", Boolean, nullable=False),
    Column("withdrawn_at", Moment),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    # The sentence that ended it with its signature and cert, encrypted; NULL where the act below ended it by law.
    Column("withdrawal", LargeBinary),
    Column("ended_by", String(64)),
    # What kind of basis it is: "presentation", "window"; NULL: a grant that the e-licence signed.
    Column("basis", String(16)),
    # The delegation that its signer acted by; NULL: by the role alone.
    Column("delegation", String(64)),
    # The order of the officers who witnessed it on paper.
    Column("statement", Serial),
)
grant_link = Table(
    "grant_link",
    metadata,
    # The one-time link of a grant to a person, kept as HMAC; whose it is since it was opened, as HMAC; the proof of the
    # sign-in then, encrypted.
    Column("digest", String(64), primary_key=True),
    Column("link_mac", String(64), nullable=False, unique=True),
    Column("misses", Integer, nullable=False),
    Column("killed_at", Moment),
    Column("person_mac", String(64)),
    Column("proof", LargeBinary),
    Column("opened_at", Moment),
)
presentation_code = Table(
    "presentation_code",
    metadata,
    # The code of one presentation, which is known by its digest. Both forms of it are kept as keyed digests (HMAC).
    Column("digest", String(64), primary_key=True),
    Column("holder", String(18), nullable=False, index=True),
    Column("code_mac", String(64), nullable=False, unique=True),
    Column("digits_mac", String(64), nullable=False),
    # Wrong guesses of its digits; the last of them kills it.
    Column("misses", Integer, nullable=False),
    Column("killed_at", Moment),
    # Who asks with it: one redemption, ever.
    Column("redemption", String(43)),
    # Set once it may be used: with its redemption where the requester was named, else by the holder's confirmation.
    Column("released_at", Moment),
    # The sentence that confirmed it with signature and cert, encrypted; its digest, and the act.
    Column("confirmation", LargeBinary),
    Column("confirmation_digest", String(64)),
    Column("confirmation_act", String(64)),
    Column("expires_at", Moment, nullable=False),
)
redemption = Table(
    "redemption",
    metadata,
    # An officer showed a code: what for, and whether it was one that counts. `digest` NULL: of no presentation.
    Column("redemption", String(43), primary_key=True),
    Column("digest", String(64)),
    Column("system", String(64), nullable=False),
    Column("requester", String(18), nullable=False),
    Column("officer", String(64)),
    Column("window", Text, nullable=False),
    Column("item_code", String(64), nullable=False),
    Column("case_number", String(128), nullable=False),
    Column("fields", JsonBytes, nullable=False),
    Column("allowed", Boolean, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
Index("redemption_recorded", redemption.c.recorded_at)
code_miss = Table(
    "code_miss",
    metadata,
    # Digits that were no code's, by the officer who tried them, a day.
    Column("officer", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("misses", Integer, nullable=False),
)
delegation = Table(
    "delegation",
    metadata,
    # Who may act for an enterprise: an agent, known by the serial of its e-licence cert, in one matter.
    Column("digest", String(64), primary_key=True),
    Column("holder", String(18), nullable=False, index=True),
    Column("cert_serial", String(64), nullable=False),
    Column("item_code", String(64), nullable=False),
    Column("valid_from", Moment, nullable=False),
    Column("valid_until", Moment, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", String(64)),
    # The sentence that took it back, encrypted, and its digest; NULL where another act ended it.
    Column("withdrawal", LargeBinary),
    Column("withdrawal_digest", String(64)),
)
delegation_confirmation = Table(
    "delegation_confirmation",
    metadata,
    # A new legal representative said which delegations go on, by digest, and whether managers do.
    Column("digest", String(64), primary_key=True),
    Column("holder", String(18), nullable=False, index=True),
    Column("delegations", JsonBytes, nullable=False),
    Column("managers", Boolean, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
grant_request = Table(
    "grant_request",
    metadata,
    # A requester asks holders for a grant that is filled in; what it asks is encrypted, its code kept as HMAC.
    Column("request", String(43), primary_key=True),
    Column("requester", String(18), nullable=False),
    Column("system", String(64), nullable=False),
    Column("code_mac", String(64), nullable=False, unique=True),
    Column("envelope", LargeBinary, nullable=False),
    Column("statement", Serial),
    Column("valid_until", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    # The sentence by which an enterprise asks, encrypted, and its digest; NULL where a department's statement does.
    Column("asking", LargeBinary),
    Column("asking_digest", String(64)),
)
grant_request_holder = Table(
    "grant_request_holder",
    metadata,
    Column("request", String(43), primary_key=True),
    # In which order the holders sign.
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("holder", String(18), nullable=False, index=True),
    # open → signed | refused | ended
    Column("state", String(8), nullable=False),
    Column("answered_at", Moment),
    Column("grant_digest", String(64)),
    # The signed refusal, encrypted, and its digest.
    Column("refusal", LargeBinary),
    Column("refusal_digest", String(64)),
    # The act by which it was answered or ended.
    Column("answered_by", String(64)),
)
ending = Table(
    "ending",
    metadata,
    # All that an enterprise gave since a moment was taken back, by its own sentence or by a window's order.
    Column("act_id", String(64), primary_key=True),
    Column("holder", String(18), nullable=False, index=True),
    Column("since", Moment, nullable=False),
    Column("counts", JsonBytes, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    # The sentence, encrypted, and its digest; NULL where a window's statement ordered it.
    Column("envelope", LargeBinary),
    Column("digest", String(64)),
    Column("statement", Serial),
)
pull_decision = Table(
    "pull_decision",
    metadata,
    Column("decision", String(43), primary_key=True),
    Column("system", String(64), nullable=False),
    Column("requester", String(18), nullable=False),
    Column("officer", String(64)),
    Column("licence_number", String(18), nullable=False, index=True),
    Column("item_code", String(64), nullable=False),
    Column("case_number", String(128), nullable=False),
    Column("basis", String(16), nullable=False),
    Column("basis_reference", String(64)),
    Column("allowed", Boolean, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("fields", JsonBytes, nullable=False),
    # reserved → used | released; "none" where the basis counts no uses.
    Column("use_state", String(16), nullable=False),
    Column("lapses_at", Moment, nullable=False),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    # The version of the item that a pull by item stands on.
    Column("item_version", Integer),
    # The version of the line of the sharing table that it stands on.
    Column("rule_version", Integer),
)
material_wish = Table(
    "material_wish",
    metadata,
    # Whom to tell when a missing material of a case is issued to this holder, by the end of its deferral (容缺).
    Column("licence_number", String(18), primary_key=True),
    Column("requester", String(18), primary_key=True),
    Column("item_code", String(64), primary_key=True),
    Column("case_number", String(128), primary_key=True),
    Column("material", String(64), primary_key=True),
    Column("certificate_types", JsonBytes, nullable=False),
    # The pull whose decision the wish is part of.
    Column("decision", String(43), nullable=False),
    Column("until_on", Date, nullable=False),
)
delivery = Table(
    "delivery",
    metadata,
    Column("decision", String(43), primary_key=True),
    Column("serial_number", String(43), nullable=False),
    Column("requester", String(18), nullable=False),
    Column("licence_number", String(18), nullable=False, index=True),
    Column("note", Text, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
predicate_answer = Table(
    "predicate_answer",
    metadata,
    # That a question was answered, and by which signed bytes; what they say stays with whoever was answered.
    Column("decision", String(43), primary_key=True),
    Column("token_sha256", String(64), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
sharing_report = Table(
    "sharing_report",
    metadata,
    # How each line of the sharing table was used in a finished year, in numbers, as it was first told.
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("content", JsonBytes, nullable=False),
    Column("made_at", Moment, nullable=False),
)
figure_sheet = Table(
    "figure_sheet",
    metadata,
    # The figures of a finished month or year ("2026-11", "2026"), in numbers alone, as they were first made.
    Column("period", String(7), primary_key=True),
    Column("content", JsonBytes, nullable=False),
    Column("made_at", Moment, nullable=False),
)
figure_correction = Table(
    "figure_correction",
    metadata,
    # What a figure of a kept sheet should have been, found later; the sheet itself stays as it was made.
    Column("act_id", String(64), primary_key=True),
    Column("period", String(7), nullable=False, index=True),
    # Part, line and column of the sheet.
    Column("part", String(24), nullable=False),
    Column("line", String(160), nullable=False),
    Column("name", String(32), nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
affirmation = Table(
    "affirmation",
    metadata,
    # The hub said to a requester that values match, or that a question is true, of these certificates.
    Column("decision", String(43), primary_key=True),
    Column("requester", String(18), nullable=False),
    Column("licence_number", String(18), nullable=False, index=True),
    Column("serials", JsonBytes, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
comparison_miss = Table(
    "comparison_miss",
    metadata,
    Column("requester", String(18), primary_key=True),
    Column("licence_number", String(18), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("misses", Integer, nullable=False),
)

pull_batch = Table(
    "pull_batch",
    metadata,
    # A file of pulls. Its name is its act's too; what it asks for stands in its statement.
    Column("batch", String(43), primary_key=True),
    Column("system", String(64), nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("statement", Serial, nullable=False),
    # awaiting_file → waiting → running → done | failed; or cancelled.
    Column("state", String(16), nullable=False, index=True),
    Column("problem", String(64)),
    Column("owner", String(43)),
    Column("lease_until", Moment),
    # The night before which it is not taken up again: the rows of its system are used up for this one.
    Column("not_before", Moment),
    # The last row, by its number in the file, that is decided.
    Column("rows_done", Integer, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("finished_at", Moment),
    # Until when its results may be fetched.
    Column("ends_at", Moment),
    Column("cancelled_by", Serial),
    Column("cancel_act", String(64)),
)
pull_batch_row = Table(
    "pull_batch_row",
    metadata,
    Column("batch", String(43), primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    # unreadable | refused | decided → delivered | nothing | undelivered
    Column("state", String(16), nullable=False),
    Column("reason", String(64), nullable=False),
    Column("decision", String(43)),
    # What is answered of it, without the records (encrypted); NULL once its term is over.
    Column("answer", LargeBinary),
)
Index("pull_batch_row_decision", pull_batch_row.c.decision, unique=True)
# Upkeep asks every few seconds which answers are past their term: of all rows ever, only those that still have one.
_answered = pull_batch_row.c.answer.is_not(None)
Index("pull_batch_row_answered", pull_batch_row.c.batch, sqlite_where=_answered, postgresql_where=_answered)
pull_batch_fetch = Table(
    "pull_batch_fetch",
    metadata,
    Column("act_id", String(64), primary_key=True),
    Column("batch", String(43), nullable=False, index=True),
    # From which row on the results were fetched.
    Column("after", Integer, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
pull_batch_night = Table(
    "pull_batch_night",
    metadata,
    # How many rows of a system's files were decided in the night that began on this day.
    Column("system", String(64), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("rows", Integer, nullable=False),
)

# --- what bodies are told ---------------------------------------------------------------------------------------
notice = Table(
    "notice",
    metadata,
    Column("number", Serial, primary_key=True),
    # The licence number of an issuing body, a department or an enterprise.
    Column("recipient", String(18), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("licence_number", String(18)),
    Column("serial", Serial),
    # Codes, identifiers and counts; never a field of a certificate.
    Column("facts", JsonBytes, nullable=False),
    # "told", or a task: "open" until it is "done".
    Column("state", String(8), nullable=False),
    Column("due_on", Date),
    # Set where a year without calendar lay between: the day is an estimate (暂估).
    Column("due_provisional", Boolean),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    Column("closed_at", Moment),
    Column("closed_by", String(64)),
)
Index("notice_recipient", notice.c.recipient, notice.c.number)
Index("notice_about", notice.c.serial)
Index("notice_kind", notice.c.kind, notice.c.recorded_at)
# A literal: by a parameter no database knows that the index serves.
OPEN = notice.c.state == literal_column("'open'")
Index("notice_open", notice.c.due_on, sqlite_where=OPEN, postgresql_where=OPEN)
outbox = Table(
    "outbox",
    metadata,
    # What is still to be pushed to a recipient that wants more than to read its notices.
    Column("notice", Serial, primary_key=True, autoincrement=False),
    Column("recipient", String(18), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("sent_at", Moment),
)
erasure = Table(
    "erasure",
    metadata,
    Column("number", Serial, primary_key=True),
    Column("serial", Serial, nullable=False, index=True),
    Column("field", String(64), nullable=False),
    Column("ground", Text, nullable=False),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)

# --- intake -----------------------------------------------------------------------------------------------------
intake = Table(
    "intake",
    metadata,
    Column("intake", String(43), primary_key=True),
    Column("system", String(64), nullable=False),
    Column("officer", String(64)),
    Column("form", String(16), nullable=False),
    Column("certificate_type", String(64)),
    # Set when the file is signed by this body; otherwise the rows are collected from `source`.
    Column("issuing_body", String(18)),
    Column("source", String(64)),
    # What its rows are besides: legacy (存量); NULL for what is native or collected.
    Column("origin", String(16)),
    Column("dry_run", Boolean, nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("statement", Serial, nullable=False),
    # awaiting_file → waiting → running → done | failed
    Column("state", String(16), nullable=False),
    Column("problem", String(64)),
    Column("owner", String(43)),
    Column("lease_until", Moment),
    # How many rows the file has, known once it has been read through before the first of them counts.
    Column("rows", Integer),
    # The last row, by its number in the file, that is recorded below or stands in an intention.
    Column("rows_done", Integer, nullable=False),
    Column("counts", JsonBytes, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("finished_at", Moment),
    # The statement that ordered the whole intake to be undone; the newest where there were several.
    Column("undone_by", Serial),
)
intake_row = Table(
    "intake_row",
    metadata,
    Column("intake", String(43), primary_key=True),
    # The row's number in the file; below zero: a certificate of the registry that the file does not name.
    Column("row", Integer, primary_key=True),
    Column("result", String(16), nullable=False),
    Column("identifier", String(128)),
    Column("chain", Serial),
    Column("problems", JsonBytes),
)

# --- documents --------------------------------------------------------------------------------------------------
document = Table(
    "document",
    metadata,
    Column("number", Serial, primary_key=True),
    Column("serial", Serial, nullable=False, index=True),
    Column("edition", String(16), nullable=False),
    Column("language", String(2), nullable=False),
    # The delivery a copy belongs to; "" for the holder's own.
    Column("delivery", String(43), nullable=False),
    # The file's own digest, by which it is stored and known again.
    Column("sha256", String(64), nullable=False, unique=True),
    Column("length", Integer, nullable=False),
    # Of the sealed XML inside, which is known again when it is shown alone; NULL of what was taken in.
    Column("xml_sha256", String(64), unique=True),
    # Of the issuer-signed part it was drawn from.
    # The key that sealed it; "" of a file that was taken in.
    Column("key_id", String(64), nullable=False),
    Column("payload_sha256", String(64), nullable=False),
    Column("sealed_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
    # The act that erased something it shows; the row stays, so that its file is known again where it is shown.
    Column("erased_by", String(64)),
    Column("file_gone_at", Moment),
)
# By the act that sealed it a printed copy is known: its serial is that act's name.
_copies = document.c.delivery != ""
Index("document_copy_act", document.c.act_id, unique=True, sqlite_where=_copies, postgresql_where=_copies)
Index(
    "document_leaving", document.c.number,
    sqlite_where=document.c.erased_by.is_not(None) & document.c.file_gone_at.is_(None),
    postgresql_where=document.c.erased_by.is_not(None) & document.c.file_gone_at.is_(None),
)  # fmt: skip
document_intention = Table(
    "document_intention",
    metadata,
    # One document is made once at a time: the key is the claim.
    Column("serial", Serial, primary_key=True, autoincrement=False),
    Column("edition", String(16), primary_key=True),
    Column("language", String(2), primary_key=True),
    Column("delivery", String(43), primary_key=True),
    # "" while it is only wanted; the lease is then over from the start.
    Column("owner", String(43), nullable=False),
    Column("lease_until", Moment, nullable=False),
    # What the document follows from, encrypted; once the XML is sealed, with it. NULL while it is only wanted.
    Column("envelope", LargeBinary),
    # Why it could not be made: code and members. It waits then until somebody wants it again.
    Column("problem", JsonBytes),
    Column("recorded_at", Moment, nullable=False),
)
download = Table(
    "download",
    metadata,
    Column("download", String(43), primary_key=True),
    Column("applicant", String(18), nullable=False),
    Column("edition", String(16), nullable=False),
    Column("language", String(2), nullable=False),
    Column("serials", JsonBytes, nullable=False),
    Column("statement", Serial, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
sign_in = Table(
    "sign_in",
    metadata,
    # Somebody signed in for an enterprise with its e-licence; in which role, by which statement.
    Column("act_id", String(64), primary_key=True),
    Column("applicant", String(18), nullable=False),
    Column("role", String(32), nullable=False),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
reminder_choice = Table(
    "reminder_choice",
    metadata,
    # How many days before the last day to apply an enterprise is reminded; NULL: it is not. Without a row: 30.
    Column("holder", String(18), primary_key=True),
    Column("days", Integer),
    Column("chosen_at", Moment, nullable=False),
)
reminder = Table(
    "reminder",
    metadata,
    # One reminder of a certificate's last day to apply; NULL in `sent_at` until the notification service took it, or
    # nobody needed it any more. `tried_at` is when the service last refused it.
    Column("serial", Serial, primary_key=True, autoincrement=False),
    Column("due_on", Date, primary_key=True),
    Column("holder", String(18), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("tried_at", Moment),
)
session = Table(
    "session",
    metadata,
    # Who sits at a browser: the signer of an enterprise, or an officer of a department at one of its terminals.
    Column("token_sha256", String(64), primary_key=True),
    Column("party", String(18), nullable=False),
    Column("role", String(32)),
    Column("officer", String(64)),
    Column("terminal", String(64)),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("ended_at", Moment),
    # Of an agent: the e-licence cert by which his delegations are known.
    Column("cert_serial", String(64)),
    # Of an officer who came from the provider of identities: digests of its names for him and for the session there.
    Column("subject_sha256", String(64)),
    Column("provider_session_sha256", String(64)),
)
Index("session_party", session.c.party)
Index("session_officer", session.c.officer)
Index("session_subject", session.c.subject_sha256)
Index("session_provider_session", session.c.provider_session_sha256)
parked_order = Table(
    "parked_order",
    metadata,
    # One officer signed it on a page, another has to; `envelope` is encrypted, and gone after its term.
    Column("name", String(43), primary_key=True),
    Column("department", String(18), nullable=False, index=True),
    Column("errand", String(32), nullable=False),
    Column("officer", String(64), nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
)
officer_account = Table(
    "officer_account",
    metadata,
    # How an officer signs in to pages; removed when he leaves. `totp` is encrypted, the code's digest ends soon.
    Column("officer", String(64), primary_key=True),
    Column("password", String(256)),
    Column("totp", LargeBinary),
    Column("totp_step", BigInteger, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("code_sha256", String(64)),
    Column("code_ends_at", Moment),
    Column("changed_at", Moment, nullable=False),
)
officer_identity = Table(
    "officer_identity",
    metadata,
    # Which account of which provider of identities an officer signs in with; removed when he leaves.
    Column("officer", String(64), primary_key=True),
    Column("issuer", String(255), nullable=False),
    Column("account", String(255), nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
Index("officer_identity_account", officer_identity.c.issuer, officer_identity.c.account, unique=True)
_unsent = reminder.c.sent_at.is_(None)
Index("reminder_unsent", reminder.c.recorded_at, sqlite_where=_unsent, postgresql_where=_unsent)
Index("grant_listed", grant_table.c.holder, grant_table.c.recorded_at)
ledger_reading = Table(
    "ledger_reading",
    metadata,
    # An enterprise reads its own ledger until this ends; by which application.
    Column("reading", String(43), primary_key=True),
    Column("applicant", String(18), nullable=False),
    Column("statement", Serial, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
change_reading = Table(
    "change_reading",
    metadata,
    # What one page of the change feed told of one holder, on one basis; the page's act may have many.
    Column("line", String(43), primary_key=True),
    Column("system", String(64), nullable=False),
    Column("requester", String(18), nullable=False),
    Column("licence_number", String(18), nullable=False),
    # "statutory", "grant", "window", or "delivery" of what was delivered before; and by which name.
    Column("basis", String(16), nullable=False),
    Column("basis_reference", String(64), nullable=False),
    # Certificate type → identifiers.
    Column("told", JsonBytes, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("act_id", String(64), nullable=False),
)
deferral = Table(
    "deferral",
    metadata,
    Column("act_id", String(64), primary_key=True),
    # Whose pulls by law, of which holder, for which item and case, the holder sees only after `until_on`.
    Column("requester", String(18), nullable=False),
    Column("licence_number", String(18), nullable=False, index=True),
    Column("item_code", String(64), nullable=False),
    Column("case_number", String(128), nullable=False),
    Column("legal_ground", Text, nullable=False),
    Column("until_on", Date, nullable=False),
    Column("statement", Serial, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)
objection = Table(
    "objection",
    metadata,
    Column("objection", String(43), primary_key=True),
    Column("applicant", String(18), nullable=False, index=True),
    Column("road", String(24), nullable=False),
    # A certificate's identifier, a line's act, or a window: department, day and item.
    Column("about", String(128), nullable=False),
    # The sentence with its signature and cert, encrypted: it says why in the enterprise's own words.
    Column("envelope", LargeBinary, nullable=False),
    Column("recorded_at", Moment, nullable=False, index=True),
    Column("act_id", String(64), nullable=False),
)
objection_task = Table(
    "objection_task",
    metadata,
    # The notice it is; state and last day stand there.
    Column("notice", Serial, primary_key=True, autoincrement=False),
    Column("objection", String(43), nullable=False, index=True),
    Column("recipient", String(18), nullable=False),
    # What was answered, encrypted; NULL until then, and where an act on the certificate was the answer.
    Column("answer", LargeBinary),
    Column("answered_at", Moment),
    Column("answered_by", String(64)),
)
visitor_report = Table(
    "visitor_report",
    metadata,
    # Named by the form it came with: the same form sent twice is one report.
    Column("report", String(43), primary_key=True),
    # The path of what was scanned: "c/REFERENCE".
    Column("about", String(32), nullable=False, index=True),
    Column("trouble", String(16), nullable=False),
    Column("recipient", String(18), nullable=False),
    Column("notice", Serial, nullable=False),
    # The visitor's words, encrypted; NULL once their term is over.
    Column("envelope", LargeBinary),
    Column("recorded_at", Moment, nullable=False, index=True),
    Column("act_id", String(64), nullable=False),
)
# Whose words are still there; all are counted by the other index of moments.
_words = visitor_report.c.envelope.is_not(None)
Index("visitor_report_words", visitor_report.c.recorded_at, sqlite_where=_words, postgresql_where=_words)
# By these a ledger is read, newest first.
Index("pull_decision_ledger", pull_decision.c.licence_number, pull_decision.c.recorded_at)
Index("delivery_ledger", delivery.c.licence_number, delivery.c.recorded_at)
Index("download_ledger", download.c.applicant, download.c.recorded_at)
Index("change_reading_ledger", change_reading.c.licence_number, change_reading.c.recorded_at)
# By these the figures of a span are counted.
Index("pull_decision_recorded", pull_decision.c.recorded_at)
Index("delivery_recorded", delivery.c.recorded_at)
existing_document = Table(
    "existing_document",
    metadata,
    # The file's digest, which is also that of its row in `document`.
    Column("sha256", String(64), primary_key=True),
    Column("issuing_body", String(18), nullable=False),
    Column("system", String(64), nullable=False),
    Column("statement", Serial, nullable=False),
    # Where the department had it from, in its own words.
    Column("origin", Text, nullable=False),
    Column("trust_level", String(1), nullable=False),
    # Whose seal it bears, by which cert, and when by its own claim.
    Column("seal_subject", Text, nullable=False),
    Column("seal_cert_sha256", String(64), nullable=False),
    Column("seal_claimed_at", Moment),
    Column("recorded_at", Moment, nullable=False),
)
status_list = Table(
    "status_list",
    metadata,
    # A published status list, and how often the answers of its certificates were rewritten: no row, never.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)
