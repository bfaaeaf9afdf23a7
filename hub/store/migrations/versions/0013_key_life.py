"""Seals put beside a record's earlier ones, by the issuing body's order."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

MOMENT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "resealing",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("serial", SERIAL, nullable=False),
        sa.Column("over_key_id", sa.String(length=43), nullable=False),
        sa.Column("key_id", sa.String(length=43), nullable=True),
        sa.Column("batch", sa.String(length=43), nullable=False),
        sa.Column("owner", sa.String(length=43), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("sealed_at", MOMENT, nullable=True),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_resealing_serial", "resealing", ["serial"])
    is_open = sa.text("key_id IS NULL")
    op.create_index(
        "resealing_open", "resealing", ["serial"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
