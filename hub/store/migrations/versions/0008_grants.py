"""Grants in full, frozen: presentations, delegations, requests, endings, and what a grant stands on.

New columns may be NULL, which means what stood before: a grant that the e-licence signed, by its role alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.BigInteger()
JSON_BYTES = sa.LargeBinary()


def upgrade() -> None:
    op.add_column("grant", sa.Column("basis", sa.String(length=16), nullable=True))
    op.add_column("grant", sa.Column("delegation", sa.String(length=64), nullable=True))
    op.add_column("grant", sa.Column("statement", SERIAL, nullable=True))
    op.create_table(
        "presentation_code",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=18), nullable=False),
        sa.Column("code_mac", sa.String(length=64), nullable=False),
        sa.Column("digits_mac", sa.String(length=64), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("killed_at", MOMENT, nullable=True),
        sa.Column("redemption", sa.String(length=43), nullable=True),
        sa.Column("released_at", MOMENT, nullable=True),
        sa.Column("confirmation", sa.LargeBinary(), nullable=True),
        sa.Column("confirmation_digest", sa.String(length=64), nullable=True),
        sa.Column("confirmation_act", sa.String(length=64), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("code_mac"),
    )
    op.create_index(op.f("ix_presentation_code_holder"), "presentation_code", ["holder"], unique=False)
    op.create_table(
        "redemption",
        sa.Column("redemption", sa.String(length=43), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("officer", sa.String(length=64), nullable=True),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=128), nullable=False),
        sa.Column("fields", JSON_BYTES, nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("redemption"),
    )
    op.create_table(
        "code_miss",
        sa.Column("officer", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("officer", "day"),
    )
    op.create_table(
        "delegation",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=18), nullable=False),
        sa.Column("cert_serial", sa.String(length=64), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=False),
        sa.Column("valid_until", MOMENT, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawal", sa.LargeBinary(), nullable=True),
        sa.Column("withdrawal_digest", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_delegation_holder"), "delegation", ["holder"], unique=False)
    op.create_table(
        "delegation_confirmation",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=18), nullable=False),
        sa.Column("delegations", JSON_BYTES, nullable=False),
        sa.Column("managers", sa.Boolean(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_delegation_confirmation_holder"), "delegation_confirmation", ["holder"], unique=False)
    op.create_table(
        "grant_request",
        sa.Column("request", sa.String(length=43), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("code_mac", sa.String(length=64), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("statement", SERIAL, nullable=True),
        sa.Column("valid_until", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("asking", sa.LargeBinary(), nullable=True),
        sa.Column("asking_digest", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("request"),
        sa.UniqueConstraint("code_mac"),
    )
    op.create_table(
        "grant_request_holder",
        sa.Column("request", sa.String(length=43), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.String(length=18), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("grant_digest", sa.String(length=64), nullable=True),
        sa.Column("refusal", sa.LargeBinary(), nullable=True),
        sa.Column("refusal_digest", sa.String(length=64), nullable=True),
        sa.Column("answered_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("request", "place"),
    )
    op.create_index(op.f("ix_grant_request_holder_holder"), "grant_request_holder", ["holder"], unique=False)
    op.create_table(
        "ending",
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=18), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("counts", JSON_BYTES, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("statement", SERIAL, nullable=True),
        sa.PrimaryKeyConstraint("act_id"),
    )
    op.create_index(op.f("ix_ending_holder"), "ending", ["holder"], unique=False)
