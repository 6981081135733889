"""Search the model's parameters with Hyperopt's TPE on time folds; each trial is an MLflow run.

Hyperopt is asked for `jobs` trials at a time. Finished ones are kept on disk, so a search that was killed goes on where
it stopped when it is started again with the same data and seed.
"""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hyperopt import JOB_STATE_DONE, Trials, tpe
from hyperopt.base import Domain

from trainer.data.history import TrainingData
from trainer.search.processes import trial_processes
from trainer.search.runs import Trial, best_of, log_missing, log_trial, search_tags
from trainer.search.space import SPACE
from trainer.search.trial import Task
from trainer.search.useful_facts import with_useful_facts

CORES = 2

MOST_ORDERS = 250_000
"""That trials are run on, a sample of more: parameters differ by less than noise beyond."""


log = logging.getLogger(__name__)


def search(
    data: TrainingData,
    kept_in: Path,
    trials: int = 15,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda new: None,
) -> Trial:
    """Run trials until there are `trials`, log them to the connected MLflow, and return the one with the lowest MAE.

    Their runs say by the tag `orders` what they were run on: of many orders a sample (MOST_ORDERS).
    kept_in: folder of unfinished searches. InvalidInput if all trials failed.
    """
    searched = data.sample(MOST_ORDERS)
    log.info("searching on %s", searched.extent)
    task = Task.of(with_useful_facts(searched, seed), seed, CORES // jobs or 1)
    tags = search_tags(data.fingerprint, seed) | {"history": data.version, "orders": searched.extent}
    store = kept_in / f"{tags['search']}.json"
    past = _resume(store)
    log_missing(past.results, tags, seed)
    domain = Domain(lambda _: None, SPACE)
    with trial_processes(jobs, task) as run:
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


def _ask(past: Trials, domain: Domain, count: int, seed: int) -> list[dict[str, Any]]:
    ids = past.new_trial_ids(count)
    docs: list[dict[str, Any]] = tpe.suggest(ids, domain, past, seed + ids[0])
    return docs


def _values(doc: dict[str, Any]) -> dict[str, Any]:
    return {name: values[0] for name, values in doc["misc"]["vals"].items()}


def _resume(store: Path) -> Trials:
    past = Trials()
    if store.exists():
        docs = json.loads(store.read_text())
        past.new_trial_ids(len(docs))
        past.insert_trial_docs(docs)
        past.refresh()
    return past


def _save(store: Path, past: Trials) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    scratch = store.with_suffix(".part")
    scratch.write_text(json.dumps(past.trials, default=_plain))
    scratch.replace(store)


def _plain(value: object) -> object:
    """NumPy's numbers as Python's; moments, which Hyperopt alone looks at, as nothing."""
    return value.item() if isinstance(value, np.generic) else None
