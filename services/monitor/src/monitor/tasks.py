"""What the worker does on a schedule. A task that comes twice, late or on two hosts at once does no harm."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import text
from sqlalchemy.orm import Session

from common.database.session import engine, transaction
from common.errors import Unavailable
from common.servers.queue import RETRAIN, celery_app
from common.servers.registry import Registry
from common.settings import RegistrySettings, load
from monitor.alerts.check import Situation
from monitor.alerts.checks import run_checks
from monitor.alerts.notify import send_waiting, write
from monitor.alerts.retraining import queued, request_if_due
from monitor.pace import live_pace
from monitor.settings import MonitorSettings

logger = logging.getLogger(__name__)

MEASURE = "monitor.measure"
CHECK = "monitor.check"
KEEP_PACE = "monitor.keep_pace"
NOTIFY = "monitor.notify"

WORK_NOW_SECONDS = 30
"""What was asked for now and has not begun by then is left to the schedule."""


def monitor_app() -> Celery:
    """The Celery app with the monitor's tasks and their schedule."""
    app = celery_app("monitor")
    settings = load(MonitorSettings)
    app.task(name=MEASURE)(_alone(MEASURE, measure))
    app.task(name=CHECK)(_alone(CHECK, lambda: check(app)))
    app.task(name=KEEP_PACE)(_alone(KEEP_PACE, lambda: keep_pace(app)))
    app.task(name=NOTIFY)(_alone(NOTIFY, notify))
    app.conf.beat_schedule = {
        name: {"task": name, "schedule": seconds, "options": {"expires": seconds}}
        for name, seconds in (
            (MEASURE, settings.measure_seconds),
            (CHECK, settings.alert_seconds),
            (KEEP_PACE, settings.pace_seconds),
            (NOTIFY, settings.alert_seconds),
        )
    }
    return app


def work_now(seconds: float | None = None) -> None:
    """Have the worker measure (for so long), keep the pace and check now, not only when it is time; Unavailable."""
    try:
        with celery_app("monitor") as app:
            for name, arguments in ((MEASURE, [seconds]), (KEEP_PACE, []), (CHECK, [])):
                app.send_task(name, arguments, expires=WORK_NOW_SECONDS, retry=False)
    except (OperationalError, OSError) as error:
        raise Unavailable(f"the queue does not take tasks ({error}): is it up?") from error


def measure(seconds: float | None = None) -> None:
    """Measure the live windows that have news, all of them or for so many seconds."""
    from monitor.windows.live import measure_due

    measure_due(load(MonitorSettings).window_length, seconds)


def check(app: Celery) -> None:
    """Open and close alerts, queue their notifications, ask for a retraining; messages leave after the commit."""
    settings, now = load(MonitorSettings), datetime.now(UTC)
    with transaction() as session:
        changed = _check(session, now)
    if changed:
        app.send_task(NOTIFY)
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
    """Bring the table of the delivery pace up to date, and check whether it left the training data's range."""
    try:
        bundle = Registry(load(RegistrySettings)).champion()
    except Unavailable as error:
        logger.info("the delivery pace waits: %s", error)
        return
    with transaction() as session:
        changed = _check(session, datetime.now(UTC), live_pace.keep_pace(session, bundle))
    if changed:
        app.send_task(NOTIFY)


def _check(session: Session, now: datetime, pace: live_pace.MeasuredPace | None = None) -> bool:
    """Open and close alerts; whether the webhook is to be notified."""
    settings = load(MonitorSettings)
    silence = timedelta(minutes=settings.silence_minutes)
    changed = run_checks(Situation(session, now, settings.window_length, silence, pace))
    if not changed or settings.webhook_url is None:
        return False
    write(session, changed)
    return True


def notify() -> None:
    """Post what waits to the webhook."""
    url = load(MonitorSettings).webhook_url
    if url is not None:
        send_waiting(str(url))


def _alone(name: str, work: Callable[..., None]) -> Callable[..., None]:
    """The work, left out when another worker is at it."""

    def run(*arguments: float | None) -> None:
        with _lock(name) as free:
            if free:
                work(*arguments)

    return run


@contextmanager
def _lock(name: str) -> Iterator[bool]:
    """Whether nobody else has this lock, which a transaction holds: it works behind a pooler too."""
    with engine().begin() as connection:
        yield bool(connection.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"), {"name": name}))
