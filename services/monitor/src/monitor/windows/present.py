"""What the monitor takes for the present: the newest purchase in the log, or the newest of a replay.

Windows, pace and errors are looked at as of then. A replay of the past says where it ends: until an hour after its
last word nothing bought later is looked at, so that a single order of today does not hide the past that is played.
"""

from datetime import UTC, datetime

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.tables import Replay

REPLAY_HOLDS = "1 hour"

END = (
    f"(SELECT coalesce((SELECT ends FROM replays WHERE seen_at > now() - interval '{REPLAY_HOLDS}' "  # noqa: S608
    "ORDER BY seen_at DESC LIMIT 1), 'infinity'::timestamptz))"
)
"""What was bought, and every window that starts, from this moment on is not looked at."""

PLAUSIBLE = f"(purchase_timestamp <= predicted_at + interval '1 day' AND purchase_timestamp < {END})"
"""Purchases in the future are a client's mistake; one must not make every true window look ancient."""

NEWEST_PURCHASE = f"(SELECT max(purchase_timestamp) FROM predictions WHERE {PLAUSIBLE})"  # noqa: S608


def stay_before(session: Session, end: datetime) -> None:
    """Say that a replay of orders bought before `end` (UTC, without zone) is going on."""
    statement = insert(Replay).values(ends=end.replace(tzinfo=UTC))
    session.execute(statement.on_conflict_do_update(index_elements=["ends"], set_={"seen_at": func.now()}))
