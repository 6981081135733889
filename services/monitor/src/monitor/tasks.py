"""What the worker does on a schedule. A task that comes twice, late or on two hosts at once does no harm."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from celery import Celery
from sqlalchemy import text

from common.database.session import engine
from common.queue import celery_app
from common.settings import load
from monitor.settings import MonitorSettings

MEASURE = "monitor.measure"


def monitor_app() -> Celery:
    """The Celery app with the monitor's tasks and their schedule."""
    app = celery_app("monitor")
    settings = load(MonitorSettings)
    app.task(name=MEASURE)(_alone(MEASURE, _measure))
    app.conf.beat_schedule = {
        MEASURE: {
            "task": MEASURE,
            "schedule": settings.measure_seconds,
            "options": {"expires": settings.measure_seconds},
        },
    }
    return app


def _measure() -> None:
    from monitor.live import measure_due

    measure_due(load(MonitorSettings).window_length)


def _alone(name: str, work: Callable[[], None]) -> Callable[[], None]:
    """The work, left out when another worker is at it."""

    def run() -> None:
        with _lock(name) as free:
            if free:
                work()

    return run


@contextmanager
def _lock(name: str) -> Iterator[bool]:
    with engine().connect() as connection:
        locked = bool(connection.scalar(text("SELECT pg_try_advisory_lock(hashtext(:name))"), {"name": name}))
        try:
            yield locked
        finally:
            if locked:
                connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": name})
