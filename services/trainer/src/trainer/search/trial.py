"""One trial of the search: fit the parameters on each time fold, and say how good they are there."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from catboost import Pool
from numpy.typing import NDArray

from trainer.evaluation.score import scores
from trainer.evaluation.windows import Window
from trainer.model.fit import STEP_TO_MEAN, Table, cross_forecast, effect_of_sellers, fit_trees, targets, teaching
from trainer.model.params import Params

PATIENCE = 25
"""Trees without gain on the fold after which a trial stops adding more."""


@dataclass(frozen=True)
class Fold:
    """A window with what was known at its start and no parameter changes: see `trainer.model.fit.targets` and
    `effect_of_sellers`."""

    window: Window
    targets: NDArray[np.float64]
    seller_effect: NDArray[np.float64]


def prepared(table: Table, windows: list[Window], seed: int) -> list[Fold]:
    """Folds of the windows."""
    found = []
    for window in windows:
        learned = teaching(table, window.start, Params())
        forecast = cross_forecast(table, learned, seed)
        effect = effect_of_sellers(table, forecast, learned, window.start)
        found.append(Fold(window, targets(table, forecast), effect))
    return found


def run_trial(
    table: Table, folds: list[Fold], params: Params, seed: int, threads: int
) -> tuple[Params, dict[str, Any]]:
    """The parameters with the trees that early stopping left, and metrics in days pooled over the folds."""
    actual, predicted, trees = [], [], []
    for fold in folds:
        judged = fold.window.orders(table.history)
        learned = teaching(table, fold.window.start, params)
        model = fit_trees(
            table,
            fold.targets,
            learned,
            fold.window.start,
            params,
            seed,
            threads,
            eval_set=Pool(table.features.columns[judged], fold.targets[judged]),
            early_stopping_rounds=PATIENCE,
        )
        raw = model.predict(table.features.columns[judged], prediction_type="RawFormulaVal")[:, 0]
        effect = fold.seller_effect[table.history.orders.seller_zip_code_prefix[judged]]
        worked = np.exp(raw + effect + STEP_TO_MEAN + table.log_level[judged])
        start = table.calendar.start(table.history.orders.purchase_timestamp[judged])
        predicted.append(table.calendar.days(start, worked))
        actual.append(table.history.days[judged])
        trees.append(model.tree_count_)
    kept = replace(params, iterations=round(float(np.mean(trees))))
    return kept, scores(np.concatenate(actual), np.concatenate(predicted))
