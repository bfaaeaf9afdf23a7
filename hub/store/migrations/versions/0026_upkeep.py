"""What upkeep looks for has indexes of its own: what ends, whose words are there; reminders know when refused."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

MOMENT = sa.BigInteger()
_WORDS = sa.text("envelope IS NOT NULL")
_IN_FORCE = sa.text("status = 'valid'")


def upgrade() -> None:
    op.create_index(
        "certificate_ending", "certificate", ["valid_to", "serial"],
        sqlite_where=_IN_FORCE, postgresql_where=_IN_FORCE,
    )  # fmt: skip
    op.add_column("reminder", sa.Column("tried_at", MOMENT, nullable=True))
    op.create_index(
        "visitor_report_words", "visitor_report", ["recorded_at"], sqlite_where=_WORDS, postgresql_where=_WORDS
    )
