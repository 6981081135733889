"""The gateway follows the registry's alias without a restart, and does without the registry when it must."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import mlflow
import pytest
import redis
from sqlalchemy import select

from common.database.session import Database
from common.database.tables import ModelEvent
from common.servers.prediction_log import FIELD, STREAM, decode
from common.servers.registry import CHALLENGER, CHAMPION, MODEL_NAME
from support.example import ORDER
from support.gateway_fixtures import NOWHERE, Gateway, fill_cache, running_gateway
from support.model_fixtures import write_sample_bundle
from support.waiting import wait_until
from trainer.registry.logged_model import log_and_register


@pytest.fixture(scope="module")
def versions(mlflow_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two registered versions that predict differently."""
    mlflow.set_tracking_uri(mlflow_url)
    mlflow.set_experiment("gateway-tests")
    registered = []
    for seed in (1, 2):
        folder = tmp_path_factory.mktemp("logged") / "bundle"
        write_sample_bundle(folder, seed)
        with mlflow.start_run():
            registered.append(log_and_register(folder))
    return registered


@pytest.fixture
def aliases(mlflow_url: str, versions: list[str]) -> Iterator[mlflow.MlflowClient]:
    """A client to move the aliases with; the champion is the first version, and there is no challenger."""
    client = mlflow.MlflowClient(mlflow_url)
    client.set_registered_model_alias(MODEL_NAME, CHAMPION, versions[0])
    yield client
    client.delete_registered_model_alias(MODEL_NAME, CHALLENGER)


@pytest.fixture
def following(
    gateway_env: dict[str, str], mlflow_url: str, aliases: mlflow.MlflowClient, tmp_path: Path
) -> Iterator[Gateway]:
    """A gateway that polls a real registry each second, with an empty cache."""
    environment = {
        **gateway_env,
        "REGISTRY_URL": mlflow_url,
        "REGISTRY_CACHE_DIR": str(tmp_path / "models"),
        "REGISTRY_POLL_SECONDS": "0.5",
        "GATEWAY_SHADOW_SHARE": "1",
    }
    with running_gateway(environment, tmp_path) as running:
        running.wait_ready()
        yield running


def test_a_new_champion_is_served_without_restart_and_without_a_failed_request(
    following: Gateway, aliases: mlflow.MlflowClient, versions: list[str], database: Database
) -> None:
    seen: list[tuple[int, str]] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answer = following.client.post("/delivery_time", json=ORDER)
            seen.append((answer.status_code, answer.json().get("model_version")))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        wait_until(lambda: (200, versions[0]) in seen)
        aliases.set_registered_model_alias(MODEL_NAME, CHAMPION, versions[1])
        wait_until(lambda: (200, versions[1]) in seen)
    finally:
        stop.set()
        asking.join()
    assert {status for status, _ in seen} == {200}
    answered = [version for _, version in seen]
    assert answered == sorted(answered, key=versions.index)
    assert following.client.get("/model").json()["version"] == versions[1]
    assert f'gateway_workers_serving{{version="{versions[1]}"}} 1.0' in following.client.get("/metrics").text
    query = select(ModelEvent.reason).where(ModelEvent.event == "served", ModelEvent.model_version == versions[1])

    def recorded() -> Sequence[str]:
        with database.transaction() as session:
            return session.scalars(query).all()

    wait_until(lambda: f"replaces version {versions[0]}" in recorded())


def test_a_challenger_is_logged_but_never_answered(
    following: Gateway, aliases: mlflow.MlflowClient, versions: list[str], valkey_url: str
) -> None:
    aliases.set_registered_model_alias(MODEL_NAME, CHALLENGER, versions[1])
    wait_until(lambda: f"challenger: version {versions[1]}" in following.log())
    answer = following.client.post("/delivery_time", json={**ORDER, "order_id": "shadowed"}).json()
    assert answer["model_version"] == versions[0]
    queue = redis.Redis.from_url(valkey_url)

    def logged() -> dict[str, Any]:
        entries = [fields for _, fields in queue.xrange(STREAM) if FIELD in fields]  # other tests share the stream
        return {row.role: row for fields in entries for row in decode(fields) if row.order_id == "shadowed"}

    wait_until(lambda: len(logged()) == 2)
    champion, challenger = logged()["champion"], logged()["challenger"]
    queue.close()
    assert (champion.model_version, challenger.model_version) == tuple(versions)
    assert champion.delivery_time_days != challenger.delivery_time_days
    assert (champion.request_id, champion.customer_lat) == (challenger.request_id, challenger.customer_lat)


def test_without_a_registry_the_cached_champion_is_served_and_readiness_says_so(gateway: Gateway) -> None:
    ready = gateway.client.get("/readyz").json()
    assert (ready["status"], ready["model_version"], ready["seconds_since_champion_check"]) == ("ready", "1", None)
    assert ready["pace_day"] == gateway.client.get("/model").json()["delivery_pace"]["day"]
    assert NOWHERE in ready["registry"]


def test_without_keys_from_the_database_it_is_not_ready(gateway_env: dict[str, str], tmp_path: Path) -> None:
    environment = {
        **gateway_env,
        "GATEWAY_KEYS": "required",
        "DATABASE_URL": "postgresql+psycopg2://nobody@127.0.0.1:9/none",
    }
    with running_gateway(environment, tmp_path) as keyless:
        ready = keyless.client.get("/readyz")
        assert (ready.status_code, keyless.client.get("/livez").status_code) == (503, 200)
        assert "API keys could not be read from the database" in ready.json()["detail"]


def test_without_registry_and_cache_a_client_is_told_when_to_come_back(
    gateway_env: dict[str, str], tmp_path: Path
) -> None:
    environment = {**gateway_env, "REGISTRY_CACHE_DIR": str(tmp_path / "models"), "REGISTRY_POLL_SECONDS": "0.5"}
    with running_gateway(environment, tmp_path) as bare:
        assert bare.client.get("/livez").status_code == 200
        for answer in (bare.client.post("/delivery_time", json=ORDER), bare.client.get("/readyz")):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_damaged_cache_is_not_served(gateway_env: dict[str, str], tmp_path: Path) -> None:
    fill_cache(tmp_path / "models")
    model = tmp_path / "models" / MODEL_NAME / "1" / "arrays.npz"
    model.write_bytes(model.read_bytes()[:-100])
    with running_gateway({**gateway_env, "REGISTRY_CACHE_DIR": str(tmp_path / "models")}, tmp_path) as damaged:
        wait_until(lambda: "does not answer" in damaged.client.get("/readyz").json()["detail"])
        assert damaged.client.post("/delivery_time", json=ORDER).status_code == 503
        assert "arrays.npz differs from its checksum" in damaged.log()


def test_a_cache_that_takes_no_bundle_is_named(
    gateway_env: dict[str, str], mlflow_url: str, aliases: mlflow.MlflowClient, tmp_path: Path
) -> None:
    (tmp_path / "full").write_text("no folder")
    environment = {**gateway_env, "REGISTRY_URL": mlflow_url, "REGISTRY_CACHE_DIR": str(tmp_path / "full")}
    with running_gateway(environment, tmp_path) as stuck:
        wait_until(lambda: str(tmp_path / "full") in stuck.client.get("/readyz").json()["detail"])
        assert stuck.client.post("/delivery_time", json=ORDER).status_code == 503
        assert "Traceback" not in stuck.log()


def test_it_starts_without_the_heavy_libraries() -> None:
    heavy = ["pandas", "catboost", "mlflow", "evidently", "pyarrow", "hyperopt", "boto3", "celery"]
    check = f"import sys, gateway.wiring; print([name for name in {heavy} if name in sys.modules])"
    imported = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout
    assert imported.strip() == "[]"
