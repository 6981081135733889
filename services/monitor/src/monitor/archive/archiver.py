"""The archiver: once an hour, one of all monitors moves, erases and deletes what its time has come for."""

import logging
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from common.database.session import Database
from common.database.tables.log import ARCHIVE_LOCK
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from common.servers.registry import Registry
from monitor.archive import ages
from monitor.archive.erasing import erase_archived
from monitor.archive.files import sweep
from monitor.archive.history_erasing import erase_from_history
from monitor.archive.history_pruning import prune_history
from monitor.archive.moving import archive_actuals, archive_months
from monitor.settings import RetentionSettings

PAUSE_SECONDS = 3_600.0
FIRST_SECONDS = 60.0
"""A monitor that starts has more urgent things to do."""

logger = logging.getLogger(__name__)


class Archiver:
    """Keeps Postgres as large as the days that it shall hold."""

    def __init__(self, database: Database, store: ObjectStore, registry: Registry, settings: RetentionSettings) -> None:
        self._database = database
        self._store = store
        self._registry = registry
        self._settings = settings
        self._stop = threading.Event()

    def run(self) -> None:
        """Work until stopped, whatever happens."""
        pause = FIRST_SECONDS
        while not self._stop.wait(pause):
            pause = PAUSE_SECONDS
            try:
                self.work()
            except Exception:
                logger.exception("the archive waits")

    def stop(self) -> None:
        """Begin nothing more."""
        self._stop.set()

    def work(self, now: datetime | None = None) -> None:
        """One round, unless another monitor is at it or a backup is taken.

        A transaction holds the lock, which works behind a pooler too. A step that fails keeps none of the others from
        being done.
        """
        before = (now or datetime.now(UTC)) - timedelta(days=self._settings.hot_days)
        with self._database.engine.begin() as connection:
            if not connection.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"), {"name": ARCHIVE_LOCK}):
                return
            with ExitStack() as steps:
                steps.callback(self._delete_aged)
                steps.callback(self._erase)
                steps.callback(self._move, before)

    def _move(self, before: datetime) -> None:
        sweep(self._database, self._store)
        for address in archive_months(self._database, self._store, before):
            logger.info("a month of the log is archived: %s", address)
        archive_actuals(self._database, self._store, before)

    def _erase(self) -> None:
        """From the archive last: once that is clean the erasures are forgotten."""
        erase_from_history(self._database, HistoryStore(self._store))
        if erase_archived(self._database, self._store):
            sweep(self._database, self._store)

    def _delete_aged(self) -> None:
        settings = self._settings
        reports = ages.delete_reports(self._database, self._store, timedelta(days=settings.report_days))
        results = ages.delete_results(self._store, timedelta(days=settings.result_days))
        for delete in (ages.delete_invalid_requests, ages.delete_notifications):
            delete(self._database, timedelta(days=settings.hot_days))
        bundles = ages.delete_bundles(self._database, self._registry, timedelta(days=settings.bundle_days))
        history = prune_history(HistoryStore(self._store), self._registry, timedelta(days=settings.history_days))
        if reports or results or bundles or history:
            deleted = "deleted for their age: %d reports, %d results, model versions %s, versions of the history %s"
            logger.info(deleted, reports, results, bundles, history)
