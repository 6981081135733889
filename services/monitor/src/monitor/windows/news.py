"""Which windows something may have changed in since they were measured, and when one has enough to be measured again.

What was logged and reported since the last look is added up by window, in the transaction that notes how far the look
went. A window waits in the table `waiting_windows` until MUCH of it has changed, LONGEST_WAIT at most: one of a few
orders is measured at once, one of a hundred thousand not for each of them.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database.counted import TOLERANCE
from common.database.present import is_replayed
from monitor.log.marks import mark, marked

WINDOWS = "windows"

MUCH = 0.01
"""Share of the predictions that a window was measured with."""

LONGEST_WAIT = timedelta(days=1)


def look(session: Session, every: Callable[[], list[datetime]], given: dict[str, Any]) -> None:
    """Add what is new to what waits; `every` window, if nobody has looked before.

    given: `length` and `origin` of windows, the `oldest` one, and the `present`.
    """
    since = marked(session, WINDOWS)
    if since is None:
        session.execute(_ADD_ALL, {"starts": every()})
    else:
        session.execute(_ADD, given | {"since": since})
    session.execute(_TOO_OLD, given)
    mark(session, WINDOWS, session.scalars(text("SELECT now()")).one())


def enough(session: Session, source: str, given: dict[str, Any]) -> list[datetime]:
    """Starts of the windows to be measured now, oldest first. source: of their rows in `model_metrics`."""
    rows = session.scalars(_ENOUGH, given | {"source": source, "much": MUCH, "longest": LONGEST_WAIT})
    return [start.astimezone(UTC) for start in rows]


def measured(session: Session, start: datetime, length: timedelta) -> None:
    """Note that a window is measured as it is; a replay, which looks at its own past only, notes nothing."""
    if not is_replayed(session):
        session.execute(_MEASURED, {"start": start, "length": length})


_ADDED = """
    INSERT INTO waiting_windows (start, changes) %s
    ON CONFLICT (start) DO UPDATE SET changes = waiting_windows.changes + excluded.changes
"""

_ADD_ALL = text(_ADDED % "SELECT start, 1000000000 FROM unnest(CAST(:starts AS timestamptz[])) AS windows (start)")

_ADD = text(
    _ADDED
    % f"""
    SELECT start, sum(changes) FROM (
        SELECT date_bin(:length, purchase_timestamp, :origin) AS start, count(*) AS changes
        FROM (
            SELECT order_id FROM predictions WHERE logged_at > :since AND order_id IS NOT NULL
            UNION SELECT order_id FROM actuals WHERE received_at > :since
        ) AS orders JOIN predictions USING (order_id) GROUP BY 1
        UNION ALL SELECT date_bin(:length, purchase_timestamp, :origin), count(*)
        FROM predictions WHERE logged_at > :since AND order_id IS NULL GROUP BY 1
        UNION ALL SELECT date_bin(:length, come, :origin), 1 FROM generate_series(
            CAST(:since AS timestamptz), CAST(:present AS timestamptz) + {TOLERANCE} + :length, :length
        ) AS come
    ) AS news WHERE start >= :oldest GROUP BY start
"""  # noqa: S608
)
"""Of each order every prediction; the last are windows whose time comes: of purchases ahead of their clock."""

_ENOUGH = text("""
    WITH known AS (
        SELECT window_start, sum(rows) AS rows FROM model_metrics
        WHERE source = :source AND window_end - window_start = :length GROUP BY window_start
    ), waiting AS (
        SELECT date_bin(:length, start, :origin) AS start, sum(changes) AS changes, min(since) AS since
        FROM waiting_windows GROUP BY 1
    )
    SELECT start FROM waiting LEFT JOIN known ON window_start = start
    WHERE start >= :oldest AND (changes >= :much * coalesce(rows, 0) OR since <= now() - :longest)
    ORDER BY start
""")

_TOO_OLD = text("DELETE FROM waiting_windows WHERE start < :oldest")

_MEASURED = text("DELETE FROM waiting_windows WHERE start >= :start AND start < :start + :length")
