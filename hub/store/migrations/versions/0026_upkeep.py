"""What upkeep looks for has an index of its own: certificates that end; reminders know when they were refused."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

MOMENT = sa.BigInteger()
_IN_FORCE = sa.text("status = 'valid'")


def upgrade() -> None:
    op.create_index(
        "certificate_ending", "certificate", ["valid_to", "serial"],
        sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE,
    )  # fmt: skip
    op.add_column("reminder", sa.Column("tried_at", MOMENT, nullable=True))
