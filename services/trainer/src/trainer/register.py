"""Retrain the best trial's parameters on everything known, and register the bundle as the champion."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from common.database.session import transaction
from common.database.tables import ModelEvent
from common.errors import InvalidInput
from common.registry import CHAMPION, MODEL_NAME
from trainer import pyfunc_model, tracking
from trainer.fit import fit, read_centroids, write_bundle
from trainer.training_table import labelled, read_orders

EXAMPLE = pd.DataFrame({"seller_zip_code_prefix": [9350], "customer_lat": [-23.577], "customer_lng": [-46.587]})


@dataclass(frozen=True)
class Registered:
    """A version in the registry and the alias it got."""

    version: str
    alias: str
    metrics: dict[str, float]


def register(data_dir: Path, seed: int = 0) -> Registered:
    """Register the best trial of all searches; InvalidInput if there is none."""
    tracking.connect()
    best = best_run()
    train = labelled(read_orders(data_dir).drop_nulls("delivery_days"))
    centroids = read_centroids(data_dir)
    model = fit(train, centroids, params_of(best), seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        write_bundle(folder, model, centroids, train, best.data.metrics, fingerprint(data_dir))
        with mlflow.start_run(tags={"step": "register-model", "trial": best.info.run_id}):
            mlflow.log_params(best.data.params)
            mlflow.log_metrics(best.data.metrics)
            version = log_and_register(folder)
    mlflow.MlflowClient().set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    with transaction() as session:
        session.add(ModelEvent(event="promoted", model_version=version, actor="trainer", reason="first registration"))
    return Registered(version, CHAMPION, best.data.metrics)


def log_and_register(folder: Path) -> str:
    """Log a bundle folder as an MLflow model in the running MLflow run, and register it; the new version."""
    logged = mlflow.pyfunc.log_model(
        name="model",
        python_model=pyfunc_model.__file__,
        artifacts={"bundle": str(folder)},
        signature=signature(),
        input_example=EXAMPLE,
        pip_requirements=["delivery-time-common"],
        registered_model_name=MODEL_NAME,
    )
    return str(logged.registered_model_version)


def best_run() -> Any:
    """The MLflow run of the trial with the lowest MAE."""
    found = mlflow.MlflowClient().search_runs(
        [tracking.experiment_id()],
        filter_string="tags.step = 'params-search' and attributes.status = 'FINISHED'",
        order_by=["metrics.mae ASC"],
        max_results=1,
    )
    if not found:
        raise InvalidInput("the registry holds no finished trial: run `make params-search` first")
    return found[0]


def params_of(run: Any) -> dict[str, Any]:
    """CatBoost's parameters out of a trial's logged ones."""
    read = {"iterations": int, "depth": int, "learning_rate": float, "l2_leaf_reg": float}
    return {name: kind(run.data.params[name]) for name, kind in read.items()}


def fingerprint(data_dir: Path) -> str:
    """sha256 of the prepared orders."""
    with (data_dir / "prepared" / "orders.parquet").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def signature() -> ModelSignature:
    """Three required columns in, days with their interval out."""
    return ModelSignature(
        inputs=Schema(
            [
                ColSpec("long", "seller_zip_code_prefix"),
                ColSpec("double", "customer_lat"),
                ColSpec("double", "customer_lng"),
            ]
        ),
        outputs=Schema([ColSpec("double", name) for name in ("delivery_time_days", "lower_days", "upper_days")]),
    )
