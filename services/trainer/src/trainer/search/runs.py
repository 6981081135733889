"""Trials as MLflow runs."""

import hashlib
import logging
from dataclasses import asdict, dataclass
from typing import Any

import mlflow
from hyperopt import STATUS_FAIL, STATUS_OK
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException

from common.errors import InvalidInput
from trainer.search.space import SPACE
from trainer.search.trial import TrialResult

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trial:
    """A finished trial: its MLflow run, parameters and metrics (days)."""

    run_id: str
    params: dict[str, Any]
    metrics: dict[str, float]


def search_tags(fingerprint: str, seed: int) -> dict[str, str]:
    """What marks the runs of this search, and all those on this data."""
    search = hashlib.sha256(repr([fingerprint, seed, *sorted(SPACE)]).encode()).hexdigest()[:16]
    return {"search": search, "data": fingerprint}


def log_trial(result: TrialResult, tags: dict[str, str], seed: int) -> dict[str, Any]:
    """The trial as an MLflow run, and as Hyperopt's result."""
    run_id = _log(asdict(result.params), result.metrics, tags, seed, result.failure)
    if result.failure:
        return {"status": STATUS_FAIL}
    trial = Trial(run_id, asdict(result.params), result.metrics)
    return {"status": STATUS_OK, "loss": result.metrics["mae"], "trial": asdict(trial)}


def log_missing(results: list[dict[str, Any]], tags: dict[str, str], seed: int) -> None:
    """Log finished trials again, in place, whose runs are gone: somebody deleted them, or the MLflow is a new one."""
    gone = [result for result in results if result["status"] == STATUS_OK and not _is_there(result["trial"]["run_id"])]
    if gone:
        log.warning("the MLflow runs of %d of %d trials are gone: logged anew", len(gone), len(results))
    for result in gone:
        trial = result["trial"]
        trial["run_id"] = _log(trial["params"], trial["metrics"], tags, seed, None)


def best_of(results: list[dict[str, Any]]) -> Trial:
    """The trial with the lowest MAE among results of `log_trial`; InvalidInput if all failed."""
    trials = [Trial(**result["trial"]) for result in results if result["status"] == STATUS_OK]
    if not trials:
        raise InvalidInput(f"all {len(results)} trials failed: see the tag `failure` of their runs in MLflow")
    best = min(trials, key=lambda trial: trial.metrics["mae"])
    mlflow.MlflowClient().set_tag(best.run_id, "best_of_search", "true")
    return best


def _log(
    params: dict[str, Any], metrics: dict[str, float], tags: dict[str, str], seed: int, failure: str | None
) -> str:
    name = f"trial, MAE {metrics['mae']:.4g} days" if "mae" in metrics else "trial, failed"
    with mlflow.start_run(run_name=name, tags={"step": "params-search", **tags}) as run:
        mlflow.log_params(params | {"seed": seed})
        mlflow.log_metrics(metrics)
        if failure:
            mlflow.set_tag("failure", failure)
    run_id = str(run.info.run_id)
    if failure:
        mlflow.MlflowClient().set_terminated(run_id, "FAILED")
    return run_id


def _is_there(run_id: str) -> bool:
    try:
        return bool(mlflow.MlflowClient().get_run(run_id).info.lifecycle_stage == LifecycleStage.ACTIVE)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
