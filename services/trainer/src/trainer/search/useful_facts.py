"""Which of a shop's facts a model uses: those that its own orders are forecast better with."""

from dataclasses import replace

import numpy as np

from common.errors import InvalidInput
from trainer.data.history import TrainingData
from trainer.model.params import Params
from trainer.search.trial import Task, run_trial

LEAST_GAIN = 0.0005
"""Share of the MAE that a fact must take off."""

MOST_ORDERS = 50_000
"""The newest so many orders say enough of what a fact is worth."""


def with_useful_facts(data: TrainingData, seed: int = 0) -> TrainingData:
    """The data with the facts that help: each was left out once, in the search's folds; all, if they are too short."""
    names = (*data.facts.numeric, *data.facts.category)
    if not names:
        return data
    newest = replace(data, history=data.history.where(np.arange(len(data.history)) >= len(data.history) - MOST_ORDERS))
    try:
        of_all = _mae(newest, seed)
    except InvalidInput:
        return data
    for name in names:
        if _mae(newest.without(name), seed) <= of_all * (1 + LEAST_GAIN):
            data = data.without(name)
    return data


def with_facts_useful_then(data: TrainingData, moment: np.datetime64, seed: int = 0) -> TrainingData:
    """The data with the facts that would have been chosen at a moment, from what was known by then."""
    return replace(data, used=with_useful_facts(data.known_at(moment), seed).facts)


def _mae(data: TrainingData, seed: int) -> float:
    known = int(np.isfinite(data.history.days).sum())
    task = Task.of(data, seed, threads=2)
    return run_trial(task, Params.usual(known, task.table.scale)).metrics["mae"]
