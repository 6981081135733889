"""One engine a process, one way to open a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from common.settings import DatabaseSettings, load


@lru_cache
def engine() -> Engine:
    """The process's engine; dead connections are noticed before use, so a restarted Postgres costs one reconnect."""
    settings = load(DatabaseSettings)
    return create_engine(settings.url.get_secret_value(), pool_size=settings.pool_size, pool_pre_ping=True)


@contextmanager
def transaction() -> Iterator[Session]:
    """A session that commits at the end of the block, or rolls back with the error that left it."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session
