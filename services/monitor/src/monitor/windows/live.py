"""Live windows: logged predictions with the actuals that have come, measured again whenever either has news.

A window is a span of purchase time. Windows in which enough was logged or reported since the last time are counted, and
measured if their counts, or the sum of their actuals, differ from those in `model_metrics`: an actual that comes weeks
late, or comes again with another date, is noticed like a prediction of just now.
"""

import logging
import math
import time
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database.counted import BOUGHT, DELIVERED, FIRST, TOLERANCE
from common.database.present import is_replayed, present
from common.database.session import Database
from common.errors import DeliveryTimeError
from common.orders.logged import logged_orders
from common.orders.reading import Reading
from monitor.windows import news
from monitor.windows.evidently_report import ReportValues
from monitor.windows.measure import MAX_ROWS, measure
from monitor.windows.metrics_table import upsert
from monitor.windows.promises import promised_in
from monitor.windows.reference import Reference, References
from monitor.windows.reports import Reports
from monitor.windows.watched import ROW_COLUMNS, WindowRows
from monitor.windows.windows import A_MONDAY, Window, window_of, windows_between

SOURCE = "live"

HORIZON = timedelta(days=120)
"""Windows older than this are not measured again: nearly all deliveries take less than 100 days."""

SHARES = 1_024
"""A window's rows are drawn by so many."""

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
        """Measure the windows that have news, newest first, all or for that many seconds; returns how many it wrote.

        A window is counted when its turn comes: to find those with news costs what has come, not what they hold.
        """
        begin = time.monotonic()
        with self._database.transaction() as session:
            starts = windows_to_look_at(session, self._length)
        written = 0
        for start in (*reversed(starts), None):
            with self._database.transaction() as session:
                due = due_windows(session, self._length, start) if start else empty_windows(session, self._length)
            waiting = False
            for live in due:
                if seconds is not None and written and time.monotonic() - begin > seconds:
                    return written
                try:
                    reference = self._references.of(live.model_version)
                except DeliveryTimeError as error:
                    logger.warning("window %s of version %s waits: %s", live.window, live.model_version, error)
                    waiting = True
                    continue
                self._measure(live, reference)
                written += 1
            if start and not waiting:
                with self._database.transaction() as session:
                    news.measured(session, start, self._length)
        return written

    def _measure(self, live: LiveWindow, reference: Reference) -> None:
        with self._database.transaction() as session:
            rows, compared = window_rows(session, live, reference.reading), _compared(session, live)
        measured = measure(rows, live.window, reference, SOURCE, compared)
        row: dict[str, Any] = measured.row | {
            "rows": live.rows,
            "rows_with_actual": live.rows_with_actual,
            "actual_seconds": live.actual_seconds,
        }
        if measured.snapshot:
            row["report_uri"] = self._reports.save(measured.snapshot, SOURCE, live.model_version, live.window)
        elif compared is None:
            row["report_uri"] = None
        with self._database.transaction() as session:
            upsert(session, row)


def windows_to_look_at(session: Session, length: timedelta) -> list[datetime]:
    """Starts of the windows in which enough has changed to measure them again, oldest first; all of a replay's."""
    if is_replayed(session):
        return windows_of_log(session, length)
    given = _given(session, length)
    news.look(session, lambda: windows_of_log(session, length), given)
    return news.enough(session, SOURCE, given)


def windows_of_log(session: Session, length: timedelta) -> list[datetime]:
    """Starts of all windows of the log up to the horizon, oldest first."""
    first, last = session.execute(_FIRST_AND_LAST, _given(session, length)).one()
    return [window.start for window in windows_between(first, last, length)] if first else []


def due_windows(session: Session, length: timedelta, start: datetime) -> list[LiveWindow]:
    """The windows of all versions that begin then and whose counts or actuals differ from those measured."""
    measured = _measured(session, start, length)
    session.execute(_FEW_OF_MANY)
    counted = [
        LiveWindow(Window(start, start + length), version, *counts)
        for version, *counts in session.execute(_COUNTS, _given(session, length) | {"start": start})
    ]
    gone = measured.keys() - {live.model_version for live in counted}
    counted += [LiveWindow(Window(start, start + length), version, 0, 0, 0) for version in sorted(gone)]
    return [
        live
        for live in counted
        if measured.get(live.model_version) != (live.rows, live.rows_with_actual, live.actual_seconds)
    ]


def empty_windows(session: Session, length: timedelta) -> list[LiveWindow]:
    """The windows that no prediction of a version falls into, between those that were measured, oldest first."""
    empty: list[LiveWindow] = []
    for version, starts in session.execute(_STARTS, _given(session, length) | {"source": SOURCE}):
        known = {start.astimezone(UTC) for start in starts}
        between = windows_between(min(known), max(known), length)
        empty += [LiveWindow(window, version, 0, 0, 0) for window in between if window.start not in known]
    return empty


def _given(session: Session, length: timedelta) -> dict[str, Any]:
    now = present(session)
    oldest = window_of(now - HORIZON, length).start  # a whole one, or its counts would change with the time
    return {"length": length, "origin": A_MONDAY, "oldest": oldest, "present": now}


def _measured(session: Session, start: datetime, length: timedelta) -> dict[str, tuple[int, int, int | None]]:
    """By version, the rows, rows with an actual, and their seconds, of a window as it was measured."""
    rows = session.execute(_MEASURED, {"source": SOURCE, "start": start, "end": start + length})
    return {version: (rows, with_actual, seconds) for version, rows, with_actual, seconds in rows}


def _compared(session: Session, live: LiveWindow) -> ReportValues | None:
    """What Evidently said of the window's rows, if since then only actuals have come."""
    given = {"source": SOURCE, "start": live.window.start, "end": live.window.end}
    found = session.execute(_COMPARED, given | {"version": live.model_version, "rows": live.rows}).one_or_none()
    return ReportValues(**found._mapping) if found else None


def window_rows(session: Session, live: LiveWindow, reading: Reading) -> WindowRows:
    """A window's rows (see `monitor.windows.watched`); of many more than MAX_ROWS about so many, drawn by their ids."""
    result = session.execute(
        _ROWS,
        {
            "start": live.window.start,
            "end": live.window.end,
            "version": live.model_version,
            "share": math.ceil(SHARES * min(1.0, MAX_ROWS / max(live.rows, 1))),
            "present": present(session),
        },
    )
    names, rows = list(result.keys()), result.all()
    columns: dict[str, list[Any]] = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    days = pd.DataFrame({name: columns.pop(name) for name in ROW_COLUMNS}, dtype="float64")
    return WindowRows(logged_orders(columns, reading), days, promised_in(columns["further"]))


_FEW_OF_MANY = text("SET LOCAL random_page_cost = 1.1")
"""A window is a small part of the log: its orders are looked up, no table is read as a whole for them."""

_MEASURED = text("""
    SELECT model_version, rows, rows_with_actual, actual_seconds
    FROM model_metrics WHERE source = :source AND window_start = :start AND window_end = :end
""")

_COMPARED = text(f"""
    SELECT {", ".join(field.name for field in fields(ReportValues))} FROM model_metrics
    WHERE source = :source AND window_start = :start AND window_end = :end AND model_version = :version
      AND rows = :rows AND prediction_drift IS NOT NULL
""")  # noqa: S608

_STARTS = text(f"""
    SELECT model_version, array_agg(window_start) FROM model_metrics
    WHERE source = :source AND window_start >= :oldest AND window_start <= CAST(:present AS timestamptz) + {TOLERANCE}
      AND window_end - window_start = :length
    GROUP BY model_version ORDER BY model_version
""")  # noqa: S608

_FIRST_AND_LAST = text(f"""
    SELECT min(purchase_timestamp), max(purchase_timestamp) FROM predictions
    WHERE purchase_timestamp >= :oldest AND purchase_timestamp <= CAST(:present AS timestamptz) + {TOLERANCE}
""")  # noqa: S608

_COUNTS = text(f"""
    SELECT model_version,
           count(*) AS rows, count(*) FILTER (WHERE {DELIVERED}) AS rows_with_actual,
           coalesce(sum(extract(epoch FROM delivered_at - purchase_timestamp)) FILTER (WHERE {DELIVERED}), 0)::bigint
    FROM predictions LEFT JOIN actuals USING (order_id)
    WHERE {BOUGHT} AND {FIRST} AND purchase_timestamp >= :start AND purchase_timestamp < :start + :length
    GROUP BY model_version
    ORDER BY model_version
""")  # noqa: S608

_ROWS = text(f"""
    SELECT seller_zip_code_prefix, customer_lat, customer_lng, further,
           purchase_timestamp AT TIME ZONE 'UTC' AS purchase_timestamp,
           delivery_time_days AS prediction, lower_days, upper_days,
           CASE WHEN {DELIVERED} THEN extract(epoch FROM delivered_at - purchase_timestamp)::float8 / 86400 END
             AS actual_days
    FROM predictions LEFT JOIN actuals USING (order_id)
    WHERE purchase_timestamp >= :start AND purchase_timestamp < :end AND model_version = :version
      AND uuid_hash_extended(id, 0) & {SHARES - 1} < :share AND {BOUGHT} AND {FIRST}
""")  # noqa: S608
