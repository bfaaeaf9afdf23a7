"""What an enterprise's own pages ask: an agent's cert beside its session, grants in the order they were given."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("session", sa.Column("cert_serial", sa.String(length=64), nullable=True))
    op.create_index("grant_listed", "grant", ["holder", "recorded_at"])
