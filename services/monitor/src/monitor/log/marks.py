"""Until when a reader of the log, by its name, has seen what was written to it."""

from datetime import datetime, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import Mark

LONGEST_WRITE = timedelta(minutes=10)
"""Rows bear the time at which their transaction began: one that took so long is looked at all the same."""


def marked(session: Session, name: str) -> datetime | None:
    """Since when there is news for the reader; None if it has never looked."""
    found = session.get(Mark, name)
    return None if found is None else found.until


def mark(session: Session, name: str, seen: datetime) -> None:
    """Note that the reader has seen what was written by then."""
    statement = insert(Mark).values(name=name, until=seen - LONGEST_WRITE)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"until": statement.excluded.until}))
