"""Search, register, gate, promote and roll back against a real MLflow and a real Postgres."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import mlflow
import psutil
import pytest
from sqlalchemy import delete, select

from common.database import session
from common.database.delivery_pace import read_pace
from common.database.tables import ModelEvent
from common.errors import InvalidInput
from common.servers.registry import CHALLENGER, CHAMPION, MODEL_NAME, Registry
from common.settings import RegistrySettings, load
from support.prepared_data import write_prepared
from trainer.registry.register import Registered, register
from trainer.registry.versions import champion_version, promote, rollback
from trainer.search.search import search


@pytest.fixture(scope="module")
def life(
    mlflow_url: str, migrated_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, list[Registered]]]:
    """A data folder after a search of two trials, and the two registrations that followed it."""
    folder = tmp_path_factory.mktemp("life")
    write_prepared(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REGISTRY_URL", mlflow_url)
        patch.setenv("REGISTRY_CACHE_DIR", str(folder / "models"))
        patch.setenv("DATABASE_URL", migrated_postgres_url)
        session.engine.cache_clear()
        forget_models(mlflow_url)
        search(folder, trials=2)
        yield folder, [register(folder), register(folder)]
        session.engine().dispose()
        session.engine.cache_clear()


def forget_models(mlflow_url: str) -> None:
    """Other tests share the servers: this life begins without a model and without a record of one."""
    mlflow.set_tracking_uri(mlflow_url)
    registry = mlflow.MlflowClient()
    if registry.search_registered_models(f"name = '{MODEL_NAME}'"):
        registry.delete_registered_model(MODEL_NAME)
    with session.transaction() as opened:
        opened.execute(delete(ModelEvent))


Life = tuple[Path, list[Registered]]


def test_the_first_model_that_beats_the_baselines_becomes_champion(life: Life) -> None:
    first = life[1][0]
    assert first.alias == CHAMPION
    assert first.metrics["mae"] < first.metrics["mae_of_constant_median"]


def test_a_model_no_better_than_the_champion_stays_challenger_and_says_why(life: Life) -> None:
    second = life[1][1]
    assert second.alias == CHALLENGER
    assert "the champion" in second.reason
    assert mlflow.MlflowClient().get_model_version(MODEL_NAME, second.version).tags["reason"] == second.reason


def test_a_search_goes_on_where_it_stopped(life: Life) -> None:
    folder = life[0]
    before = _runs("params-search")
    search(folder, trials=3)
    assert _runs("params-search") == before + 1


def test_a_failed_trial_is_one_failed_run(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainer.search import search as searching

    monkeypatch.setattr(searching, "MOST_TREES", -1)
    search(life[0], trials=4)
    assert _runs("params-search", "FAILED") == 1


def test_a_search_without_a_registry_says_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("trainer"), "params-search"],
        env={"REGISTRY_URL": "http://127.0.0.1:9", "MODE": "local", "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "error: the model registry at http://127.0.0.1:9 does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_search_with_two_jobs_that_is_killed_leaves_nothing_running_and_goes_on(life: Life, tmp_path: Path) -> None:
    write_prepared(tmp_path)
    command = [Path(sys.executable).with_name("trainer"), "params-search", "--jobs", "2", "--trials"]
    environment = {**os.environ, "DATA_DIR": str(tmp_path)}
    finished = _runs("params-search")
    killed = psutil.Popen([*command, "1000"], env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while _runs("params-search") < finished + 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    workers = killed.children(recursive=True)
    killed.kill()
    killed.wait()
    assert len(workers) >= 2
    assert not psutil.wait_procs(workers, timeout=20)[1]
    kept = _runs("params-search")
    subprocess.run([*command, str(kept - finished + 2)], env=environment, check=True, capture_output=True)
    assert kept + 2 <= _runs("params-search") <= kept + 4  # a batch of two may have been told but not kept


def test_registration_writes_the_delivery_pace(life: Life) -> None:
    with session.transaction() as opened:
        pace = read_pace(opened)
    assert pace is not None
    assert all(0 < days <= 30 for days in pace.present().values())


def test_people_promote_and_roll_back_with_a_reason(life: Life) -> None:
    first, second = (made.version for made in life[1])
    promote(second, "the new courier is in its data", actor="ana")
    assert champion_version() == second
    assert "challenger" not in mlflow.MlflowClient().get_registered_model(MODEL_NAME).aliases
    assert rollback("it promises too much", actor="ana") == first
    assert champion_version() == first
    with session.transaction() as opened:
        last = opened.scalars(select(ModelEvent).order_by(ModelEvent.id.desc())).first()
        assert last is not None
        assert (last.event, last.actor, last.reason) == ("rolled back", "ana", "it promises too much")


def test_a_version_that_is_not_there_cannot_be_promoted(life: Life) -> None:
    with pytest.raises(InvalidInput, match="no version 999"):
        promote("999", "why not", actor="ana")


def test_a_model_can_be_registered_as_of_a_day(life: Life) -> None:
    """It stays challenger: the champion's parameters, judged as of that day too, are the same."""
    day = datetime(2017, 10, 1)  # noqa: DTZ001 - as the command line has it
    made = register(life[0], as_of=day)
    assert made.alias == CHALLENGER
    with Registry(load(RegistrySettings)) as registry:
        window = registry.bundle(made.version).manifest.training_window
    assert "2017-09" < window["end"] < window["known_until"] < "2017-10-01T00:00:01"
    with pytest.raises(InvalidInput, match="no delivery was known on 2001-01-01: the prepared orders begin on"):
        register(life[0], as_of=day.replace(year=2001, month=1))


def _runs(step: str, status: str = "FINISHED") -> int:
    experiment = mlflow.get_experiment_by_name("delivery-time")
    assert experiment is not None
    return len(
        mlflow.MlflowClient().search_runs(
            [experiment.experiment_id], f"tags.step = '{step}' and attributes.status = '{status}'"
        )
    )
