"""The registry knows real life, frozen: annotations, relations, dated names, sites and devices, notices, coverage.

New columns may be NULL and composed answers leave out what is empty, so nothing that stands has to be rewritten.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()
JSON_BYTES = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "annotation",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("serial", SERIAL, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("authority", sa.String(length=18), nullable=False),
        sa.Column("authority_name", sa.Text(), nullable=False),
        sa.Column("document_name", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("document_date", sa.Date(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("lifted_on", sa.Date(), nullable=True),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_annotation_serial"), "annotation", ["serial"], unique=False)
    op.create_table(
        "coverage",
        sa.Column("certificate_type", sa.String(length=64), nullable=False),
        sa.Column("issuing_body", sa.String(length=18), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=True),
        sa.Column("heard_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("certificate_type", "issuing_body"),
    )
    op.create_table(
        "device_claim",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("certificate_type", sa.String(length=64), nullable=False),
        sa.Column("chain", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("device_id", "certificate_type"),
    )
    op.create_table(
        "erasure",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("serial", SERIAL, nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_erasure_serial"), "erasure", ["serial"], unique=False)
    op.create_table(
        "former_name",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_former_name_licence_number"), "former_name", ["licence_number"], unique=False)
    op.create_table(
        "name_part",
        sa.Column("part", sa.String(length=2), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.PrimaryKeyConstraint("part", "licence_number"),
    )
    op.create_table(
        "notice",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("recipient", sa.String(length=18), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=True),
        sa.Column("serial", SERIAL, nullable=True),
        sa.Column("facts", JSON_BYTES, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_provisional", sa.Boolean(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("notice_about", "notice", ["serial"], unique=False)
    op.create_index(
        "notice_open",
        "notice",
        ["due_on"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("notice_recipient", "notice", ["recipient", "number"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("notice", SERIAL, autoincrement=False, nullable=False),
        sa.Column("recipient", sa.String(length=18), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("notice"),
    )
    op.create_table(
        "relation",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("from_number", sa.String(length=18), nullable=False),
        sa.Column("to_number", sa.String(length=18), nullable=False),
        sa.Column("works_from", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("issuing_body", sa.String(length=18), nullable=False),
        sa.Column("document_name", sa.Text(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_relation_from_number"), "relation", ["from_number"], unique=False)
    op.create_index(op.f("ix_relation_to_number"), "relation", ["to_number"], unique=False)
    op.create_table(
        "site_chain",
        sa.Column("site_id", sa.String(length=64), nullable=False),
        sa.Column("chain", SERIAL, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("site_id", "chain"),
    )
    op.create_table(
        "subject",
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("holder", sa.String(length=18), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("subject_id"),
        sa.UniqueConstraint("reference"),
    )
    op.create_index(op.f("ix_subject_holder"), "subject", ["holder"], unique=False)
    op.create_index("certificate_listed", "certificate", ["certificate_type", "status", "serial"], unique=False)
    op.add_column("competence", sa.Column("delegated_by", sa.String(length=18), nullable=True))
    op.add_column("grant", sa.Column("ended_by", sa.String(length=64), nullable=True))
    op.add_column("issuing_body", sa.Column("annotates", JSON_BYTES, nullable=True))
    op.create_index("number_claim_number", "number_claim", ["number"], unique=False)
    op.add_column("reference_claim", sa.Column("retired_at", MOMENT, nullable=True))
    op.add_column("statement", sa.Column("seconds", SERIAL, nullable=True))
    op.add_column("status_change", sa.Column("authority", sa.String(length=16), nullable=True))
    op.add_column("status_change", sa.Column("cause", sa.String(length=16), nullable=True))
    op.add_column("status_change", sa.Column("public_until", sa.Date(), nullable=True))
    op.add_column("status_change", sa.Column("repaired_on", sa.Date(), nullable=True))
    op.add_column("status_change", sa.Column("undone_by", sa.String(length=64), nullable=True))
