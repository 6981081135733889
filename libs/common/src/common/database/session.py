"""One engine a process, one way to open a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.orm import Session

from common.settings import DatabaseSettings


class Database:
    """Postgres, as one process uses it. Connects with the first transaction."""

    def __init__(self, settings: DatabaseSettings, statement_seconds: float | None = None) -> None:
        """statement_seconds: Postgres works no longer on any statement; without limit unless given."""
        limit = f"statement_timeout={round(statement_seconds * 1e3)}" if statement_seconds else ""
        url = make_url(settings.url.get_secret_value())
        if limit and not settings.pooler:
            url = url.update_query_dict({"options": f"{url.query.get('options', '')} -c {limit}".strip()})
        self.engine = create_engine(
            url,
            pool_size=settings.pool_size,
            pool_pre_ping=True,  # a dead connection is noticed before use: a restarted Postgres costs one reconnect
        )
        if limit and settings.pooler:  # the server's connection is another one with each transaction
            event.listen(self.engine, "begin", lambda connection: connection.exec_driver_sql(f"SET LOCAL {limit}"))

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block, or rolls back with the error that left it."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close the pooled connections; the next transaction opens new ones."""
        self.engine.dispose()
