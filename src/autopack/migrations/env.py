from alembic import context

# All revisions happen in the transaction that the caller has begun on this connection, and commits.
context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
