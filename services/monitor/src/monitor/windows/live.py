"""Live windows: logged predictions with the actuals that have come, measured again whenever either has news.

A window is a span of purchase time. Whether it has news is seen by comparing its counts, and the sum of its actuals,
with those in `model_metrics`: nothing has to be remembered between runs, and an actual that comes weeks late, or comes
again with another date, is noticed like a prediction of just now.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta
from itertools import groupby

import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database.session import Database
from common.errors import Unavailable
from monitor.windows.counted import BOUGHT, DELIVERED, FIRST
from monitor.windows.measure import MAX_ROWS, measure
from monitor.windows.metrics_table import upsert
from monitor.windows.present_moment import present
from monitor.windows.reference import Reference, References
from monitor.windows.reports import Reports
from monitor.windows.watched import ROW_COLUMNS
from monitor.windows.windows import A_MONDAY, Window, window_of, windows_between

SOURCE = "live"

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
            due = due_windows(session, self._length)
        written = 0
        for live in reversed(due):
            if seconds is not None and written and time.monotonic() - begin > seconds:
                break
            try:
                reference = self._references.of(live.model_version)
            except Unavailable as error:
                logger.warning("window %s of version %s waits: %s", live.window, live.model_version, error)
                continue
            self._measure(live, reference)
            written += 1
        return written

    def _measure(self, live: LiveWindow, reference: Reference) -> None:
        with self._database.transaction() as session:
            rows = window_rows(session, live)
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


def due_windows(session: Session, length: timedelta) -> list[LiveWindow]:
    """Windows whose counts or actuals differ from those measured, oldest first, with the empty ones between them."""
    measured = {
        (row.window_start, row.window_end, row.model_version): (row.rows, row.rows_with_actual, row.actual_seconds)
        for row in session.execute(text("SELECT * FROM model_metrics WHERE source = :source"), {"source": SOURCE})
    }
    now = present(session)
    oldest = window_of(now - HORIZON, length).start  # a whole one, or its counts would change with the time
    given = {"length": length, "origin": A_MONDAY, "oldest": oldest, "present": now}
    counted = [
        LiveWindow(Window(start.astimezone(UTC), start.astimezone(UTC) + length), version, *counts)
        for version, start, *counts in session.execute(_COUNTS, given)
    ]
    return sorted(
        (
            live
            for live in _without_gaps(counted, length)
            if measured.get((live.window.start, live.window.end, live.model_version))
            != (live.rows, live.rows_with_actual, live.actual_seconds)
        ),
        key=lambda live: live.window.end,
    )


def window_rows(session: Session, live: LiveWindow) -> pd.DataFrame:
    """A window's rows (see `monitor.windows.watched`); of more than MAX_ROWS a sample, drawn by the random id."""
    rows = session.execute(
        _ROWS,
        {
            "start": live.window.start,
            "end": live.window.end,
            "version": live.model_version,
            "most": MAX_ROWS,
            "present": present(session),
        },
    ).all()
    return pd.DataFrame(rows, columns=list(ROW_COLUMNS), dtype="float64")


def _without_gaps(counted: Iterable[LiveWindow], length: timedelta) -> list[LiveWindow]:
    """The same, and for each version the empty windows between its first and its last."""
    whole: list[LiveWindow] = []
    for version, windows in groupby(counted, key=lambda live: live.model_version):
        by_start = {live.window.start: live for live in windows}
        for window in windows_between(min(by_start), max(by_start), length):
            whole.append(by_start.get(window.start) or LiveWindow(window, version, 0, 0, 0))
    return whole


_COUNTS = text(f"""
    SELECT model_version, date_bin(:length, purchase_timestamp, :origin) AS start,
           count(*) AS rows, count(*) FILTER (WHERE {DELIVERED}) AS rows_with_actual,
           coalesce(sum(extract(epoch FROM delivered_at - purchase_timestamp)) FILTER (WHERE {DELIVERED}), 0)::bigint
    FROM predictions LEFT JOIN actuals USING (order_id)
    WHERE {BOUGHT} AND {FIRST} AND purchase_timestamp >= :oldest
    GROUP BY model_version, start
    ORDER BY model_version, start
""")  # noqa: S608

_ROWS = text(f"""
    SELECT seller_zip_code_prefix, customer_lat, customer_lng, delivery_time_days, lower_days, upper_days,
           CASE WHEN {DELIVERED} THEN extract(epoch FROM delivered_at - purchase_timestamp)::float8 / 86400 END
    FROM predictions LEFT JOIN actuals USING (order_id)
    WHERE purchase_timestamp >= :start AND purchase_timestamp < :end AND model_version = :version
      AND {BOUGHT} AND {FIRST}
    ORDER BY id
    LIMIT :most
""")  # noqa: S608
