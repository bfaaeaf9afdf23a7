"""What upkeep looks for day by day has an index of its own: certificates that end."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_IN_FORCE = sa.text("status = 'valid'")


def upgrade() -> None:
    op.create_index(
        "certificate_ending", "certificate", ["valid_to", "serial"],
        sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE,
    )  # fmt: skip
