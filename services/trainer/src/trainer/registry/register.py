"""Fit the best trial's parameters on everything known, register the bundle, and let the gate decide on its alias."""

import logging
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import mlflow
import numpy as np
from mlflow.entities import Run

from common.database.delivery_pace import write_pace
from common.errors import InvalidInput
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from common.servers.registry import CHALLENGER, CHAMPION, MODEL_NAME
from trainer.data.history import TrainingData, end_of
from trainer.evaluation.card import model_card
from trainer.evaluation.gate import Evaluation, judge
from trainer.evaluation.parity import TOLERANCE_DAYS, parity
from trainer.evaluation.plots import plot_holdout
from trainer.model.bundling import code_version, write_bundle
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable, scale_of
from trainer.registry.versions import Versions
from trainer.search.useful_facts import with_useful_facts

STEP = "register-model"
USUAL = "usual parameters"
"""The tag `trial` of a model that no search was made for."""

NOW = "now"
"""The tag `as_of` of a model that learned everything known."""

log = logging.getLogger(__name__)


class NoTrial(InvalidInput):
    """No search was made on this data."""

    def __init__(self) -> None:
        super().__init__("the registry holds no finished trial on this data: run `make params-search` first")


@dataclass(frozen=True)
class Registered:
    """A version in the registry, the alias it got and why; metrics of the newest holdout, in days."""

    version: str
    alias: str
    metrics: dict[str, float]
    reason: str


def register(data: TrainingData, versions: Versions, seed: int = 0, as_of: datetime | None = None) -> Registered:
    """Register the best trial of all searches on this data; InvalidInput if there is none.

    as_of (UTC, without zone): learn, and be judged, as on that day; what came later is not looked at. A search that had
    seen more chose parameters that nobody could know, so without a search as of that day the usual ones are taken.
    """
    if as_of is not None:
        data = data.known_at(np.datetime64(as_of, "s"))
    trials = finished_trials(data.fingerprint, versions.tracking.experiment_id)
    if not trials and as_of is None:
        raise NoTrial
    known = with_useful_facts(data, seed)
    usual = Params.usual(known.deliveries, scale_of(known.history))
    params = Params.of(trials[0].data.params) if trials else usual
    table = TrainingTable.of(known)
    champion = versions.champion()
    evaluation = judge(known, params, champion, seed)
    model = fit(table, end_of(known.history), params, seed)
    if not evaluation.hand_overs_help:
        model = replace(model, after_hand_over=None)
    if not evaluation.promises_help:
        model = replace(model, with_promise=None)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        card = model_card(evaluation, model, table, data.fingerprint)
        texts = {"model_card.md": card}
        bundle = write_bundle(folder, model, table, evaluation.metrics, data.fingerprint, texts, data.version)
        difference = parity(bundle, evaluation.judged)
        plots = plot_holdout(Path(scratch), evaluation)
        trial = trials[0].info.run_id if trials else USUAL
        tags = {"step": STEP, "trial": trial, "as_of": str(as_of or NOW), "code": code_version()}
        lost = table.presumed_lost(model.cutoff).sum()
        tags |= {"history": data.version, "orders": data.extent, "orders_presumed_lost": f"{lost:,}"}
        with mlflow.start_run(run_name=STEP, tags=tags):
            mlflow.log_params(asdict(params))
            mlflow.log_metrics(evaluation.metrics | {"parity_days": difference})
            for path in (*plots, folder / "model_card.md"):
                mlflow.log_artifact(str(path))
            version = versions.log_and_register(folder, Predictor(bundle).reading.further)
            mlflow.set_tag("version", version)
            mlflow.set_tag("mlflow.runName", f"version {version}")
            mlflow.MlflowClient().update_model_version(MODEL_NAME, version, description=card.partition("\n## ")[0])
    registered = let_through(
        version, champion, evaluation, lambda rival: judge(known, params, rival, seed), difference, versions
    )
    with versions.database.transaction() as session:
        write_pace(session, bundle.pace.rows())
    return registered


def let_through(
    version: str,
    champion: Bundle | None,
    evaluation: Evaluation,
    against: Callable[[Bundle | None], Evaluation],
    difference: float,
    versions: Versions,
) -> Registered:
    """Give a version the alias that the gate decides on; if another champion came meanwhile, judge again, against it.

    difference: in days, between the single-row path and CatBoost.
    """
    registered = _decided(version, evaluation, difference)
    while registered.alias == CHAMPION:
        if versions.promote_over(champion.version if champion else None, version, registered.reason, actor="trainer"):
            return registered
        log.warning("another version became champion meanwhile: version %s is judged again, against it", version)
        champion = versions.champion()
        registered = _decided(version, against(champion), difference)
    versions.keep_as_challenger(version, registered.reason)
    return registered


def same_model(data: TrainingData, versions: Versions) -> str | None:
    """The registered version that `register` would make again: of the same orders, trial and code. None if new, or if
    its trainer died before the gate's word was carried out.
    """
    best = best_run(data.fingerprint, versions.tracking.experiment_id)
    runs = mlflow.MlflowClient().search_runs(
        [versions.tracking.experiment_id],
        f"tags.step = '{STEP}' and tags.trial = '{best.info.run_id}' and tags.as_of = '{NOW}' "
        f"and tags.code = '{code_version()}' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
    )
    made = [run.data.tags["version"] for run in runs if "version" in run.data.tags]
    return next(
        (version for version in made if versions.bundles.exists(version) and versions.was_judged(version)), None
    )


def best_run(fingerprint: str, experiment_id: str) -> Run:
    """The MLflow run of the best trial on the data of this fingerprint; NoTrial."""
    trials = finished_trials(fingerprint, experiment_id)
    if not trials:
        raise NoTrial
    return trials[0]


def finished_trials(fingerprint: str, experiment_id: str) -> list[Run]:
    """The MLflow runs of trials on the data of this fingerprint, the lowest MAE first; other data has other errors."""
    return list(
        mlflow.MlflowClient().search_runs(
            [experiment_id],
            f"tags.step = 'params-search' and tags.data = '{fingerprint}' and attributes.status = 'FINISHED'",
            order_by=["metrics.mae ASC", "attributes.start_time ASC"],
            max_results=1,
        )
    )


def _decided(version: str, evaluation: Evaluation, difference: float) -> Registered:
    """Champion, or challenger with its reasons."""
    objections = list(evaluation.objections)
    if difference > TOLERANCE_DAYS:
        objections.append(f"the single-row path differs from CatBoost by {difference:.2g} days")
    if objections:
        return Registered(version, CHALLENGER, evaluation.metrics, "; ".join(objections))
    won = f"won on {evaluation.holdout}: MAE {evaluation.metrics['mae']:.4g} days"
    return Registered(version, CHAMPION, evaluation.metrics, won)
