"""A retraining is done once, its row says how it ended, and a trainer that dies over it leaves it to the next."""

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from common.database import actuals
from common.database.actuals import OrderReport
from common.database.retrainings import ATTEMPTS, FEWEST_DELIVERIES, request_as_it_grows, request_if_due
from common.database.session import Database
from common.database.tables import Actual, Retraining
from support.waiting import wait_until
from trainer.retraining.retrain import Retrainer, Trained

LEASE_SECONDS = 1.5
TRAINING_FOR_EVER = f"""
import sys, time
from common.database.session import Database
from common.settings import DatabaseSettings
from trainer.retraining.retrain import Retrainer
Retrainer(Database(DatabaseSettings()), {LEASE_SECONDS}).retrain(int(sys.argv[1]), lambda: time.sleep(1_000))
"""


@pytest.fixture
def trainer(database: Database) -> Retrainer:
    return Retrainer(database, LEASE_SECONDS)


@pytest.fixture
def asked(database: Database) -> int:
    """The id of a queued retraining."""
    with database.transaction() as session:
        session.execute(delete(Retraining))
        row = Retraining(status="queued", reason="mae above its baseline")
        session.add(row)
    return row.id


def outcome(trainer: Retrainer, retraining_id: int) -> Retraining:
    with trainer.database.transaction() as session:
        return session.get_one(Retraining, retraining_id)


def test_the_row_gets_the_version_and_the_gates_words(trainer: Retrainer, asked: int) -> None:
    trainer.retrain(asked, lambda: Trained("7", "champion: won"))
    row = outcome(trainer, asked)
    assert (row.status, row.model_version, row.outcome) == ("succeeded", "7", "champion: won")
    assert row.started_at is not None
    assert row.finished_at is not None


def test_a_retraining_delivered_twice_is_done_once(trainer: Retrainer, asked: int) -> None:
    trainer.retrain(asked, lambda: Trained("7", "champion: won"))
    trainer.retrain(asked, lambda: Trained("8", "a second time"))
    assert outcome(trainer, asked).model_version == "7"


def test_a_retraining_in_work_is_left_to_its_worker(trainer: Retrainer, asked: int) -> None:
    def meanwhile() -> Trained:
        trainer.retrain(asked, lambda: Trained("8", "by another"))
        return Trained("7", "champion: won")

    trainer.retrain(asked, meanwhile)
    assert outcome(trainer, asked).model_version == "7"


def test_a_failed_retraining_says_why(trainer: Retrainer, asked: int) -> None:
    def broken() -> Trained:
        raise ValueError("the training window is empty")

    with pytest.raises(ValueError, match="window is empty"):
        trainer.retrain(asked, broken)
    row = outcome(trainer, asked)
    assert (row.status, row.outcome) == ("failed", "the training window is empty")
    assert row.finished_at is not None


def test_a_retraining_begun_elsewhere_is_alone_and_recorded_too(trainer: Retrainer, asked: int) -> None:
    queued = trainer.begin("by schedule")
    assert queued is not None
    assert queued.retraining_id == asked, "what the monitor asked for is done by whoever comes"
    assert trainer.begin("a second one") is None
    trainer.carry_out(queued, lambda: Trained("7", "champion: won"))
    begun = trainer.begin("by schedule")
    assert begun is not None
    assert trainer.begin("a second one") is None
    trainer.retrain(begun.retraining_id, lambda: Trained("9", "by a worker that was woken meanwhile"))
    assert trainer.carry_out(begun, lambda: Trained("8", "challenger: lost")).model_version == "8"
    ended = outcome(trainer, begun.retraining_id)
    assert (ended.status, ended.model_version, ended.reason) == ("succeeded", "8", "by schedule")


def test_an_ending_like_an_earlier_one_takes_its_place(trainer: Retrainer, asked: int) -> None:
    for _ in range(3):
        claimed = trainer.begin("an alert that stays open")
        assert claimed is not None
        trainer.carry_out(claimed, lambda: Trained("7", "nothing new to learn"))
    with trainer.database.transaction() as session:
        rows = session.scalars(select(Retraining)).all()
    assert [(row.id, row.outcome) for row in rows] == [(claimed.retraining_id, "nothing new to learn")]


def look(database: Database) -> None:
    """What the monitor does every few minutes."""
    with database.transaction() as session:
        request_if_due(session, datetime.now(UTC), timedelta(days=1), None, rules=())


def until(status: str, trainer: Retrainer, retraining_id: int) -> None:
    """Look, as the monitor does, until the retraining has this status."""

    def reached() -> bool:
        look(trainer.database)
        return outcome(trainer, retraining_id).status == status

    wait_until(reached)


def test_a_killed_trainers_retraining_is_begun_anew_and_given_up_in_the_end(
    trainer: Retrainer, asked: int, migrated_postgres_url: str
) -> None:
    environment = {"DATABASE_URL": migrated_postgres_url}
    for attempt in range(1, ATTEMPTS + 1):
        assert outcome(trainer, asked).status == "queued"
        process = subprocess.Popen([sys.executable, "-c", TRAINING_FOR_EVER, str(asked)], env=environment)
        try:
            until("running", trainer, asked)
            if attempt == 1:
                time.sleep(LEASE_SECONDS * 1.5)
                look(trainer.database)
                assert outcome(trainer, asked).status == "running", "a living trainer keeps its lease"
        finally:
            process.kill()
            process.wait()
        until("failed" if attempt == ATTEMPTS else "queued", trainer, asked)
    assert outcome(trainer, asked).outcome == "its trainer died 3 times (killed, or out of memory)"
    assert trainer.begin("the next one") is not None


def report(database: Database, start: int, end: int) -> None:
    """Deliveries of the orders with these numbers."""
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    with database.transaction() as session:
        actuals.store(session, [OrderReport(order_id=f"{each}", delivered_at=moment) for each in range(start, end)])


def test_a_model_of_few_deliveries_is_trained_again_when_there_are_half_as_many_again(database: Database) -> None:
    with database.transaction() as session:
        session.execute(delete(Retraining))
        session.execute(delete(Actual))

    def requested(learned: int) -> int:
        with database.transaction() as session:
            request_as_it_grows(session, learned)
            session.execute(update(Retraining).values(status="succeeded", finished_at=func.now()))
            return session.scalar(select(func.count()).select_from(Retraining)) or 0

    report(database, 0, FEWEST_DELIVERIES - 1)
    assert requested(0) == 0
    report(database, FEWEST_DELIVERIES - 1, FEWEST_DELIVERIES)
    assert requested(0) == 1
    assert requested(0) == 1, "it lost in the gate, and nothing has come since"
    report(database, FEWEST_DELIVERIES, 450)
    assert requested(301) == 1
    assert requested(300) == 2
    with database.transaction() as session:
        session.execute(delete(Actual))


def test_a_trainer_that_was_given_up_does_not_write_over_the_next_ones_outcome(trainer: Retrainer, asked: int) -> None:
    def slow() -> Trained:
        with trainer.database.transaction() as session:
            row = session.get_one(Retraining, asked)
            row.status, row.claim = "queued", None
        trainer.retrain(asked, lambda: Trained("8", "champion: won"))
        return Trained("7", "champion: won, and late")

    trainer.retrain(asked, slow)
    assert outcome(trainer, asked).model_version == "8"
