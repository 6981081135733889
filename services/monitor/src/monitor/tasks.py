"""What the worker does on a schedule. A task that comes twice, late or on two hosts at once does no harm."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database import retrainings
from common.database.session import Database
from common.errors import DeliveryTimeError, Unavailable
from common.model.uncertainty.confidence import LITTLE
from common.servers.queue import RETRAIN, Queue
from common.servers.registry import Registry
from monitor.alerts import notify
from monitor.alerts.check import Situation
from monitor.alerts.checks import RETRAINING_RULES, run_checks
from monitor.orders.watching import watch_orders
from monitor.pace import live_pace
from monitor.pace.counts import COUNTING_SECONDS, is_counting
from monitor.settings import MonitorSettings
from monitor.windows.live import LiveWindows

logger = logging.getLogger(__name__)

MEASURE = "monitor.measure"
CHECK = "monitor.check"
KEEP_PACE = "monitor.keep_pace"
WATCH_ORDERS = "monitor.watch_orders"

WORK_NOW_SECONDS = 30
"""Work that was requested for now and has not begun by then waits for its schedule."""


class Tasks:
    """The tasks, each done by one worker at a time."""

    def __init__(
        self, app: Celery, database: Database, registry: Registry, windows: LiveWindows, settings: MonitorSettings
    ) -> None:
        self._app = app
        self._database = database
        self._registry = registry
        self._windows = windows
        self._settings = settings

    def scheduled(self) -> Celery:
        """The Celery app with the tasks and their schedule."""
        works: dict[str, tuple[Callable[..., object], float]] = {
            MEASURE: (self._windows.measure_due, self._settings.measure_seconds),
            CHECK: (self.check, self._settings.alert_seconds),
            KEEP_PACE: (self.keep_pace, self._settings.pace_seconds),
            WATCH_ORDERS: (self.watch_orders, self._settings.at_risk_seconds),
        }
        for name, (work, _) in works.items():
            self._app.task(name=name)(self._alone(name, work))
        self._app.conf.beat_schedule = {
            name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
            for name, (_, seconds) in works.items()
        }
        return self._app

    def check(self) -> None:
        """Open and close alerts, queue their notifications, request a retraining; wake a trainer after the commit."""
        self._open_and_close(lambda _: None)
        with self._database.transaction() as session:
            if self._settings.retrain:
                self._learn_as_it_grows(session)
                cooldown, every = self._settings.retrain_cooldown, self._settings.retrain_every
                retrainings.request_if_due(session, datetime.now(UTC), cooldown, every, RETRAINING_RULES)
        with self._database.transaction() as session:
            waiting = retrainings.queued(session)
        if waiting is not None:
            # Sent until a trainer takes it, each wake-up living until the next: none is lost and none pile up.
            self._app.send_task(RETRAIN, [waiting], expires=self._settings.alert_seconds)

    def _learn_as_it_grows(self, session: Session) -> None:
        """Request a retraining when a model of few deliveries could have half as many again."""
        try:
            manifest = self._registry.champion().manifest
        except DeliveryTimeError:
            return
        if manifest.is_declared or 0 < manifest.training_orders < LITTLE:
            retrainings.request_as_it_grows(session, manifest.training_orders)

    def keep_pace(self) -> None:
        """Bring the table of the delivery pace up to date, and check whether it left the training data's range."""
        try:
            bundle = self._registry.champion()
        except Unavailable as error:
            logger.info("the delivery pace waits: %s", error)
            return
        unbounded = self._settings.growing_owners
        self._open_and_close(lambda session: live_pace.keep_pace(session, bundle, COUNTING_SECONDS, unbounded))
        with self._database.transaction() as session:
            waits = is_counting(session)
        if waits:  # behind whatever else is due
            self._app.send_task(KEEP_PACE, expires=self._settings.pace_seconds)

    def watch_orders(self) -> None:
        """Look which orders under way will likely miss their promise, and queue a notification of each new one."""
        try:
            bundle = self._registry.champion()
        except Unavailable as error:
            logger.info("the orders at risk wait: %s", error)
            return
        limit = self._settings.at_risk_probability
        with self._database.transaction() as session:
            new = watch_orders(session, bundle, limit)
            if self._settings.webhook_url is not None:
                notify.write_orders(session, new, limit)

    def _open_and_close(self, measured_pace: Callable[[Session], live_pace.MeasuredPace | None]) -> None:
        with self._database.transaction() as session:
            settings = self._settings
            pace = measured_pace(session)
            situation = Situation(session, datetime.now(UTC), settings.window_length, settings.silence, pace)
            changed = run_checks(situation)
            if settings.webhook_url is not None:
                notify.write(session, changed)

    def _alone(self, name: str, work: Callable[..., object]) -> Callable[..., None]:
        """The work, skipped while another worker does it."""

        def run(*arguments: float | None) -> None:
            with self._lock(name) as free:
                if free:
                    work(*arguments)

        return run

    @contextmanager
    def _lock(self, name: str) -> Iterator[bool]:
        """Whether nobody else has this lock, which a transaction holds: it works behind a pooler too."""
        with self._database.engine.begin() as connection:
            yield bool(connection.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"), {"name": name}))


def work_now(queue: Queue, seconds: float | None = None) -> None:
    """Have the worker measure (for that many seconds), keep the pace and check now, not on schedule; Unavailable."""
    try:
        with queue.app("monitor") as app:
            for name, arguments in ((MEASURE, [seconds]), (KEEP_PACE, []), (CHECK, []), (WATCH_ORDERS, [])):
                app.send_task(name, arguments, expires=WORK_NOW_SECONDS, retry=False)
    except (OperationalError, OSError) as error:
        raise Unavailable(f"the queue does not take tasks ({error}): is it up?") from error
