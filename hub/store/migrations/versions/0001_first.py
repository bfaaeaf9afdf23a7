"""The first schema."""

from alembic import op

from hub.store.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind()
    metadata.create_all(connection)
    if connection.dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE certificate_serial")
    else:
        op.execute("INSERT INTO serial (name, next) VALUES ('certificate', 1)")
