"""What the demo asks MLflow: trials and versions."""

from typing import Any

import httpx

from common.servers.registry import CHAMPION, MODEL_NAME
from common.settings import RegistrySettings, load


def best_trial(trials: int) -> dict[str, Any]:
    """Parameters and MAE of the best of the newest trials, as MLflow has them."""
    experiment = httpx.get(f"{mlflow()}/experiments/get-by-name", params={"experiment_name": "delivery-time"}).json()
    wanted = {
        "experiment_ids": [experiment["experiment"]["experiment_id"]],
        "filter": "tags.step = 'params-search' and attributes.status = 'FINISHED'",
        "order_by": ["attributes.start_time DESC"],
        "max_results": trials,
    }
    runs = [run["data"] for run in httpx.post(f"{mlflow()}/runs/search", json=wanted).json()["runs"]]
    best = min(runs, key=mae_of)
    return {"mae": round(mae_of(best), 3)} | {param["key"]: param["value"] for param in best["params"]}


def mae_of(run: dict[str, Any]) -> float:
    """A run's MAE in days."""
    return next(float(metric["value"]) for metric in run["metrics"] if metric["key"] == "mae")


def champion_version() -> str | None:
    """The version of the model that is champion; None if none is."""
    wanted = {"name": MODEL_NAME, "alias": CHAMPION}
    found = httpx.get(f"{mlflow()}/registered-models/alias", params=wanted)
    return str(found.json()["model_version"]["version"]) if found.is_success else None


def newest_version() -> str:
    """The version that was registered last."""
    wanted = {"filter": f"name='{MODEL_NAME}'", "order_by": "version_number DESC", "max_results": "1"}
    found = httpx.get(f"{mlflow()}/model-versions/search", params=wanted).json()["model_versions"]
    return str(found[0]["version"])


def mlflow() -> str:
    """The address of MLflow's interface."""
    return f"{load(RegistrySettings).url.get_secret_value()}/api/2.0/mlflow"
