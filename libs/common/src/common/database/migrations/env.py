"""Alembic's entry: connect, take a lock so that only one process migrates, run."""

from alembic import context
from sqlalchemy import create_engine, text

from common.database.tables import Table

MIGRATION_LOCK = 7_270_001  # any number that no other advisory lock of this database uses

engine = create_engine(context.config.attributes["url"])
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Table.metadata, compare_type=True)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        context.run_migrations()
engine.dispose()
