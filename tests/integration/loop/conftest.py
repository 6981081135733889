"""Settings of every service, on servers that know of no model, no order and no alert."""

from pathlib import Path

import mlflow
import pytest

from common.database.session import Database
from common.servers.history import FOLDER
from common.servers.objects import ObjectAddress, ObjectStore
from common.servers.queue import MONITORING, TRAINING
from common.servers.registry import MODEL_NAME
from support.monitored import forget_everything

FAST = {
    "MONITOR_WINDOW": "weekly",
    "MONITOR_MEASURE_SECONDS": "8",
    "MONITOR_ALERT_SECONDS": "1",
    "MONITOR_PACE_SECONDS": "5",
    "TRAINER_TRIALS": "2",
    "REGISTRY_POLL_SECONDS": "1",
}


@pytest.fixture
def environment(
    service_env: dict[str, str],
    database: Database,
    store: ObjectStore,
    mlflow_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """Settings of every service, on servers that know of no model, no order and no alert."""
    variables = {
        **service_env,
        **FAST,
        "REGISTRY_URL": mlflow_url,
        "REGISTRY_CACHE_DIR": str(tmp_path / "models"),
        "DATA_DIR": str(tmp_path),
        "OLIST_DIR": "",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    mlflow.set_tracking_uri(mlflow_url)
    if mlflow.MlflowClient().search_registered_models(f"name = '{MODEL_NAME}'"):
        mlflow.MlflowClient().delete_registered_model(MODEL_NAME)
    store.delete(ObjectAddress(store.bucket, f"{FOLDER}newest.json"))
    forget_everything(database, variables["QUEUE_URL"], MONITORING, TRAINING)
    return variables
