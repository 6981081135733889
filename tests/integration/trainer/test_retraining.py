"""A retraining is done once, its row tells how it ended, and a trainer that dies over it leaves it to the next."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from common.database.session import engine, transaction
from common.database.tables import Retraining
from common.settings import load
from monitor.alerts.retraining import ATTEMPTS, request_if_due
from trainer.retraining.retrain import Made, begin, carry_out, retrain

LEASE_SECONDS = 2
TRAINING_FOR_EVER = """
import sys, time
from trainer.retraining.retrain import retrain
retrain(int(sys.argv[1]), lambda: time.sleep(1_000))
"""


@pytest.fixture
def asked(migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The id of a queued retraining."""
    monkeypatch.setenv("DATABASE_URL", migrated_postgres_url)
    monkeypatch.setenv("TRAINER_LEASE_SECONDS", str(LEASE_SECONDS))
    load.cache_clear()
    engine.cache_clear()
    with transaction() as session:
        session.execute(delete(Retraining))
        row = Retraining(status="queued", reason="mae above its baseline")
        session.add(row)
    yield row.id
    engine().dispose()
    engine.cache_clear()
    load.cache_clear()


def outcome(retraining_id: int) -> Retraining:
    with transaction() as session:
        return session.get_one(Retraining, retraining_id)


def test_the_row_gets_the_version_and_the_gates_words(asked: int) -> None:
    retrain(asked, lambda: Made("7", "champion: won"))
    row = outcome(asked)
    assert (row.status, row.model_version, row.outcome) == ("succeeded", "7", "champion: won")
    assert row.started_at is not None
    assert row.finished_at is not None


def test_a_retraining_delivered_twice_is_done_once(asked: int) -> None:
    retrain(asked, lambda: Made("7", "champion: won"))
    retrain(asked, lambda: Made("8", "a second time"))
    assert outcome(asked).model_version == "7"


def test_a_retraining_in_work_is_left_to_its_worker(asked: int) -> None:
    def meanwhile() -> Made:
        retrain(asked, lambda: Made("8", "by another"))
        return Made("7", "champion: won")

    retrain(asked, meanwhile)
    assert outcome(asked).model_version == "7"


def test_a_failed_retraining_says_why(asked: int) -> None:
    def broken() -> Made:
        raise ValueError("the training window is empty")

    with pytest.raises(ValueError, match="window is empty"):
        retrain(asked, broken)
    row = outcome(asked)
    assert (row.status, row.outcome) == ("failed", "the training window is empty")
    assert row.finished_at is not None


def test_a_retraining_begun_elsewhere_is_alone_and_recorded_too(asked: int) -> None:
    queued = begin("by schedule")
    assert queued is not None
    assert queued.id == asked, "what the monitor asked for is done by whoever comes"
    assert begin("a second one") is None
    carry_out(queued, lambda: Made("7", "champion: won"))
    begun = begin("by schedule")
    assert begun is not None
    assert begin("a second one") is None
    retrain(begun.id, lambda: Made("9", "by a worker that was woken meanwhile"))
    assert carry_out(begun, lambda: Made("8", "challenger: lost")).model_version == "8"
    ended = outcome(begun.id)
    assert (ended.status, ended.model_version, ended.reason) == ("succeeded", "8", "by schedule")


def look() -> None:
    """What the monitor does every few minutes."""
    with transaction() as session:
        request_if_due(session, datetime.now(UTC), timedelta(days=1), None)


def until(status: str, retraining_id: int) -> None:
    deadline = time.monotonic() + 30
    while outcome(retraining_id).status != status:
        assert time.monotonic() < deadline
        look()
        time.sleep(0.1)


def test_a_killed_trainers_retraining_is_begun_anew_and_given_up_in_the_end(asked: int) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        assert outcome(asked).status == "queued"
        trainer = subprocess.Popen([sys.executable, "-c", TRAINING_FOR_EVER, str(asked)])
        try:
            until("running", asked)
            if attempt == 1:
                time.sleep(LEASE_SECONDS * 1.5)
                look()
                assert outcome(asked).status == "running", "a living trainer keeps its lease"
        finally:
            trainer.kill()
            trainer.wait()
        until("failed" if attempt == ATTEMPTS else "queued", asked)
    assert outcome(asked).outcome == "its trainer died 3 times (killed, or out of memory)"
    assert begin("the next one") is not None


def test_a_trainer_that_was_given_up_does_not_write_over_the_next_ones_outcome(asked: int) -> None:
    def slow() -> Made:
        with transaction() as session:
            row = session.get_one(Retraining, asked)
            row.status, row.claim = "queued", None
        retrain(asked, lambda: Made("8", "champion: won"))
        return Made("7", "champion: won, and late")

    retrain(asked, slow)
    assert outcome(asked).model_version == "8"
