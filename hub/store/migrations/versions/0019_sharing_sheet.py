"""What each question was answered by: the digest of the signed answer, entered as an act of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0014"

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
