"""What the worker does on a schedule. A task that comes twice, late or on two hosts at once does no harm."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from celery import Celery
from sqlalchemy import text

from common.database.session import engine, transaction
from common.errors import Unavailable
from common.queue import RETRAIN, celery_app
from common.registry import Registry
from common.settings import RegistrySettings, load
from monitor import live_pace
from monitor.alerts import apply
from monitor.checks import findings
from monitor.notify import payload, post
from monitor.retraining import queued, request_if_due
from monitor.settings import MonitorSettings

logger = logging.getLogger(__name__)

MEASURE = "monitor.measure"
CHECK = "monitor.check"
KEEP_PACE = "monitor.keep_pace"
NOTIFY = "monitor.notify"

NOTIFY_RETRIES = 10
NOTIFY_LONGEST_WAIT = 600


def monitor_app() -> Celery:
    """The Celery app with the monitor's tasks and their schedule."""
    app = celery_app("monitor")
    settings = load(MonitorSettings)
    app.task(name=MEASURE)(_alone(MEASURE, measure))
    app.task(name=CHECK)(_alone(CHECK, lambda: check(app)))
    app.task(name=KEEP_PACE)(_alone(KEEP_PACE, lambda: keep_pace(app)))
    app.task(
        name=NOTIFY,
        autoretry_for=(httpx.HTTPError,),
        retry_backoff=True,
        retry_backoff_max=NOTIFY_LONGEST_WAIT,
        max_retries=NOTIFY_RETRIES,
    )(notify)
    app.conf.beat_schedule = {
        name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
        for name, seconds in (
            (MEASURE, settings.measure_seconds),
            (CHECK, settings.alert_seconds),
            (KEEP_PACE, settings.pace_seconds),
        )
    }
    return app


def measure() -> None:
    """Measure every live window that has news."""
    from monitor.live import measure_due

    measure_due(load(MonitorSettings).window_length)


def check(app: Celery) -> None:
    """Open and close alerts, tell the webhook, ask for a retraining; messages leave after the commit."""
    settings, now = load(MonitorSettings), datetime.now(UTC)
    with transaction() as session:
        found = findings(session, now, settings.window_length, timedelta(minutes=settings.silence_minutes))
        changed = [payload(alert) for alert in apply(session, found)]
    _tell(app, changed)
    if settings.retrain:
        every = settings.retrain_every_days
        with transaction() as session:
            request_if_due(
                session,
                now,
                timedelta(hours=settings.retrain_cooldown_hours),
                None if every is None else timedelta(days=every),
            )
    with transaction() as session:
        waiting = queued(session)
    if waiting is not None:
        # Sent until a trainer takes it, each wake-up living until the next: none is lost and none pile up.
        app.send_task(RETRAIN, [waiting], expires=settings.alert_seconds)


def keep_pace(app: Celery) -> None:
    """Bring the table of the delivery pace up to date, and say when it leaves the training range."""
    try:
        bundle = Registry(load(RegistrySettings)).champion()
    except Unavailable as error:
        logger.info("the delivery pace waits: %s", error)
        return
    with transaction() as session:
        changed = [payload(alert) for alert in apply(session, live_pace.keep_pace(session, bundle))]
    _tell(app, changed)


def _tell(app: Celery, bodies: list[dict[str, Any]]) -> None:
    if load(MonitorSettings).webhook_url:
        for body in bodies:
            app.send_task(NOTIFY, [body])


def notify(body: dict[str, Any]) -> None:
    """Post an alert to the webhook."""
    url = load(MonitorSettings).webhook_url
    if url is not None:
        post(str(url), body)


def _alone(name: str, work: Callable[[], None]) -> Callable[[], None]:
    """The work, left out when another worker is at it."""

    def run() -> None:
        with _lock(name) as free:
            if free:
                work()

    return run


@contextmanager
def _lock(name: str) -> Iterator[bool]:
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        locked = bool(connection.scalar(text("SELECT pg_try_advisory_lock(hashtext(:name))"), {"name": name}))
        try:
            yield locked
        finally:
            if locked:
                connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": name})
