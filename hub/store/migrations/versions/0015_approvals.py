"""Officers have a duty and a key, every state of theirs is kept, and two of them approve a change, frozen.

What was ordered and listed before needed no approval: the last such statement and list are noted.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

MOMENT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("type_version", sa.Column("admitted_by", sa.String(length=32), nullable=True))
    op.add_column("officer", sa.Column("duty", sa.String(length=16), server_default="case", nullable=False))
    op.add_column("officer", sa.Column("cert_der", sa.LargeBinary(), nullable=True))
    op.create_table(
        "officer_state",
        sa.Column("number", SERIAL, nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=False),
        sa.Column("department", sa.String(length=18), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("duty", sa.String(length=16), nullable=False),
        sa.Column("cert_der", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_officer_state_officer"), "officer_state", ["officer"], unique=False)
    op.create_table(
        "approval",
        sa.Column("officer", sa.String(length=64), nullable=False),
        sa.Column("jti", sa.String(length=128), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("statement", SERIAL, nullable=True),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("officer", "jti"),
    )
    op.create_index(op.f("ix_approval_statement"), "approval", ["statement"], unique=False)
    op.create_index(op.f("ix_approval_content_digest"), "approval", ["content_digest"], unique=False)
    for mark, column, table in (("statement", "number", "statement"), ("list", "version", "trust_list")):
        op.execute(
            f"INSERT INTO installation (name, value) SELECT 'approvals_after_{mark}', "  # noqa: S608
            f"CAST(COALESCE((SELECT MAX({column}) FROM {table}), 0) AS VARCHAR(20)) "
            "WHERE EXISTS (SELECT 1 FROM installation)"
        )
