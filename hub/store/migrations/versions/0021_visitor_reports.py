"""Reports of visitors about a code or a certificate."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "visitor_report",
        sa.Column("report", sa.String(length=43), nullable=False),
        sa.Column("about", sa.String(length=32), nullable=False),
        sa.Column("trouble", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.String(length=18), nullable=False),
        sa.Column("notice", SERIAL, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("report"),
    )
    op.create_index(op.f("ix_visitor_report_about"), "visitor_report", ["about"], unique=False)
    op.create_index(op.f("ix_visitor_report_recorded_at"), "visitor_report", ["recorded_at"], unique=False)
