"""The ledger, frozen: who reads its own, what is deferred, objections, and the indexes by which it is read."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "ledger_reading",
        sa.Column("reading", sa.String(length=43), nullable=False),
        sa.Column("applicant", sa.String(length=18), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("reading"),
    )
    op.create_table(
        "deferral",
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=128), nullable=False),
        sa.Column("legal_ground", sa.Text(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("act_id"),
    )
    op.create_index(op.f("ix_deferral_licence_number"), "deferral", ["licence_number"], unique=False)
    op.create_table(
        "objection",
        sa.Column("objection", sa.String(length=43), nullable=False),
        sa.Column("applicant", sa.String(length=18), nullable=False),
        sa.Column("road", sa.String(length=24), nullable=False),
        sa.Column("about", sa.String(length=128), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("objection"),
    )
    op.create_index(op.f("ix_objection_applicant"), "objection", ["applicant"], unique=False)
    op.create_index(op.f("ix_objection_recorded_at"), "objection", ["recorded_at"], unique=False)
    op.create_table(
        "objection_task",
        sa.Column("notice", SERIAL, autoincrement=False, nullable=False),
        sa.Column("objection", sa.String(length=43), nullable=False),
        sa.Column("recipient", sa.String(length=18), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answered_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("notice"),
    )
    op.create_index(op.f("ix_objection_task_objection"), "objection_task", ["objection"], unique=False)
    op.create_index("pull_decision_ledger", "pull_decision", ["licence_number", "recorded_at"], unique=False)
    op.create_index("delivery_ledger", "delivery", ["licence_number", "recorded_at"], unique=False)
    op.create_index("download_ledger", "download", ["applicant", "recorded_at"], unique=False)
