"""What alembic runs: the steps, on the connection that it is handed."""

from __future__ import annotations

from alembic import context

from aidefence.adapters.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # One transaction around all steps is open already.
    transactional_ddl=False,
    render_as_batch=True,
)
context.run_migrations()
