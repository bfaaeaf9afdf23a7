"""The registry knows real life, frozen: annotations, relations, dated names, sites and devices, notices, coverage.

New columns may be NULL and composed answers leave out what is empty, so nothing that stands has to be rewritten; only
the names that enterprises have already are cut into the parts by which they are found.
"""

import unicodedata

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
        sqlite_with_rowid=False,
    )
    _cut_names()
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
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("issuing_body", sa.String(length=18), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("subject_id"),
        sa.UniqueConstraint("reference"),
    )
    op.create_index(op.f("ix_subject_holder"), "subject", ["holder"], unique=False)
    op.create_index("certificate_listed", "certificate", ["certificate_type", "status", "serial"], unique=False)
    op.add_column("competence", sa.Column("delegated_by", sa.String(length=18), nullable=True))
    op.add_column("document", sa.Column("erased_by", sa.String(length=64), nullable=True))
    op.add_column("document", sa.Column("file_gone_at", MOMENT, nullable=True))
    op.create_index(
        "document_leaving",
        "document",
        ["number"],
        unique=False,
        sqlite_where=sa.text("erased_by IS NOT NULL AND file_gone_at IS NULL"),
        postgresql_where=sa.text("erased_by IS NOT NULL AND file_gone_at IS NULL"),
    )
    op.add_column("grant", sa.Column("ended_by", sa.String(length=64), nullable=True))
    op.add_column("intake", sa.Column("origin", sa.String(length=16), nullable=True))
    op.add_column("intake", sa.Column("undone_by", SERIAL, nullable=True))
    op.add_column("issuing_body", sa.Column("annotates", JSON_BYTES, nullable=True))
    op.create_index("number_claim_number", "number_claim", ["number"], unique=False)
    op.add_column("reference_claim", sa.Column("retired_at", MOMENT, nullable=True))
    op.add_column("statement", sa.Column("seconds", SERIAL, nullable=True))
    op.create_index(
        "statement_seconds",
        "statement",
        ["seconds"],
        unique=False,
        sqlite_where=sa.text("seconds IS NOT NULL"),
        postgresql_where=sa.text("seconds IS NOT NULL"),
    )
    op.add_column("status_change", sa.Column("authority", sa.String(length=16), nullable=True))
    op.add_column("status_change", sa.Column("cause", sa.String(length=16), nullable=True))
    op.add_column("status_change", sa.Column("public_until", sa.Date(), nullable=True))
    op.add_column("status_change", sa.Column("repaired_on", sa.Date(), nullable=True))
    op.add_column("status_change", sa.Column("undone_by", sa.String(length=64), nullable=True))


def _cut_names() -> None:
    """Keep the parts of the names that are there, as `schemas/name_parts.py` cut them when this was written."""
    connection, last = op.get_bind(), ""
    some = sa.text(
        "SELECT licence_number, name FROM enterprise WHERE licence_number > :last ORDER BY licence_number LIMIT 1000"
    )
    kept = sa.text("INSERT INTO name_part (part, licence_number) VALUES (:part, :licence_number)")
    while rows := connection.execute(some, {"last": last}).all():
        last = rows[-1].licence_number
        parts = [
            {"part": part, "licence_number": row.licence_number} for row in rows for part in sorted(_parts(row.name))
        ]
        if parts:
            connection.execute(kept, parts)


def _parts(name: str) -> set[str]:
    text = _folded(_folded(name).casefold())
    return {text[place : place + 2] for place in range(len(text) - 1)}


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())
