"""Fit the best trial's parameters on everything known, register the bundle, and let the gate decide on its alias."""

import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from common.database.delivery_pace import write_pace
from common.database.session import transaction
from common.errors import InvalidInput, NoChampion
from common.model.bundle import Bundle
from common.servers.registry import CHALLENGER, CHAMPION, MODEL_NAME, Registry
from common.settings import RegistrySettings, load
from trainer.data.history import History, as_datetime, end_of, read_history
from trainer.evaluation.card import model_card
from trainer.evaluation.gate import PARITY_TOLERANCE, cutoff_of, judge, parity
from trainer.evaluation.plots import plot_window
from trainer.evaluation.windows import gate_window
from trainer.model.bundling import write_bundle
from trainer.model.fingerprint import fingerprint
from trainer.model.fit import Table, fit
from trainer.model.params import Params
from trainer.model.places import read_places
from trainer.registry import pyfunc_model, tracking, versions

EXAMPLE = pd.DataFrame({"seller_zip_code_prefix": [9350], "customer_lat": [-23.577], "customer_lng": [-46.587]})


@dataclass(frozen=True)
class Registered:
    """A version in the registry, the alias it got and why; metrics of the newest window, in days."""

    version: str
    alias: str
    metrics: dict[str, float]
    reason: str


def register(data_dir: Path, seed: int = 0, as_of: datetime | None = None) -> Registered:
    """Register the best trial of all searches on this data; InvalidInput if there is none.

    as_of (UTC, without zone): learn, and be judged, as on that day; what came later is not looked at.
    """
    tracking.connect()
    best = best_run(fingerprint(data_dir))
    params = Params.of(best.data.params)
    history = _known(read_history(data_dir), as_of)
    table = Table.of(history, read_places(data_dir), end_of(history))
    champion = current_champion()
    window = gate_window(history, cutoff_of(champion) if champion else None)
    verdict = judge(table, window, params, champion, seed)
    model = fit(table, end_of(history), params, seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        bundle = write_bundle(
            folder,
            model,
            table.places,
            table.pace,
            verdict.metrics,
            fingerprint(data_dir),
            {"model_card.md": model_card(verdict, table.places, params, model, fingerprint(data_dir))},
        )
        difference = parity(bundle, verdict.judged)
        objections = list(verdict.objections)
        if difference > PARITY_TOLERANCE:
            objections.append(f"the single-row path differs from CatBoost by {difference:.2g} days")
        plots = plot_window(Path(scratch), verdict)
        tags = {"step": "register-model", "trial": best.info.run_id, "as_of": str(as_of or "")}
        with mlflow.start_run(tags=tags):
            mlflow.log_params(asdict(params))
            mlflow.log_metrics(verdict.metrics | {"parity_days": difference})
            for path in (*plots, folder / "model_card.md"):
                mlflow.log_artifact(str(path))
            version = log_and_register(folder)
    reason = "; ".join(objections) or f"won on {verdict.window}: MAE {verdict.metrics['mae']:.3f} days"
    alias = CHALLENGER if objections else CHAMPION
    if objections:
        versions.keep_as_challenger(version, reason)
    else:
        versions.point_champion(version, reason, actor="trainer")
    with transaction() as session:
        write_pace(session, bundle.pace.rows())
    return Registered(version, alias, verdict.metrics, reason)


def _known(history: History, as_of: datetime | None) -> History:
    if as_of is None:
        return history
    known = history.as_of(np.datetime64(as_of, "s"))
    if np.isnat(known.delivered).all():
        raise InvalidInput(
            f"no delivery was known on {as_of:%Y-%m-%d}: the prepared orders begin on "
            f"{as_datetime(history.orders.purchase_timestamp[0]):%Y-%m-%d}"
        )
    return known


def current_champion() -> Bundle | None:
    """The champion's bundle, None before the first."""
    with Registry(load(RegistrySettings)) as registry:
        try:
            return registry.bundle(registry.resolve().version)
        except NoChampion:
            return None


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


def best_run(data: str) -> Any:
    """The MLflow run of the trial with the lowest MAE on the data of this fingerprint; other data has other errors."""
    found = mlflow.MlflowClient().search_runs(
        [tracking.experiment_id()],
        filter_string=f"tags.step = 'params-search' and tags.data = '{data}' and attributes.status = 'FINISHED'",
        order_by=["metrics.mae ASC"],
        max_results=1,
    )
    if not found:
        raise InvalidInput("the registry holds no finished trial on this data: run `make params-search` first")
    return found[0]


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
