"""A trainer killed at any moment leaves nothing half done, and its retraining is carried out by the next."""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest
from sqlalchemy import delete, select

from common.database import retrainings
from common.database.session import Database
from common.database.tables import ModelEvent, Retraining
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from common.servers.registry import MODEL_NAME
from support.faults.killed_trainer import NOW, Trainer, ended
from support.waiting import wait_until
from trainer.published.read import read_version
from trainer.registry.versions import Versions

KILLS = int(os.environ.get("KILLS", "3"))

WITHIN_SECONDS = 12.0
"""Of a trainer's life: it publishes in the first of them, and has registered by the last."""

FIRST_ORDERS = 1_500


@pytest.fixture
def trainer(
    service_env: dict[str, str],
    mlflow_url: str,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Trainer:
    """On servers that know of no model and no retraining."""
    for name, value in service_env.items():
        monkeypatch.setenv(name, value)
    mlflow.set_tracking_uri(mlflow_url)
    if mlflow.MlflowClient().search_registered_models(f"name = '{MODEL_NAME}'"):
        mlflow.MlflowClient().delete_registered_model(MODEL_NAME)
    with database.transaction() as session:
        session.execute(delete(ModelEvent))
        session.execute(delete(Retraining))
    return Trainer(tmp_path, f"tests/{tmp_path.name}/", dict(service_env), mlflow_url)


def ask(database: Database) -> bool:
    """What the monitor does every minute: give up on dead trainers, and ask for a retraining. Whether one waits."""
    with database.transaction() as session:
        retrainings.give_up_lost(session, datetime.now(UTC))
        retrainings.request_unless(session, datetime.now(UTC), "an alert is open")
        return retrainings.queued(session) is not None


def assert_whole(store: HistoryStore, versions: Versions) -> None:
    """The newest history can be read, the champion loads, and how it became champion is on record."""
    if newest := store.newest():
        assert len(read_version(store, newest, NOW).history) > 0
    if champion := versions.champion_version():
        versions.bundles.verify(champion)
        with versions.database.transaction() as session:
            promoted = select(ModelEvent.id).where(ModelEvent.model_version == champion, ModelEvent.event == "promoted")
            assert session.scalars(promoted).all()


@pytest.fixture
def versions(trainer: Trainer, database: Database) -> Iterator[Versions]:
    """What is registered."""
    made = trainer.versions(database)
    with made.bundles:
        yield made


def test_whenever_a_trainer_is_killed_nothing_is_half_done_and_the_next_one_goes_on(
    trainer: Trainer, database: Database, store: ObjectStore, versions: Versions
) -> None:
    chance, history = random.Random(KILLS), HistoryStore(store, trainer.history)
    for number in range(KILLS):
        trainer.prepare(FIRST_ORDERS + 20 * number)
        wait_until(lambda: ask(database))
        ended(trainer.started(), chance, WITHIN_SECONDS)
        assert_whole(history, versions)
    trainer.prepare(FIRST_ORDERS + 20 * KILLS)
    living, begun = trainer.started(), datetime.now(UTC)

    def done() -> Retraining | None:
        ask(database)
        with database.transaction() as session:
            ended = select(Retraining).where(Retraining.started_at > begun, Retraining.finished_at.is_not(None))
            return session.scalars(ended).first()

    try:
        wait_until(lambda: done() is not None, seconds=120)
    finally:
        living.kill()
        living.join()
    last = done()
    assert last is not None
    assert last.status == "succeeded", last.outcome
    assert_whole(history, versions)
    bundle = versions.bundles.bundle(str(last.model_version))
    learned_from = history.version(bundle.manifest.history)
    assert learned_from == history.newest()
    assert learned_from.orders == FIRST_ORDERS + 20 * KILLS
    registered = mlflow.MlflowClient().search_model_versions(f"name = '{MODEL_NAME}'")
    for version in registered:
        versions.bundles.verify(version.version)
