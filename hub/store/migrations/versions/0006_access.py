"""A system has several keys that count at once, frozen: each with the moment at which it is retired.

Every system's present key is the first of them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "system_key",
        sa.Column("key_id", sa.String(length=43), nullable=False),
        sa.Column("system", sa.String(length=64), nullable=False),
        sa.Column("cert_der", sa.LargeBinary(), nullable=False),
        sa.Column("until_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_index(op.f("ix_system_key_system"), "system_key", ["system"], unique=False)
    op.execute("INSERT INTO system_key (key_id, system, cert_der) SELECT key_id, code, cert_der FROM system")
