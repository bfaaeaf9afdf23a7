"""The evidence log is built: a place in it is given once."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("entry_leaf_index", "entry", ["leaf_index"], unique=True)
