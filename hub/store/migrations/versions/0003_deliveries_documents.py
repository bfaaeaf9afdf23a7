"""Documents of deliveries and what is wanted of them, frozen: as the tables were, whatever `tables.py` says today.

Nothing made documents before this revision, so both tables are empty and are made anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()


def upgrade() -> None:
    op.drop_table("document")
    op.drop_table("document_intention")
    op.create_table(
        "document",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("serial", SERIAL, nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("delivery", sa.String(length=43), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("xml_sha256", sa.String(length=64), nullable=True),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("payload_sha256", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("sha256"),
        sa.UniqueConstraint("xml_sha256"),
    )
    op.create_index("ix_document_serial", "document", ["serial"])
    op.create_table(
        "document_intention",
        sa.Column("serial", SERIAL, autoincrement=False, nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("delivery", sa.String(length=43), nullable=False),
        sa.Column("owner", sa.String(length=43), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=True),
        sa.Column("problem", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("serial", "edition", "language", "delivery"),
    )
    op.create_table(
        "download",
        sa.Column("download", sa.String(length=43), nullable=False),
        sa.Column("applicant", sa.String(length=18), nullable=False),
        sa.Column("edition", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("serials", sa.LargeBinary(), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("download"),
    )
    op.create_table(
        "existing_document",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("issuing_body", sa.String(length=18), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("trust_level", sa.String(length=1), nullable=False),
        sa.Column("seal_subject", sa.Text(), nullable=False),
        sa.Column("seal_cert_sha256", sa.String(length=64), nullable=False),
        sa.Column("seal_claimed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
