"""Figures: sheets of finished months and years, their corrections, and the indexes that spans are counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

MOMENT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_REFUSED = sa.text("kind = 'order_refused'")


def upgrade() -> None:
    op.create_table(
        "figure_sheet",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("period"),
    )
    op.create_table(
        "figure_correction",
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("part", sa.String(length=24), nullable=False),
        sa.Column("line", sa.String(length=160), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("act_id"),
    )
    op.create_index("ix_figure_correction_period", "figure_correction", ["period"])
    op.create_index("certificate_sealed", "certificate", ["sealed_at"])
    op.create_index("status_change_recorded", "status_change", ["recorded_at"])
    op.create_index("redemption_recorded", "redemption", ["recorded_at"])
    op.create_index("pull_decision_recorded", "pull_decision", ["recorded_at"])
    op.create_index("delivery_recorded", "delivery", ["recorded_at"])
    op.create_index("notice_kind", "notice", ["kind", "recorded_at"])
    op.create_index("entry_refused", "entry", ["recorded_at"], sqlite_where=_REFUSED, postgresql_where=_REFUSED)
