"""A trainer killed at any moment leaves nothing half done, and the next one carries out its retraining.

The moments are those before and after each change of the object store, MLflow, Postgres and the disk, from the reading
of the shop's file to the deletion of old versions: KILLS of them, evenly spread.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest
from sqlalchemy import delete, func, select, update

from common.database import retrainings
from common.database.session import Database
from common.database.tables import ModelEvent, Retraining
from common.promotion import PROMOTED
from common.servers.history import HistoryStore, HistoryVersion
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.registry import MODEL_NAME
from support.faults.killed_trainer import Trainer
from trainer.registry.versions import Versions

KILLS = int(os.environ.get("KILLS", "3"))
SHIFT = float(os.environ.get("KILLS_SHIFT", "0"))
"""From 0 to 1: runs with another shift die at moments in between."""

FIRST_ORDERS, MORE = 1_500, 20


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


@pytest.fixture
def versions(trainer: Trainer, database: Database) -> Iterator[Versions]:
    """What is registered."""
    made = trainer.versions(database)
    with made.bundles:
        yield made


def ask(database: Database) -> None:
    """What the monitor does every minute, once the lease of a dead trainer is over: a retraining waits then."""
    with database.transaction() as session:
        session.execute(update(Retraining).values(lease_expires_at=func.now()))
    with database.transaction() as session:
        retrainings.give_up_lost(session, datetime.now(UTC))
        retrainings.request_unless(session, datetime.now(UTC), "an alert is open")
        assert retrainings.queued(session) is not None


def assert_whole(store: ObjectStore, history: HistoryStore, versions: Versions, folder: Path) -> None:
    """Every version of the history can be read, the champion loads, and how it became champion is on record."""
    for version in history.versions().values():
        assert isinstance(version, HistoryVersion)
        assert sum(1 for _ in history.months(version, folder)) == len(version.months)
    if newest := history.newest_name():
        assert history.version(newest).orders > 0
    keys = {found.address.key for found in store.objects_under(ObjectAddress(store.bucket, history._folder))}
    names = {key.removeprefix(history._folder).partition("/")[0] for key in keys}
    assert names <= {"parts", "versions", "newest.json", "report.json"}
    if champion := versions.champion_version():
        versions.bundles.verify(champion)
        with versions.database.transaction() as session:
            promoted = select(ModelEvent.id).where(ModelEvent.model_version == champion, ModelEvent.event == PROMOTED)
            assert session.scalars(promoted).all()


def assert_learned(history: HistoryStore, versions: Versions, orders: int) -> None:
    """The last retraining succeeded with all orders, the gate's word on it came about, and nothing else is left."""
    with versions.database.transaction() as session:
        last = session.scalars(select(Retraining).order_by(Retraining.id.desc()).limit(1)).one()
    assert last.status == retrainings.SUCCEEDED, last.outcome
    assert versions.was_judged(str(last.model_version))
    learned_from = history.version(versions.bundles.bundle(str(last.model_version)).manifest.history)
    assert learned_from == history.newest()
    assert learned_from.orders == orders
    stored = history.versions().values()
    named = {part for version in stored if isinstance(version, HistoryVersion) for part in version.parts}
    assert set(history.part_names()) == named
    for version in mlflow.MlflowClient().search_model_versions(f"name = '{MODEL_NAME}'"):
        versions.bundles.verify(version.version)


def test_whenever_a_trainer_is_killed_nothing_is_half_done_and_the_next_one_goes_on(
    trainer: Trainer, database: Database, store: ObjectStore, versions: Versions, tmp_path: Path
) -> None:
    history, copies = HistoryStore(store, trainer.history), tmp_path / "copies"
    copies.mkdir()
    trainer.bring(FIRST_ORDERS)
    ask(database)
    moments = trainer.life()
    assert moments is not None
    assert_learned(history, versions, FIRST_ORDERS)
    for number in range(KILLS):
        orders = FIRST_ORDERS + MORE * (number + 1)
        trainer.bring(orders)
        ask(database)
        assert trainer.life(dies_at=int(moments * (number + SHIFT) / KILLS)) is None, "it was killed"
        assert_whole(store, history, versions, copies)
        ask(database)
        assert trainer.life() is not None
        assert_whole(store, history, versions, copies)
        assert_learned(history, versions, orders)
        assert not list(trainer.folder.glob(".prepared-*"))
