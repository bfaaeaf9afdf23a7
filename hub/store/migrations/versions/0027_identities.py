"""Officers' accounts at the provider of identities, and of sessions that began there by whose word."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

MOMENT = sa.BigInteger()


def upgrade() -> None:
    op.create_table(
        "officer_identity",
        sa.Column("officer", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("account", sa.String(length=255), nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("officer"),
    )
    op.create_index("officer_identity_account", "officer_identity", ["issuer", "account"], unique=True)
    op.add_column("session", sa.Column("subject_sha256", sa.String(length=64), nullable=True))
    op.add_column("session", sa.Column("provider_session_sha256", sa.String(length=64), nullable=True))
    op.create_index("session_subject", "session", ["subject_sha256"])
    op.create_index("session_provider_session", "session", ["provider_session_sha256"])
