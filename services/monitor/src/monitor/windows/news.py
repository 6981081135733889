"""What has been logged and reported since windows were measured the last time, and which windows that touches."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from common.database.counted import TOLERANCE
from common.database.present import is_replayed
from common.database.tables import Mark

WINDOWS = "windows"

LONGEST_WRITE = timedelta(minutes=10)
"""Rows bear the time at which their transaction began: one that took so long is looked at all the same."""


def moment(session: Session) -> datetime | None:
    """The database's time, to be given to `saw` once all that is there now is measured; None in a replay, which looks
    at its own past only."""
    now: datetime = session.scalars(text("SELECT now()")).one()
    return None if is_replayed(session) else now


def seen_until(session: Session) -> datetime | None:
    """Until when all news is measured; None if that is not known, and in a replay."""
    mark = session.get(Mark, WINDOWS)
    return None if mark is None or is_replayed(session) else mark.until


def saw(session: Session, until: datetime | None) -> None:
    """Note that what had been logged and reported by then is measured."""
    if until is not None:
        statement = insert(Mark).values(name=WINDOWS, until=until - LONGEST_WRITE)
        session.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"until": statement.excluded.until})
        )


def windows_with_news(session: Session, since: datetime, given: dict[str, Any]) -> set[datetime]:
    """Starts of the windows that something may have changed in.

    These are the windows of every prediction of an order that was asked or reported since then, and those whose time
    has come. given: `length` and `origin` of windows, the `oldest` one, and the `present`.
    """
    rows = session.scalars(_NEWS, given | {"since": since})
    return {start.astimezone(UTC) for start in rows}


_NEWS = text(f"""
    WITH orders AS (
        SELECT order_id FROM predictions WHERE logged_at > :since AND order_id IS NOT NULL
        UNION SELECT order_id FROM actuals WHERE received_at > :since
    )
    SELECT start FROM (
        SELECT DISTINCT date_bin(:length, purchase_timestamp, :origin) AS start
        FROM orders JOIN predictions USING (order_id)
        UNION SELECT date_bin(:length, purchase_timestamp, :origin)
        FROM predictions WHERE logged_at > :since AND order_id IS NULL
        UNION SELECT date_bin(:length, come, :origin) FROM generate_series(
            CAST(:since AS timestamptz), CAST(:present AS timestamptz) + {TOLERANCE} + :length, :length
        ) AS come
    ) AS windows
    WHERE start >= :oldest
""")  # noqa: S608
