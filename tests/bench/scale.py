"""What the monitor's rounds cost on a log of SCALE_MILLIONS (100) predictions, three tenths of them in Postgres.

Not part of a plain `make bench`: 100 M predictions take half an hour to make and 25 GB of disk; with SCALE_COLD=0, two
thirds of that, the archive stays empty. With SCALE_FOLDER the log is made there and kept: the next run measures it.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import perf_counter

from sqlalchemy import text
from tests.bench.large_log.made import drop_actuals_indexes, fill_cold, fill_hot, index_actuals, spans
from tests.bench.monitor import NOBODY, ingest, servers
from tests.support.model_fixtures import write_sample_bundle

from common.database import actuals, erasures
from common.database.actuals import OrderReport
from common.database.session import Database
from common.servers.objects import ObjectStore
from common.servers.prediction_log import LoggedPrediction, new_ids
from common.servers.registry import MODEL_NAME, Registry
from common.settings import DatabaseSettings, ObjectStoreSettings, RegistrySettings, load
from devstack.stack import Stack
from monitor.alerts.check import Situation
from monitor.alerts.checks import run_checks
from monitor.archive.erasing import erase_archived
from monitor.archive.moving import archive_actuals, archive_months
from monitor.log.marks import mark
from monitor.log.store import store
from monitor.windows.live import HORIZON, SOURCE, LiveWindows, due_windows, windows_to_look_at
from monitor.windows.news import WINDOWS
from monitor.windows.reference import References
from monitor.windows.reports import Reports
from monitor.windows.windows import window_of

ON_REQUEST = True
"""Runs only when it is named."""

NEWS = 5_000
DAY = timedelta(days=1)
PER = 10_000_000


def measure() -> dict[str, float]:
    """Seconds of a round of each kind, with NEWS new orders and actuals in it; seconds and bytes for 10 M rows."""
    predictions = round(float(os.environ.get("SCALE_MILLIONS", "100")) * 1e6)
    kept = os.environ.get("SCALE_FOLDER")
    with nullcontext(kept) if kept else TemporaryDirectory() as folder, servers(Path(folder) / "stack") as stack:
        os.environ |= stack.environment
        return Scale(stack, Path(folder), predictions).figures()


class Scale:
    """The stack with its log."""

    def __init__(self, stack: Stack, folder: Path, predictions: int) -> None:
        self._stack = stack
        self._folder = folder
        self._made = folder / "made.json"
        kept = json.loads(self._made.read_text()) if self._made.exists() else {}
        self._figures_kept: dict[str, float] = kept.get("figures", {})
        self._now = datetime.fromisoformat(kept["now"]) if kept else datetime.now(UTC)
        self._cold, self._old, self._hot = spans(predictions, self._now)
        self._database = Database(DatabaseSettings(url=stack.database_url))
        self._store = ObjectStore(load(ObjectStoreSettings))
        write_sample_bundle(folder / "bundle")

    def figures(self) -> dict[str, float]:
        """All of them, in the order of a life."""
        steps: tuple[Callable[[], dict[str, float]], ...] = (
            self._fill,
            self._sizes,
            self._first_pace,
            self._measured_windows,
            self._rounds,
            self._windows,
            self._ingest,
            self._archive,
            self._erase,
        )
        figures: dict[str, float] = {}
        for step in steps:
            figures |= {f"scale_{name}": value for name, value in step().items()}
            print({name: round(value, 2) for name, value in figures.items()}, flush=True)
        return figures

    def _fill(self) -> dict[str, float]:
        """The log; one that was made before is measured as it is."""
        if self._figures_kept:
            return self._figures_kept
        begin = perf_counter()
        if os.environ.get("SCALE_COLD") == "0":
            self._cold = replace(self._cold, count=0)
        drop_actuals_indexes(self._database.engine)
        for span in (self._old, self._hot):
            fill_hot(self._database.engine, span, self._now)
        index_actuals(self._database.engine)
        hot = perf_counter() - begin
        size = fill_cold(self._database.engine, self._store, self._cold, self._folder)
        cold = perf_counter() - begin - hot
        figures = {
            "predictions": self._cold.count + self._old.count + self._hot.count,
            "hot_predictions": self._old.count + self._hot.count,
            "made_cold_s": cold,
            "made_hot_s": hot,
            "cold_mb_per_10m": size / 1e6 / self._cold.count * PER if self._cold.count else 0.0,
        }
        self._made.write_text(json.dumps({"now": self._now.isoformat(), "figures": figures}))
        return figures

    def _sizes(self) -> dict[str, float]:
        with self._database.engine.connect() as connection:
            log = connection.scalar(
                text(
                    "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits "
                    "WHERE inhparent = 'predictions'::regclass"
                )
            )
            told = connection.scalar(text("SELECT pg_total_relation_size('actuals')"))
        hot = self._old.count + self._hot.count
        return {"log_mb_per_10m": float(log) / 1e6 / hot * PER, "actuals_mb_per_10m": float(told) / 1e6 / hot * PER}

    def _first_pace(self) -> dict[str, float]:
        """All orders counted, as after an upgrade or a champion that groups them otherwise; in parts, of which the
        longest is what other tasks of the monitor wait."""
        with self._database.transaction() as session:
            session.execute(text("UPDATE pace_bases SET grouping = 'of another champion'"))
        seconds, megabytes, longest = self._alone()
        with self._database.engine.connect() as connection:
            size = connection.scalar(
                text("SELECT pg_total_relation_size('pace_counts') + pg_total_relation_size('counted_orders')")
            )
            orders = connection.scalar(text("SELECT count(*) FROM counted_orders"))
        return {
            "pace_first_s": seconds,
            "pace_first_mb": megabytes,
            "pace_first_longest_part_s": longest,
            "pace_orders": float(orders),
            "pace_tables_mb": float(size) / 1e6,
        }

    def _measured_windows(self) -> dict[str, float]:
        """A row for every window, as a monitor has that has been there all along."""
        rows = round(self._hot.count / ((self._now - self._hot.begin) / DAY))
        values = {"source": SOURCE, "begin": window_of(self._now - HORIZON, DAY).start, "end": self._now, "rows": rows}
        with self._database.transaction() as session:
            session.execute(text("DELETE FROM model_metrics"))
            session.execute(_MEASURED, values)
            mark(session, WINDOWS, self._now)
            run_checks(Situation(session, datetime.now(UTC), DAY, DAY))
        return {}

    def _rounds(self) -> dict[str, float]:
        """What each round costs with some news."""
        with self._database.transaction() as session:
            session.execute(text("UPDATE pace_bases SET until = now()"))
            session.execute(text("UPDATE marks SET until = now()"))
        self._report()
        seconds, megabytes, _ = self._alone()
        begin = perf_counter()
        with self._database.transaction() as session:
            starts = windows_to_look_at(session, DAY)
            waiting = session.scalar(text("SELECT count(*) FROM waiting_windows"))
        windows = perf_counter() - begin
        begin = perf_counter()
        for start in starts:
            with self._database.transaction() as session:
                due_windows(session, DAY, start)
        counted = perf_counter() - begin
        begin = perf_counter()
        with self._database.transaction() as session:
            run_checks(Situation(session, datetime.now(UTC), DAY, DAY))
        checks = perf_counter() - begin
        return {
            "pace_s": seconds,
            "pace_mb": megabytes,
            "windows_s": windows,
            "windows_due": len(starts),
            "windows_with_news": float(waiting or 0),
            "window_counted_s": counted / max(len(starts), 1),
            "checks_s": checks,
        }

    def _windows(self) -> dict[str, float]:
        """A window of a day measured for the first time, and again because actuals have come."""
        shutil.copytree(self._folder / "bundle", self._folder / "models" / MODEL_NAME / "1", dirs_exist_ok=True)
        registry = Registry(RegistrySettings(url=NOBODY, cache_dir=self._folder / "models"))
        windows = LiveWindows(self._database, References(registry), Reports(self._store), DAY)
        seconds = {}
        for name in ("window_compared_s", "window_measured_again_s"):
            with self._database.transaction() as session:
                session.execute(text("TRUNCATE waiting_windows"))
                session.execute(text("UPDATE model_metrics SET actual_seconds = -1"))
                session.execute(_WAITING, {"start": window_of(self._now - 40 * DAY, DAY).start, "much": PER})
            begin = perf_counter()
            written = windows.measure_due()
            seconds[name] = (perf_counter() - begin) / written
        return seconds

    def _report(self) -> None:
        """New orders of today, and words about orders of the last weeks."""
        now = datetime.now(UTC)
        rows = [
            LoggedPrediction(
                id_, now, "r", f"new-{number}", "1", "champion", 9350, -23.5, -46.6, now, 8.0, 3.0, 20.0, True, 0.4
            )
            for number, id_ in enumerate(new_ids(NEWS))
        ]
        store(self._database.engine, rows)
        with self._database.transaction() as session:
            under_way = session.scalars(
                text("""
                    SELECT order_id FROM predictions LEFT JOIN actuals USING (order_id)
                    WHERE order_id IS NOT NULL AND received_at IS NULL AND random() < 0.2
                      AND purchase_timestamp BETWEEN now() - interval '40 days' AND now() - interval '2 days'
                    LIMIT :news
                """),
                {"news": NEWS},
            ).all()
            actuals.store(session, [OrderReport(order_id=order, delivered_at=now) for order in under_way])

    def _ingest(self) -> dict[str, float]:
        return ingest(self._stack)

    def _archive(self) -> dict[str, float]:
        """A month leaves Postgres."""
        before = self._now - timedelta(days=180)
        begin = perf_counter()
        archive_months(self._database, self._store, before)
        months = perf_counter() - begin
        with self._database.engine.connect() as connection:
            actuals_before = connection.scalar(text("SELECT count(*) FROM actuals"))
        figures = {"archive_s_per_10m": months / max(self._old.count, 1) * PER}
        for name in ("archive_actuals_s", "archive_actuals_again_s"):
            begin = perf_counter()
            with self._reporting() as waits:
                archive_actuals(self._database, self._store, before)
            figures |= {name: perf_counter() - begin, f"{name.removesuffix('_s')}_longest_wait_s": max(waits)}
        with self._database.engine.connect() as connection:
            left = connection.scalar(text("SELECT count(*) FROM actuals"))
        return figures | {"archive_actuals_rows": float(actuals_before - left)}

    @contextmanager
    def _reporting(self) -> Iterator[list[float]]:
        """A shop that reports an order again and again meanwhile, and how long it waits each time."""
        ended, waits = Event(), [0.0]

        def report() -> None:
            while not ended.wait(0.02):
                begin = perf_counter()
                with self._database.transaction() as session:
                    actuals.store(session, [OrderReport(order_id="again", delivered_at=datetime.now(UTC))])
                waits.append(perf_counter() - begin)

        thread = Thread(target=report)
        thread.start()
        try:
            yield waits
        finally:
            ended.set()
            thread.join()

    def _erase(self) -> dict[str, float]:
        """An order leaves the archive."""
        with self._database.transaction() as session:
            order = session.scalar(text(f"SELECT md5('order' || {self._cold.first // 5 * 5})"))
            erasures.erase(session, str(order))
        begin = perf_counter()
        erase_archived(self._database, self._store)
        return {"erase_s_per_10m": (perf_counter() - begin) / max(self._cold.count + self._old.count, 1) * PER}

    def _alone(self) -> tuple[float, float, float]:
        """Seconds and megabytes of one round of the pace in a process of its own, and seconds of its longest part."""
        command = [
            sys.executable,
            "-m",
            "tests.bench.large_log.pace_round",
            self._stack.database_url,
            str(self._folder / "bundle"),
        ]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        seconds, megabytes, longest = map(float, printed)
        return seconds, megabytes, longest


_WAITING = text("""
    INSERT INTO waiting_windows (start, changes) SELECT start, :much
    FROM generate_series(CAST(:start AS timestamptz), CAST(:start AS timestamptz) + interval '2 days', '1 day') AS start
""")

_MEASURED = text("""
    INSERT INTO model_metrics (timestamp, source, model_version, window_start, window_end, rows, rows_with_actual,
                               actual_seconds, trained_mae)
    SELECT start + interval '1 day', :source, '1', start, start + interval '1 day', :rows, 0, 0, 4.5
    FROM generate_series(CAST(:begin AS timestamptz), CAST(:end AS timestamptz), '1 day') AS start
""")
