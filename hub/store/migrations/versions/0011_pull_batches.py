"""Files of pulls, frozen: the file, its rows and what came of them, who fetched it, how many rows a night."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

MOMENT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "pull_batch",
        sa.Column("batch", sa.String(length=43), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=True),
        sa.Column("owner", sa.String(length=43), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("cancelled_by", SERIAL, nullable=True),
        sa.Column("cancel_act", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("batch"),
    )
    op.create_index(op.f("ix_pull_batch_state"), "pull_batch", ["state"], unique=False)
    op.create_table(
        "pull_batch_row",
        sa.Column("batch", sa.String(length=43), nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("decision", sa.String(length=43), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("batch", "row"),
    )
    op.create_index("pull_batch_row_decision", "pull_batch_row", ["decision"], unique=True)
    has_answer = sa.text("answer IS NOT NULL")
    op.create_index(
        "pull_batch_row_answered", "pull_batch_row", ["batch"], sqlite_where=has_answer, postgresql_where=has_answer
    )
    op.create_table(
        "pull_batch_fetch",
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.String(length=43), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("act_id"),
    )
    op.create_index(op.f("ix_pull_batch_fetch_batch"), "pull_batch_fetch", ["batch"], unique=False)
    op.create_table(
        "pull_batch_night",
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("system", "day"),
    )
