"""Accounts of officers who sign in to pages, and orders that wait for a second one."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

MOMENT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "officer_account",
        sa.Column("officer", sa.String(length=64), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=True),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("locked_until", MOMENT, nullable=True),
        sa.Column("code_sha256", sa.String(length=64), nullable=True),
        sa.Column("code_ends_at", MOMENT, nullable=True),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("officer"),
    )
    op.create_table(
        "parked_order",
        sa.Column("name", sa.String(length=43), nullable=False),
        sa.Column("department", sa.String(length=18), nullable=False),
        sa.Column("errand", sa.String(length=32), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index(op.f("ix_parked_order_department"), "parked_order", ["department"])
    op.create_index("session_officer", "session", ["officer"])
    op.create_index("statement_system", "statement", ["system", "number"])
