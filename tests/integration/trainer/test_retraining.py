"""A retraining is done once, and its row tells how it ended."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete

from common.database.session import engine, transaction
from common.database.tables import Retraining
from common.settings import load
from trainer.retraining import Made, begin, carry_out, retrain


@pytest.fixture
def asked(migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The id of a queued retraining."""
    monkeypatch.setenv("DATABASE_URL", migrated_postgres_url)
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
    assert begin("by schedule") is None
    retrain(asked, lambda: Made("7", "champion: won"))
    row = begin("by schedule")
    assert row is not None
    assert begin("a second one") is None
    retrain(row, lambda: Made("9", "by a worker that was woken meanwhile"))
    assert carry_out(row, lambda: Made("8", "challenger: lost")).model_version == "8"
    ended = outcome(row)
    assert (ended.status, ended.model_version, ended.reason) == ("succeeded", "8", "by schedule")
