"""Runs the steps on the connection that `store.migrate` hands over, inside its transaction."""

from alembic import context

from secops.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
