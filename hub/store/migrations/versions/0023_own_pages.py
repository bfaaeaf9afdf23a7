"""What an enterprise's own pages ask: an agent's cert beside its session, grants in their order, reminders."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

MOMENT = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("session", sa.Column("cert_serial", sa.String(length=64), nullable=True))
    op.create_index("grant_listed", "grant", ["holder", "recorded_at"])
    op.create_table(
        "reminder_choice",
        sa.Column("holder", sa.String(length=18), nullable=False),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("chosen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("holder"),
    )
    op.create_table(
        "reminder",
        sa.Column("serial", SERIAL, autoincrement=False, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("holder", sa.String(length=18), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("serial", "due_on"),
    )
    unsent = sa.text("sent_at IS NULL")
    op.create_index("reminder_unsent", "reminder", ["recorded_at"], sqlite_where=unsent, postgresql_where=unsent)
