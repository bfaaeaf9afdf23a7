"""Alembic's entry: runs the migrations on the connection that `hub/store/migrate.py` hands over."""

from alembic import context

from hub.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
