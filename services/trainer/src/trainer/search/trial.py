"""One trial of the search: fit the parameters on each time fold, and measure how good they are there."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from catboost import Pool

from common.arrays import Floats
from common.model.effects import Effects
from trainer.data.history import TrainingData
from trainer.evaluation.holdouts import Holdout, folds
from trainer.evaluation.score import scores
from trainer.model.calibration import STEP_TO_MEAN
from trainer.model.forecast import cross_forecast, effects_of, fit_trees, targets, teaching, weights
from trainer.model.params import Params
from trainer.model.table import TrainingTable, scale_of
from trainer.model.usual import Inputs, inputs_of

MOST_TREES = 300

PATIENCE = 25
"""Trees without gain on the fold after which a trial stops adding more."""


@dataclass(frozen=True)
class Fold:
    """A holdout, with what was known at its start and no parameter changes: see `trainer.model.forecast`."""

    holdout: Holdout
    inputs: Inputs
    targets: Floats
    effects: Effects


@dataclass(frozen=True)
class Task:
    """What every trial of a search computes with."""

    table: TrainingTable
    folds: list[Fold]
    seed: int
    threads: int

    @classmethod
    def of(cls, data: TrainingData, seed: int, threads: int) -> "Task":
        """The table and its folds; InvalidInput if the data is too short for them."""
        holdouts = folds(data.history, scale_of(data.history))
        table = TrainingTable.of(data, holdouts[0].start)
        return cls(table, [_fold(table, holdout, seed) for holdout in holdouts], seed, threads)


@dataclass(frozen=True)
class TrialResult:
    """A trial's parameters, with the trees that early stopping kept, and its metrics in days, or why it failed."""

    params: Params
    metrics: dict[str, float]
    failure: str | None = None


def try_params(values: dict[str, Any], task: Task) -> TrialResult:
    """Run a trial with values of `trainer.search.space.SPACE`; a trial that cannot be done is no dead search."""
    params = Params.of(values | {"iterations": MOST_TREES}).slowed(task.table.scale)
    try:
        return run_trial(task, params)
    except Exception as error:
        return TrialResult(params, {}, f"{type(error).__name__}: {error}")


def run_trial(task: Task, params: Params) -> TrialResult:
    """Metrics pooled over the folds."""
    table = task.table
    actual, predicted, trees = [], [], []
    for fold in task.folds:
        judged = fold.holdout.orders(table.history)
        learned = teaching(table, fold.holdout.start, params)
        model = fit_trees(
            table,
            fold.inputs,
            fold.targets,
            learned,
            fold.holdout.start,
            params,
            task.seed,
            task.threads,
            eval_set=Pool(fold.inputs.columns[judged], fold.targets[judged]),
            early_stopping_rounds=PATIENCE,
        )
        raw = model.predict(fold.inputs.columns[judged], prediction_type="RawFormulaVal")[:, 0]
        located = table.located.where(judged)
        effect = fold.effects.of(located.origin, located.destination, located.categories)
        worked = np.exp(raw + effect + STEP_TO_MEAN + table.log_level[judged])
        predicted.append(table.days(worked, judged))
        actual.append(table.history.days[judged])
        trees.append(model.tree_count_)
    kept = replace(params, iterations=round(float(np.mean(trees))))
    return TrialResult(kept, scores(np.concatenate(actual), np.concatenate(predicted)))


def _fold(table: TrainingTable, holdout: Holdout, seed: int) -> Fold:
    params = Params().slowed(table.scale)
    learned = teaching(table, holdout.start, params)
    inputs = inputs_of(table, learned, weights(table, holdout.start, params), seed)
    cross = cross_forecast(table, inputs, learned, seed)
    return Fold(
        holdout, inputs, targets(table, cross, learned), effects_of(table, cross, learned, holdout.start, params)
    )
