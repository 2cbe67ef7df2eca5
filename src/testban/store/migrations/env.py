"""Alembic environment: migrates over the connection that `store.schema.upgrade` hands in."""

from alembic import context

from testban.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
