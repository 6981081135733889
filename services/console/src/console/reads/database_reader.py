"""Reads of the database, in threads, so that pages go on while Postgres thinks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import OperationalError, TimeoutError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from common.addresses import redacted
from common.database.session import Database
from common.errors import Unavailable, first_line

Found = TypeVar("Found")


class DatabaseAway(Unavailable):
    """Postgres does not answer, or every connection is in use."""

    def __init__(self, cause: object) -> None:
        super().__init__(f"the database does not answer ({redacted(first_line(cause))})")


class DatabaseReader:
    """Runs functions in a transaction; DatabaseAway besides what they raise."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, query: Callable[[Session], Found]) -> Found:
        """What the function returns, after its transaction is committed."""
        return await run_in_threadpool(self.now, query)

    def now(self, query: Callable[[Session], Found]) -> Found:
        """The same in the calling thread."""
        with away_if_silent(), self._database.transaction() as session:
            return query(session)


@contextmanager
def away_if_silent() -> Iterator[None]:
    """DatabaseAway instead of the errors of a database that does not answer."""
    try:
        yield
    except (OperationalError, TimeoutError) as error:
        raise DatabaseAway(getattr(error, "orig", None) or error) from error
