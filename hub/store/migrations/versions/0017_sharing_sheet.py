"""What each question was answered by, entered as an act of its own; yearly reports of the sharing table."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

MOMENT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "predicate_answer",
        sa.Column("decision", sa.String(length=43), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("decision"),
    )
    op.create_table(
        "sharing_report",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("year"),
    )
