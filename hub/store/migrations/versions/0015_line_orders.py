"""A line of the sharing table names the act that put it and the statement that ordered it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0010"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("sharing_rule", sa.Column("act_id", sa.String(length=64), nullable=True))
    op.add_column("sharing_rule", sa.Column("statement", SERIAL, nullable=True))
