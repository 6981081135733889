"""Search CatBoost's parameters with Hyperopt; each trial is an MLflow run, judged on the orders after its training."""

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import polars as pl
from hyperopt import STATUS_OK, Trials, fmin, hp, tpe

from common.features import features
from common.geography import Centroids
from trainer import tracking
from trainer.fit import fit, read_centroids
from trainer.score import scores
from trainer.training_table import Labelled, known_at, labelled, read_orders

VALIDATION_DAYS = 60
"""Length of the window that trials are judged on: the newest whose orders have had time to arrive."""

SETTLING_DAYS = 45
"""Orders younger than this at the end of the data are left out of the validation: its slow ones are missing."""

SPACE = {
    "iterations": hp.uniformint("iterations", 100, 400),
    "depth": hp.uniformint("depth", 4, 7),
    "learning_rate": hp.loguniform("learning_rate", np.log(0.03), np.log(0.3)),
    "l2_leaf_reg": hp.loguniform("l2_leaf_reg", np.log(1), np.log(30)),
}


@dataclass(frozen=True)
class Trial:
    """The best trial: its MLflow run, parameters and metrics (days)."""

    run_id: str
    params: dict[str, Any]
    metrics: dict[str, float]


def search(data_dir: Path, trials: int = 15, seed: int = 0) -> Trial:
    """Run `trials` trials and return the one with the lowest MAE."""
    tracking.connect()
    train, valid = split_in_time(read_orders(data_dir))
    centroids = read_centroids(data_dir)
    done: list[Trial] = []

    def objective(params: dict[str, Any]) -> dict[str, Any]:
        params = {name: int(value) if name in ("iterations", "depth") else value for name, value in params.items()}
        done.append(_trial(params, train, valid, centroids, seed))
        return {"loss": done[-1].metrics["mae"], "status": STATUS_OK}

    fmin(
        objective,
        SPACE,
        algo=tpe.suggest,
        max_evals=trials,
        trials=Trials(),
        rstate=np.random.default_rng(seed),
        show_progressbar=sys.stderr.isatty(),
    )
    best = min(done, key=lambda trial: trial.metrics["mae"])
    mlflow.MlflowClient().set_tag(best.run_id, "best_of_search", "true")
    return best


def split_in_time(orders: pl.DataFrame) -> tuple[Labelled, Labelled]:
    """Train on what was known before the validation window opens; validate on every order bought in it."""
    newest: datetime = orders["purchase_timestamp"].max()  # type: ignore[assignment]
    end = newest - timedelta(days=SETTLING_DAYS)
    start = end - timedelta(days=VALIDATION_DAYS)
    bought = orders.filter(pl.col("purchase_timestamp").is_between(start, end), pl.col("delivery_days").is_not_null())
    return labelled(known_at(orders, start)), labelled(bought)


def _trial(params: dict[str, Any], train: Labelled, valid: Labelled, centroids: Centroids, seed: int) -> Trial:
    with mlflow.start_run(tags={"step": "params-search"}) as run:
        mlflow.log_params(params | {"seed": seed, "train_rows": len(train), "valid_rows": len(valid)})
        model = fit(train, centroids, params, seed)
        lower, median, upper = np.maximum(np.sort(model.predict(features(valid.orders, centroids)), axis=1), 0).T
        metrics = scores(valid.days, median, lower, upper)
        mlflow.log_metrics(metrics)
    return Trial(run.info.run_id, params, metrics)
