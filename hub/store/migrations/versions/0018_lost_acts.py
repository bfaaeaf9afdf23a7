"""Acts that a recovered store lost are kept leaf by leaf: opened by what is brought back, and done again.

A recovery of before needed no approval: the last one is noted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "lost_act",
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log", sa.Integer(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("act_bytes", sa.LargeBinary(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("serial", SERIAL, nullable=True),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("obstacle", sa.String(length=48), nullable=True),
        sa.Column("again_at", MOMENT, nullable=True),
        sa.Column("again_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("place"),
    )
    op.create_index("lost_act_leaf", "lost_act", ["leaf"])
    op.execute(
        "INSERT INTO installation (name, value) SELECT 'approvals_after_recovery', "
        "CAST(COALESCE((SELECT MAX(log) FROM recovery), 0) AS VARCHAR(20)) "
        "WHERE EXISTS (SELECT 1 FROM installation)"
    )
