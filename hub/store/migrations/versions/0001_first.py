"""The first schema, frozen: it says what the tables were, whatever `hub/store/tables.py` says today."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()
JSON_BYTES = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "answer_certificate",
        sa.Column("serial", SERIAL, autoincrement=False, nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("serial"),
    )
    op.create_table(
        "answer_head",
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("first_page", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("licence_number"),
    )
    op.create_table(
        "answer_page",
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("licence_number", "page"),
    )
    op.create_table(
        "certificate",
        sa.Column("serial", SERIAL, autoincrement=False, nullable=False),
        sa.Column("chain", SERIAL, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.String(length=128), nullable=False),
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("certificate_type", sa.String(length=64), nullable=False),
        sa.Column("type_version", sa.Integer(), nullable=False),
        sa.Column("issuing_body", sa.String(length=18), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_since", sa.Date(), nullable=False),
        sa.Column("suspended_until", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("payload_sha256", sa.String(length=64), nullable=False),
        sa.Column("facts_digest", sa.String(length=64), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("sealed_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("serial"),
    )
    op.create_index(op.f("ix_certificate_chain"), "certificate", ["chain"], unique=False)
    op.create_index(op.f("ix_certificate_licence_number"), "certificate", ["licence_number"], unique=False)
    op.create_table(
        "chain",
        sa.Column("chain", SERIAL, autoincrement=False, nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("certificate_type", sa.String(length=64), nullable=False),
        sa.Column("issuing_body", sa.String(length=18), nullable=False),
        sa.Column("number", sa.String(length=128), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("versions", sa.Integer(), nullable=False),
        sa.Column("current", SERIAL, nullable=True),
        sa.Column("open", SERIAL, nullable=True),
        sa.PrimaryKeyConstraint("chain"),
    )
    op.create_index(op.f("ix_chain_licence_number"), "chain", ["licence_number"], unique=False)
    op.create_table(
        "comparison_miss",
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("requester", "licence_number", "day"),
    )
    op.create_table(
        "competence",
        sa.Column("issuing_body", sa.String(length=18), nullable=False),
        sa.Column("certificate_type", sa.String(length=64), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("issuing_body", "certificate_type"),
    )
    op.create_table(
        "delivery",
        sa.Column("decision", sa.String(length=43), nullable=False),
        sa.Column("serial_number", sa.String(length=43), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("decision"),
    )
    op.create_index(op.f("ix_delivery_licence_number"), "delivery", ["licence_number"], unique=False)
    op.create_table(
        "department",
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("licence_number"),
    )
    op.create_table(
        "enterprise",
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("chains", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("licence_number"),
    )
    op.create_table(
        "entry",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("act_bytes", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("entry_act_id", "entry", ["act_id"], unique=True)
    op.create_index(
        "entry_unsequenced",
        "entry",
        ["number"],
        unique=False,
        sqlite_where=sa.text("leaf_index IS NULL"),
        postgresql_where=sa.text("leaf_index IS NULL"),
    )
    op.create_table(
        "grant",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=18), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("valid_until", MOMENT, nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("uses_taken", sa.Integer(), nullable=False),
        sa.Column("cert_serial", sa.String(length=64), nullable=False),
        sa.Column("signer_role", sa.String(length=32), nullable=False),
        sa.Column("cert_good_at", MOMENT, nullable=True),
        sa.Column("cert_revoked", sa.Boolean(), nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("withdrawal", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_grant_holder"), "grant", ["holder"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=43), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("system", "key"),
    )
    op.create_index(op.f("ix_idempotency_expires_at"), "idempotency", ["expires_at"], unique=False)
    op.create_table(
        "identifier_claim",
        sa.Column("identifier", sa.String(length=128), nullable=False),
        sa.Column("serial", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("identifier"),
    )
    op.create_table(
        "installation",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "intake",
        sa.Column("intake", sa.String(length=43), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=True),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("certificate_type", sa.String(length=64), nullable=True),
        sa.Column("issuing_body", sa.String(length=18), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=True),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=True),
        sa.Column("owner", sa.String(length=43), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("counts", JSON_BYTES, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("intake"),
    )
    op.create_table(
        "intake_row",
        sa.Column("intake", sa.String(length=43), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("identifier", sa.String(length=128), nullable=True),
        sa.Column("chain", SERIAL, nullable=True),
        sa.Column("problems", JSON_BYTES, nullable=True),
        sa.PrimaryKeyConstraint("intake", "row"),
    )
    op.create_table(
        "intention",
        sa.Column("serial", SERIAL, autoincrement=False, nullable=False),
        sa.Column("batch", sa.String(length=43), nullable=False),
        sa.Column("owner", sa.String(length=43), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("serial"),
    )
    op.create_index(op.f("ix_intention_batch"), "intention", ["batch"], unique=False)
    op.create_table(
        "issuing_body",
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("department", sa.String(length=18), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("area", sa.String(length=12), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("successor", sa.String(length=18), nullable=True),
        sa.Column("superior", sa.String(length=18), nullable=True),
        sa.PrimaryKeyConstraint("licence_number"),
    )
    op.create_table(
        "licence_number_override",
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("licence_number"),
    )
    op.create_table(
        "number_claim",
        sa.Column("issuing_body", sa.String(length=18), nullable=False),
        sa.Column("certificate_type", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=128), nullable=False),
        sa.Column("chain", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("issuing_body", "certificate_type", "number"),
    )
    op.create_table(
        "officer",
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("department", sa.String(length=18), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "pull_decision",
        sa.Column("decision", sa.String(length=43), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=True),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=128), nullable=False),
        sa.Column("basis", sa.String(length=16), nullable=False),
        sa.Column("basis_reference", sa.String(length=64), nullable=True),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("fields", JSON_BYTES, nullable=False),
        sa.Column("use_state", sa.String(length=16), nullable=False),
        sa.Column("lapses_at", MOMENT, nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("decision"),
    )
    op.create_index(op.f("ix_pull_decision_licence_number"), "pull_decision", ["licence_number"], unique=False)
    op.create_table(
        "record",
        sa.Column("serial", SERIAL, autoincrement=False, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("seals", JSON_BYTES, nullable=False),
        sa.Column("public_disclosures", JSON_BYTES, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("serial"),
    )
    op.create_table(
        "reference_claim",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("serial", SERIAL, nullable=True),
        sa.PrimaryKeyConstraint("reference"),
    )
    op.create_table(
        "serial",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("next", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "sharing_rule",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=False),
        sa.Column("item_name", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("case_pattern", sa.Text(), nullable=False),
        sa.Column("fields", JSON_BYTES, nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "single_use",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=512), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("kind", "party", "value"),
    )
    op.create_index(op.f("ix_single_use_expires_at"), "single_use", ["expires_at"], unique=False)
    op.create_table(
        "source",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("fresh_for_seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_table(
        "statement",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "status_change",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("serial", SERIAL, nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("from_status", sa.String(length=16), nullable=False),
        sa.Column("to_status", sa.String(length=16), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("document_name", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        sa.Column("works_from", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("issuing_body", sa.String(length=18), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_status_change_serial"), "status_change", ["serial"], unique=False)
    op.create_table(
        "system",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("department", sa.String(length=18), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(length=43), nullable=False),
        sa.Column("cert_der", sa.LargeBinary(), nullable=False),
        sa.Column("roles", JSON_BYTES, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
        sa.UniqueConstraint("key_id"),
    )
    op.create_table(
        "system_cert",
        sa.Column("cert_sha256", sa.String(length=64), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("cert_der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("cert_sha256"),
    )
    op.create_index(op.f("ix_system_cert_system"), "system_cert", ["system"], unique=False)
    op.create_table(
        "trust_list",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "type_version",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("code", "version"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE certificate_serial")
    else:
        op.execute("INSERT INTO serial (name, next) VALUES ('certificate', 1)")
