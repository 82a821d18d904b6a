"""Alembic's entry: runs on the connection that hub.store.schema hands over, in its transaction."""

from alembic import context

from hub.store.engine import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    transactional_ddl=False,  # the unit of work around us is the transaction
)
context.run_migrations()
