"""Search, register, gate, promote and roll back against a real MLflow and a real Postgres."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import mlflow
import numpy as np
import psutil
import pytest
from sqlalchemy import delete, select, update

from common.database.delivery_pace import read_pace
from common.database.session import Database
from common.database.tables import ModelEvent
from common.errors import InvalidInput
from common.servers.registry import CHALLENGER, CHAMPION, MODEL_NAME, Registry
from common.settings import RegistrySettings
from support.command_lines import called
from support.prepared_data import write_prepared
from trainer import cli
from trainer.data.history import TrainingData
from trainer.data.prepared import read_prepared
from trainer.registry.register import Registered, best_run, register, same_model
from trainer.registry.versions import Versions
from trainer.search import trial
from trainer.search.search import search
from trainer.tracking import Tracking


@dataclass(frozen=True)
class Life:
    """Data after a search of two trials, and the two registrations that followed it. url: MLflow's."""

    data: TrainingData
    searches: Path
    versions: Versions
    registered: list[Registered]
    url: str


@pytest.fixture(scope="module")
def versions(mlflow_url: str, database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versions]:
    """Servers that know of no model and have no record of one, whatever other tests did with them."""
    tracking = Tracking.connect(mlflow_url)
    registry = mlflow.MlflowClient()
    if registry.search_registered_models(f"name = '{MODEL_NAME}'"):
        registry.delete_registered_model(MODEL_NAME)
    with database.transaction() as session:
        session.execute(delete(ModelEvent))
    cache = tmp_path_factory.mktemp("models")
    with Registry(RegistrySettings(url=mlflow_url, cache_dir=cache)) as bundles:
        yield Versions(bundles, database, tracking)


@pytest.fixture(scope="module")
def life(versions: Versions, mlflow_url: str, tmp_path_factory: pytest.TempPathFactory) -> Life:
    folder = tmp_path_factory.mktemp("life")
    write_prepared(folder, slower=1.4)
    data = read_prepared(folder / "prepared")
    search(data, folder / "searches", trials=2)
    return Life(data, folder / "searches", versions, [register(data, versions), register(data, versions)], mlflow_url)


def test_the_first_model_that_beats_the_baselines_becomes_champion(life: Life) -> None:
    first = life.registered[0]
    assert first.alias == CHAMPION
    assert first.metrics["mae"] < first.metrics["mae_of_constant_median"]


def test_a_model_no_better_than_the_champion_stays_challenger_and_says_why(life: Life) -> None:
    second = life.registered[1]
    assert second.alias == CHALLENGER
    assert "the champion" in second.reason
    assert mlflow.MlflowClient().get_model_version(MODEL_NAME, second.version).tags["reason"] == second.reason


def test_a_search_goes_on_where_it_stopped(life: Life) -> None:
    before = _runs("params-search")
    search(life.data, life.searches, trials=3)
    assert _runs("params-search") == before + 1


def test_trials_whose_runs_were_deleted_are_logged_anew(life: Life, caplog: pytest.LogCaptureFixture) -> None:
    best = search(life.data, life.searches, trials=3)
    mlflow.MlflowClient().delete_run(best.run_id)
    again = search(life.data, life.searches, trials=3)
    assert "the MLflow runs of 1 of 3 trials are gone: logged anew" in caplog.text
    assert again.run_id != best.run_id
    assert again.metrics == best.metrics


def test_after_its_experiment_was_deleted_a_search_goes_on_in_another(
    life: Life, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client, url, deleted = mlflow.MlflowClient(), life.url, life.versions.tracking.experiment_id
    client.delete_experiment(deleted)
    try:
        tracking = Tracking.connect(url)
        assert "the MLflow experiment 'delivery-time' was deleted" in caplog.text
        assert tracking.experiment_id != deleted
        best = search(life.data, life.searches, trials=3)
        assert best_run(life.data.fingerprint, tracking.experiment_id).info.run_id == best.run_id
        versions = replace(life.versions, tracking=tracking)
        assert versions.champion_version() is not None
        client.delete_experiment(tracking.experiment_id)
    finally:
        client.restore_experiment(deleted)
        Tracking.connect(url)


def test_a_failed_trial_is_one_failed_run(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "MOST_TREES", -1)
    search(life.data, life.searches, trials=4)
    assert _runs("params-search", "FAILED") == 1


def test_a_search_without_a_registry_says_so_in_one_line(life: Life, tmp_path: Path) -> None:
    environment = {"REGISTRY_URL": "http://127.0.0.1:9", "MODE": "local", "DATA_DIR": str(tmp_path)}
    done = called(cli.main, "params-search", environment=environment)
    Tracking.connect(life.url)
    assert done.returncode == 1
    assert "trainer: the model registry at http://127.0.0.1:9 does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_search_with_two_jobs_that_is_killed_leaves_nothing_running_and_goes_on(life: Life, tmp_path: Path) -> None:
    write_prepared(tmp_path)
    command = [Path(sys.executable).with_name("trainer"), "params-search", "--jobs", "2", "--trials", "1000"]
    environment = {"DATA_DIR": str(tmp_path), "REGISTRY_URL": life.url}
    finished = _runs("params-search")
    killed = psutil.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while _runs("params-search") < finished + 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    workers = killed.children(recursive=True)
    killed.kill()
    killed.wait()
    assert len(workers) >= 2
    assert not psutil.wait_procs(workers, timeout=20)[1]
    kept = _runs("params-search")
    done = called(cli.main, "params-search", "--trials", str(kept - finished + 2), environment=environment)
    assert done.returncode == 0, done.stderr
    assert kept + 2 <= _runs("params-search") <= kept + 4  # a batch of two may have been logged but not kept


def test_registration_writes_the_delivery_pace(life: Life) -> None:
    with life.versions.database.transaction() as session:
        pace = read_pace(session)
    assert pace is not None
    assert all(0 < days <= 60 for days in pace.present().values())


def test_people_promote_and_roll_back_with_a_reason(life: Life) -> None:
    first, second = (registered.version for registered in life.registered)
    versions = life.versions
    versions.promote(second, "the new courier is in its data", actor="ana")
    assert versions.champion_version() == second
    assert "challenger" not in mlflow.MlflowClient().get_registered_model(MODEL_NAME).aliases
    assert versions.rollback("it promises too much", actor="ana") == first
    assert versions.champion_version() == first
    with versions.database.transaction() as session:
        last = session.scalars(select(ModelEvent).order_by(ModelEvent.id.desc())).first()
    assert last is not None
    assert (last.event, last.actor, last.reason) == ("rolled back", "ana", "it promises too much")


def test_a_version_that_is_not_there_cannot_be_promoted(life: Life) -> None:
    with pytest.raises(InvalidInput, match="no version 999"):
        life.versions.promote("999", "why not", actor="ana")


def test_a_retraining_without_anything_new_registers_nothing(life: Life, tmp_path: Path) -> None:
    last = life.registered[-1].version
    assert same_model(life.data, life.versions) == last
    fewer = replace(life.data, history=life.data.history.where(np.arange(len(life.data.history)) > 0))
    with pytest.raises(InvalidInput, match="no finished trial on this data"):
        same_model(fewer, life.versions)


def test_a_version_whose_trainer_died_before_the_gates_word_was_carried_out_does_not_stand_for_its_orders(
    life: Life, database: Database
) -> None:
    last = life.registered[-1].version
    of_last = ModelEvent.model_version == last
    with database.transaction() as session:
        ids = list(session.scalars(select(ModelEvent.id).where(of_last)))
        session.execute(update(ModelEvent).where(of_last).values(model_version="none"))
    assert not life.versions.was_judged(last)
    assert same_model(life.data, life.versions) != last
    with database.transaction() as session:
        session.add(ModelEvent(event="promoted", model_version=last, actor="trainer"))
    assert not life.versions.was_judged(last), "the alias has not moved"
    with database.transaction() as session:
        session.execute(delete(ModelEvent).where(of_last))
        session.execute(update(ModelEvent).where(ModelEvent.id.in_(ids)).values(model_version=last))
    assert same_model(life.data, life.versions) == last


def test_a_model_can_be_registered_as_of_a_day(life: Life) -> None:
    """Without a search as of that day it has the usual parameters; the gate says whether these beat the champion's."""
    day = datetime(2017, 10, 1)  # noqa: DTZ001 - as the command line has it
    registered = register(life.data, life.versions, as_of=day)
    champion = life.versions.champion()
    assert champion
    assert (registered.alias == CHAMPION) == (champion.version == registered.version)
    window = life.versions.bundles.bundle(registered.version).manifest.training_window
    assert "2017-09" < window["end"] < window["known_until"] < "2017-10-01T00:00:01"
    with pytest.raises(InvalidInput, match="no delivery was known on 2001-01-01: the prepared orders begin on"):
        register(life.data, life.versions, as_of=day.replace(year=2001, month=1))


def _runs(step: str, status: str = "FINISHED") -> int:
    experiment = mlflow.get_experiment_by_name("delivery-time")
    assert experiment is not None
    return len(
        mlflow.MlflowClient().search_runs(
            [experiment.experiment_id], f"tags.step = '{step}' and attributes.status = '{status}'"
        )
    )
