"""No error ends a thread that is there for as long as its process: nobody would notice, for the worker lives on."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from common.database.leases import LeaseKeeper
from monitor.actuals import jobs as actuals_jobs
from monitor.alerts import notify
from monitor.archive import archiver
from monitor.log import consumer
from scorer.jobs.sweeping import Sweeper
from scorer.settings import ScorerSettings

ERRORS = (RuntimeError("nobody thought of it"), NoConnectionFree("the pool is empty"), OSError("no disk left"))
NOTHING: Any = None

Loop = tuple[Callable[[], None], Callable[[], None]]
"""What the thread runs, and what ends it."""


class Work:
    """Fails in every way once, then does it."""

    def __init__(self) -> None:
        self.errors = iter(ERRORS)
        self.done = threading.Event()

    def __call__(self, *_: object) -> bool:
        for error in self.errors:
            raise error
        self.done.set()
        return False


def leases(work: Work, patch: pytest.MonkeyPatch) -> Loop:
    keeper, ended = LeaseKeeper(work, lease_seconds=0.01), threading.Event()

    def run() -> None:
        with keeper.kept(uuid4()):
            keeper.run_until(ended)

    return run, ended.set


def sweeper(work: Work, patch: pytest.MonkeyPatch) -> Loop:
    sweeping, ended = Sweeper(NOTHING, NOTHING, NOTHING, NOTHING, ScorerSettings(sweep_seconds=0.01)), threading.Event()
    patch.setattr(sweeping, "sweep", work)
    patch.setattr(sweeping, "tidy", lambda: None)
    return lambda: sweeping.run_until(ended), ended.set


def notifier(work: Work, patch: pytest.MonkeyPatch) -> Loop:
    patch.setattr(notify, "send_waiting", work)
    patch.setattr(notify, "PAUSE_SECONDS", 0.01)
    resident = notify.Notifier(NOTHING, "https://example.net")
    return resident.run, resident.stop


def archive(work: Work, patch: pytest.MonkeyPatch) -> Loop:
    for pause in ("FIRST_SECONDS", "PAUSE_SECONDS"):
        patch.setattr(archiver, pause, 0.01)
    resident = archiver.Archiver(NOTHING, NOTHING, NOTHING, NOTHING)
    patch.setattr(resident, "work", work)
    return resident.run, resident.stop


def actuals(work: Work, patch: pytest.MonkeyPatch) -> Loop:
    patch.setattr(actuals_jobs, "PAUSE_SECONDS", 0.01)
    resident = actuals_jobs.ActualsJobs(NOTHING, NOTHING, NOTHING)
    patch.setattr(resident, "work", work)
    return resident.run, resident.stop


def log_consumer(work: Work, patch: pytest.MonkeyPatch) -> Loop:
    patch.setattr(consumer, "RETRY_SECONDS", 0.01)
    resident = consumer.LogConsumer(NOTHING, NOTHING)
    patch.setattr(resident, "join_group", lambda: None)
    patch.setattr(resident, "consume_once", work)
    return resident.run, resident.stop


@pytest.mark.parametrize("made", [leases, sweeper, notifier, archive, actuals, log_consumer])
def test_it_goes_on_after_any_error(
    made: Callable[[Work, pytest.MonkeyPatch], Loop], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, stop = made(work := Work(), monkeypatch)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert work.done.wait(5), "the thread has ended"
    finally:
        stop()
        thread.join(5)
    assert not thread.is_alive()
