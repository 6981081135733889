"""Live windows: logged predictions with the actuals that have come, measured again whenever either has news.

A window is a span of purchase time. Windows of what was logged or reported since the last time are counted, and
measured if their counts, or the sum of their actuals, differ from those in `model_metrics`: an actual that comes weeks
late, or comes again with another date, is noticed like a prediction of just now.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database.counted import BOUGHT, DELIVERED, FIRST, TOLERANCE
from common.database.present import present
from common.database.session import Database
from common.errors import DeliveryTimeError
from common.orders.logged import logged_orders
from common.orders.reading import Reading
from monitor.windows import news
from monitor.windows.measure import MAX_ROWS, measure
from monitor.windows.metrics_table import upsert
from monitor.windows.reference import Reference, References
from monitor.windows.reports import Reports
from monitor.windows.watched import ROW_COLUMNS, WindowRows
from monitor.windows.windows import A_MONDAY, Window, window_of, windows_between

SOURCE = "live"

Measured = Mapping[tuple[datetime, datetime, str], tuple[int, int, int | None]]
"""Start, end and version of windows that were measured: rows, rows with an actual, and their seconds."""

HORIZON = timedelta(days=120)
"""Windows older than this are not measured again: nearly all deliveries take less than 100 days."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """A window of one model version with its counts. actual_seconds: sum of purchase to delivery."""

    window: Window
    model_version: str
    rows: int
    rows_with_actual: int
    actual_seconds: int


class LiveWindows:
    """Measures the windows of live traffic."""

    def __init__(self, database: Database, references: References, reports: Reports, length: timedelta) -> None:
        self._database = database
        self._references = references
        self._reports = reports
        self._length = length

    def measure_due(self, seconds: float | None = None) -> int:
        """Measure the windows that have news, newest first, all or for that many seconds; returns how many it wrote."""
        begin = time.monotonic()
        with self._database.transaction() as session:
            moment = news.moment(session)
            due = due_windows(session, self._length, news.seen_until(session))
        written = waiting = 0
        for live in reversed(due):
            if seconds is not None and written and time.monotonic() - begin > seconds:
                return written
            try:
                reference = self._references.of(live.model_version)
            except DeliveryTimeError as error:
                logger.warning("window %s of version %s waits: %s", live.window, live.model_version, error)
                waiting += 1
                continue
            self._measure(live, reference)
            written += 1
        if not waiting:
            with self._database.transaction() as session:
                news.saw(session, moment)
        return written

    def _measure(self, live: LiveWindow, reference: Reference) -> None:
        with self._database.transaction() as session:
            rows = window_rows(session, live, reference.reading)
        measured = measure(rows, live.window, reference, SOURCE)
        report = None
        if measured.snapshot:
            report = self._reports.save(measured.snapshot, SOURCE, live.model_version, live.window)
        counts = {
            "rows": live.rows,
            "rows_with_actual": live.rows_with_actual,
            "actual_seconds": live.actual_seconds,
        }
        with self._database.transaction() as session:
            upsert(session, measured.row | counts | {"report_uri": report})


def due_windows(session: Session, length: timedelta, seen_until: datetime | None = None) -> list[LiveWindow]:
    """Windows whose counts or actuals differ from those measured, oldest first, with the empty ones between them.

    seen_until: all that was logged and reported by then is measured; without it, everything is counted.
    """
    now = present(session)
    oldest = window_of(now - HORIZON, length).start  # a whole one, or its counts would change with the time
    given = {"length": length, "origin": A_MONDAY, "oldest": oldest, "present": now}
    measured = {
        (row.window_start, row.window_end, row.model_version): (row.rows, row.rows_with_actual, row.actual_seconds)
        for row in session.execute(_MEASURED, {"source": SOURCE, "oldest": oldest, "present": now})
    }
    if seen_until is None:
        starts, rows = None, session.execute(_COUNTS_OF_ALL, given)
    else:
        starts = news.windows_with_news(session, seen_until, given)
        rows = session.execute(_COUNTS_OF_SOME, given | {"starts": sorted(starts)})
    counted = [
        LiveWindow(Window(start.astimezone(UTC), start.astimezone(UTC) + length), version, *counts)
        for version, start, *counts in rows
    ]
    return sorted(
        (
            live
            for live in _without_gaps(counted, measured, starts, length)
            if measured.get((live.window.start, live.window.end, live.model_version))
            != (live.rows, live.rows_with_actual, live.actual_seconds)
        ),
        key=lambda live: live.window.end,
    )


def window_rows(session: Session, live: LiveWindow, reading: Reading) -> WindowRows:
    """A window's rows (see `monitor.windows.watched`); of more than MAX_ROWS a sample, drawn by the random id."""
    result = session.execute(
        _ROWS,
        {
            "start": live.window.start,
            "end": live.window.end,
            "version": live.model_version,
            "most": MAX_ROWS,
            "present": present(session),
        },
    )
    names, rows = list(result.keys()), result.all()
    columns: dict[str, list[Any]] = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    days = pd.DataFrame({name: columns.pop(name) for name in ROW_COLUMNS}, dtype="float64")
    return WindowRows(logged_orders(columns, reading), days)


def _without_gaps(
    counted: Iterable[LiveWindow], measured: Measured, starts: set[datetime] | None, length: timedelta
) -> list[LiveWindow]:
    """The same, and for each version the empty windows between its first and its last.

    starts: of the windows that were counted, None if all were. Others are empty if they were never measured.
    """
    whole: list[LiveWindow] = []
    by_version: dict[str, dict[datetime, LiveWindow]] = defaultdict(dict)
    for live in counted:
        by_version[live.model_version][live.window.start] = live
    for version, windows in by_version.items():
        known = {start for start, end, other in measured if other == version and end - start == length}
        for window in windows_between(min({*windows, *known}), max({*windows, *known}), length):
            looked_at = starts is None or window.start in starts or window.start not in known
            if looked_at:
                whole.append(windows.get(window.start) or LiveWindow(window, version, 0, 0, 0))
    return whole


_MEASURED = text(f"""
    SELECT model_version, window_start, window_end, rows, rows_with_actual, actual_seconds
    FROM model_metrics
    WHERE source = :source AND window_start >= :oldest
      AND window_start <= CAST(:present AS timestamptz) + {TOLERANCE}
""")  # noqa: S608

_COUNTS = f"""
    SELECT model_version, date_bin(:length, purchase_timestamp, :origin) AS start,
           count(*) AS rows, count(*) FILTER (WHERE {DELIVERED}) AS rows_with_actual,
           coalesce(sum(extract(epoch FROM delivered_at - purchase_timestamp)) FILTER (WHERE {DELIVERED}), 0)::bigint
    FROM predictions LEFT JOIN actuals USING (order_id)
    WHERE {BOUGHT} AND {FIRST} AND %s
    GROUP BY model_version, start
    ORDER BY model_version, start
"""  # noqa: S608

_COUNTS_OF_ALL = text(_COUNTS % "purchase_timestamp >= :oldest")

_OF_WINDOW = _COUNTS % "purchase_timestamp >= given AND purchase_timestamp < given + :length"
_COUNTS_OF_SOME = text(
    f"SELECT counts.* FROM unnest(CAST(:starts AS timestamptz[])) AS given, LATERAL ({_OF_WINDOW}) AS counts"  # noqa: S608
)

_ROWS = text(f"""
    SELECT seller_zip_code_prefix, customer_lat, customer_lng, further,
           purchase_timestamp AT TIME ZONE 'UTC' AS purchase_timestamp,
           delivery_time_days AS prediction, lower_days, upper_days,
           CASE WHEN {DELIVERED} THEN extract(epoch FROM delivered_at - purchase_timestamp)::float8 / 86400 END
             AS actual_days
    FROM predictions LEFT JOIN actuals USING (order_id)
    WHERE purchase_timestamp >= :start AND purchase_timestamp < :end AND model_version = :version
      AND {BOUGHT} AND {FIRST}
    ORDER BY id
    LIMIT :most
""")  # noqa: S608
