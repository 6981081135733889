"""The present of whoever watches or learns: the clock, or the moment of a replay that is going on.

Windows, pace and errors are looked at as of then, and what was bought later is not looked at. So neither a clock that
is ahead nor a mistyped year hides today, and no order of today hides a past that is being replayed.
"""

from datetime import UTC, datetime

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import Replay

REPLAY_HOLDS = "1 hour"
"""A replay that has ended holds the present for this long, so that its last days are measured too."""

PRESENT = (
    f"(SELECT coalesce((SELECT moment FROM replays WHERE seen_at > now() - interval '{REPLAY_HOLDS}' "  # noqa: S608
    "ORDER BY seen_at DESC LIMIT 1), now()))"
)
"""The present in SQL, for queries that are not given it as `:present`."""


def present(session: Session) -> datetime:
    """The present."""
    moment: datetime = session.scalars(text(f"SELECT {PRESENT}")).one()
    return moment.astimezone(UTC)


def is_replayed(session: Session) -> bool:
    """Whether the present is that of a replay."""
    return bool(session.scalar(text(f"SELECT {PRESENT} <> now()")))


def replay_reached(session: Session, moment: datetime, end: datetime) -> None:
    """Record how far a replay that ends at `end` has come (both UTC, with or without zone)."""
    values = {"ends": end.replace(tzinfo=UTC), "moment": moment.replace(tzinfo=UTC)}
    statement = insert(Replay).values(values)
    renewed = {"moment": statement.excluded.moment, "seen_at": func.now()}
    session.execute(statement.on_conflict_do_update(index_elements=["ends"], set_=renewed))
