"""Search the model's parameters with Hyperopt's TPE on time folds; each trial is an MLflow run.

Trials are asked for and told in batches of `jobs`. Finished ones are kept in the data folder, so a search that was
killed goes on where it stopped when it is started again with the same data and seed.
"""

import hashlib
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

import mlflow
import numpy as np
from hyperopt import JOB_STATE_DONE, STATUS_FAIL, STATUS_OK, Trials, hp, tpe
from hyperopt.base import Domain

from common.errors import InvalidInput
from trainer.data.history import end_of, read_history
from trainer.evaluation.windows import folds
from trainer.model.fingerprint import fingerprint
from trainer.model.fit import Table
from trainer.model.params import Params
from trainer.model.places import read_places
from trainer.registry import tracking
from trainer.search.trial import Fold, prepared, run_trial

MOST_TREES = 300
CORES = 2

SPACE = {
    "depth": hp.uniformint("depth", 4, 7),
    "learning_rate": hp.loguniform("learning_rate", np.log(0.05), np.log(0.25)),
    "l2_leaf_reg": hp.loguniform("l2_leaf_reg", np.log(1), np.log(30)),
    "history_days": hp.quniform("history_days", 240, 720, 60),
    "half_life_days": hp.loguniform("half_life_days", np.log(90), np.log(720)),
}


@dataclass(frozen=True)
class Trial:
    """The best trial: its MLflow run, parameters and metrics (days)."""

    run_id: str
    params: dict[str, Any]
    metrics: dict[str, float]


def search(
    data_dir: Path,
    trials: int = 15,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda new: None,
) -> Trial:
    """Run trials until there are `trials`, and return the one with the lowest MAE; InvalidInput if all failed."""
    tracking.connect()
    table, made_of = read_work(data_dir, seed)
    tags = search_tags(data_dir, seed)
    store = data_dir / "searches" / f"{tags['search']}.pkl"
    past = _resume(store)
    domain = Domain(lambda _: None, SPACE)
    with _workers(jobs, table, made_of, seed) as run:
        progress(len(past.trials))
        while len(past.trials) < trials:
            docs = _ask(past, domain, min(jobs, trials - len(past.trials)), seed)
            for doc, result in zip(docs, run([_values(doc) for doc in docs]), strict=True):
                doc["result"], doc["state"] = log_trial(result, tags, seed), JOB_STATE_DONE
            past.insert_trial_docs(docs)
            past.refresh()
            _save(store, past)
            progress(len(docs))
    return best_of(past.results)


def read_work(data_dir: Path, seed: int) -> tuple[Table, list[Fold]]:
    """What each trial computes with."""
    history = read_history(data_dir)
    table = Table.of(history, read_places(data_dir), end_of(history))
    return table, prepared(table, folds(history), seed)


def search_tags(data_dir: Path, seed: int) -> dict[str, str]:
    """What tells the runs of this search, and those on this data, from all others."""
    data = fingerprint(data_dir)
    return {"search": hashlib.sha256(repr([data, seed, *sorted(SPACE)]).encode()).hexdigest()[:16], "data": data}


@dataclass(frozen=True)
class Outcome:
    """What a trial came to: its metrics, or why it failed."""

    params: Params
    metrics: dict[str, float]
    failure: str | None = None


@contextmanager
def _workers(
    jobs: int, table: Table, made_of: list[Fold], seed: int
) -> Iterator[Callable[[list[dict[str, Any]]], Iterable[Outcome]]]:
    """What runs trials: this process for one at a time, which a Celery worker's child may do, else others."""
    work = table, made_of, seed, CORES // jobs or 1
    if jobs == 1:
        _take(*work)
        yield lambda wanted: map(_try, wanted)
        return
    with ProcessPoolExecutor(jobs, get_context("forkserver"), _serve, work) as pool:
        yield lambda wanted: pool.map(_try, wanted)


_work: tuple[Table, list[Fold], int, int]


def _take(table: Table, made_of: list[Fold], seed: int, threads: int) -> None:
    """Before the first trial of a process: the data comes once, not with each trial."""
    global _work
    _work = table, made_of, seed, threads


def _serve(*work: Any) -> None:
    """The first thing in a process of its own, which shall not outlive a killed search."""
    Thread(target=_end_with, args=[parent_process()], daemon=True).start()
    _take(*work)


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _try(values: dict[str, Any]) -> Outcome:
    return try_params(values, *_work)


def try_params(values: dict[str, Any], table: Table, made_of: list[Fold], seed: int, threads: int) -> Outcome:
    """Run a trial with values of SPACE."""
    params = Params.of(values | {"iterations": MOST_TREES})
    try:
        return Outcome(*run_trial(table, made_of, params, seed, threads))
    except Exception as error:  # a trial that cannot be done is one failed run, not a dead search
        return Outcome(params, {}, f"{type(error).__name__}: {error}")


def log_trial(outcome: Outcome, tags: dict[str, str], seed: int) -> dict[str, Any]:
    """The trial as an MLflow run, and as Hyperopt's result."""
    params = asdict(outcome.params)
    with mlflow.start_run(tags={"step": "params-search", **tags}) as run:
        mlflow.log_params(params | {"seed": seed})
        mlflow.log_metrics(outcome.metrics)
        if outcome.failure:
            mlflow.set_tag("failure", outcome.failure)
    if outcome.failure:
        mlflow.MlflowClient().set_terminated(run.info.run_id, "FAILED")
        return {"status": STATUS_FAIL}
    found = Trial(run.info.run_id, params, outcome.metrics)
    return {"status": STATUS_OK, "loss": outcome.metrics["mae"], "trial": asdict(found)}


def _ask(past: Trials, domain: Domain, count: int, seed: int) -> list[dict[str, Any]]:
    ids = past.new_trial_ids(count)
    docs: list[dict[str, Any]] = tpe.suggest(ids, domain, past, seed + ids[0])
    return docs


def _values(doc: dict[str, Any]) -> dict[str, Any]:
    return {name: values[0] for name, values in doc["misc"]["vals"].items()}


def _resume(store: Path) -> Trials:
    return pickle.loads(store.read_bytes()) if store.exists() else Trials()  # noqa: S301, our own file


def _save(store: Path, past: Trials) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    scratch = store.with_suffix(".part")
    scratch.write_bytes(pickle.dumps(past))
    scratch.replace(store)


def best_of(results: list[dict[str, Any]]) -> Trial:
    """The trial with the lowest MAE among results of `log_trial`; InvalidInput if all failed."""
    found = [Trial(**result["trial"]) for result in results if result["status"] == STATUS_OK]
    if not found:
        raise InvalidInput(f"all {len(results)} trials failed: see the tag `failure` of their runs in MLflow")
    best = min(found, key=lambda trial: trial.metrics["mae"])
    mlflow.MlflowClient().set_tag(best.run_id, "best_of_search", "true")
    return best
