"""Run by Alembic with the connection that `alertwire.journal.database` hands over."""

from alembic import context

from alertwire.journal.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
