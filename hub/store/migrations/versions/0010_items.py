"""Service items with their materials, frozen; the version a pull by item stands on; whom to tell of late materials."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

MOMENT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "service_item",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("department", sa.String(length=18), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("materials", sa.LargeBinary(), nullable=False),
        sa.Column("statement", SERIAL, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("act_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("code", "version"),
    )
    op.add_column("pull_decision", sa.Column("item_version", sa.Integer(), nullable=True))
    op.create_table(
        "material_wish",
        sa.Column("licence_number", sa.String(length=18), nullable=False),
        sa.Column("requester", sa.String(length=18), nullable=False),
        sa.Column("item_code", sa.String(length=64), nullable=False),
        sa.Column("case_number", sa.String(length=128), nullable=False),
        sa.Column("material", sa.String(length=64), nullable=False),
        sa.Column("certificate_types", sa.LargeBinary(), nullable=False),
        sa.Column("decision", sa.String(length=43), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("licence_number", "requester", "item_code", "case_number", "material"),
    )
