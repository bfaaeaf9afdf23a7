"""The entries of grants that were withdrawn are found by their moment."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    withdraws = sa.text("kind = 'grant_withdrawal'")
    op.create_index(
        "entry_grant_withdrawal", "entry", ["recorded_at"], sqlite_where=withdraws, postgresql_where=withdraws
    )
