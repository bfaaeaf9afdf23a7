"""A store that was rolled back can be recovered: what was lost is named, and a new log is opened."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "recovery",
        sa.Column("log", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("report_sha256", sa.String(length=64), nullable=False),
        sa.Column("skipped_from", SERIAL, nullable=False),
        sa.Column("skipped_until", SERIAL, nullable=False),
        sa.Column("by_whom", sa.LargeBinary(), nullable=False),
        sa.Column("recovered_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("settled_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("log"),
    )
