"""One-time links of grants to persons."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

MOMENT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "grant_link",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("link_mac", sa.String(length=64), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("killed_at", MOMENT, nullable=True),
        sa.Column("person_mac", sa.String(length=64), nullable=True),
        sa.Column("proof", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("link_mac"),
    )
