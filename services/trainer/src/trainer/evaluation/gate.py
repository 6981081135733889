"""The gate: may a candidate become champion? Judged on the newest window, against the champion and the baselines."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from catboost import CatBoost
from numpy.typing import NDArray

from common.model.bundle import Bundle
from common.model.predictor import Predictions, Predictor
from common.model.quality import mae
from trainer.data.history import DAY, History, end_of
from trainer.evaluation.baselines import constant_median, original_recipe
from trainer.evaluation.score import scores
from trainer.evaluation.windows import FEWEST_KNOWN, Window
from trainer.model.bundling import in_memory
from trainer.model.fit import Table, fit
from trainer.model.params import Params

MARGIN = 0.005
"""A candidate's MAE must be lower by this share: less is noise."""

COVERAGE_BOUNDS = (0.82, 0.97)
"""Of the 90 % interval on one window; a window has its shocks, the backtest is held to 0.88..0.92."""

PARITY_TOLERANCE = 1e-6
PARITY_ROWS = 2_000

Days = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """metrics: days, of the candidate and its rivals on the window. objections: why not, empty if it may."""

    window: Window
    judged: History
    predictions: Predictions
    metrics: dict[str, float]
    objections: list[str]


def judge(table: Table, window: Window, params: Params, champion: Bundle | None, seed: int = 0) -> Verdict:
    """Fit the parameters on what was known when the window opened, and compare."""
    history = table.history
    known = history.where(history.known_at(window.start))
    judged = history.where(window.orders(history))
    predictions = forecaster(table, params, window, seed).predict(judged.orders)
    metrics = scores(judged.days, predictions.days, predictions.lower_days, predictions.upper_days)
    rivals = {
        "the constant median": constant_median(known, judged.orders),
        "the original's recipe": original_recipe(known, judged.orders, seed),
        "the shop's promise": judged.promised_days,
    }
    if champion:
        rivals |= {"the champion": _champion(table, window, champion, judged, seed)}
    objections = []
    for name, days in rivals.items():
        theirs = mae(judged.days, days)
        metrics[f"mae_of_{name.removeprefix('the ').replace(' ', '_').replace(chr(39), '')}"] = theirs
        if metrics["mae"] > theirs * (1 - MARGIN):
            objections.append(f"MAE {metrics['mae']:.3f} is not {MARGIN:.1%} below {name}'s {theirs:.3f}")
    low, high = COVERAGE_BOUNDS
    if not low <= metrics["interval_coverage"] <= high:
        objections.append(f"the interval covers {metrics['interval_coverage']:.1%}, outside {low:.0%}..{high:.0%}")
    return Verdict(window, judged, predictions, metrics, objections)


def parity(bundle: Bundle, judged: History) -> float:
    """Largest difference in days between the single-row path and CatBoost, over up to PARITY_ROWS judged orders."""
    model = CatBoost()
    model.load_model(str(bundle.folder / "model.cbm"))
    bulk: Callable[[NDArray[np.float32]], Days] = model.predict
    sample = judged.where(np.arange(len(judged)) < PARITY_ROWS).orders
    expected = Predictor(bundle, raw=bulk).predict(sample)
    single = Predictor(bundle)
    found = [single.predict_one(order, purchase) for order, purchase in sample.each()]
    differences = [
        np.abs(np.array([getattr(one, name) for one in found]) - getattr(expected, name)).max()
        for name in ("days", "lower_days", "upper_days")
    ]
    return float(max(differences))


def forecaster(table: Table, params: Params, window: Window, seed: int) -> Predictor:
    """The parameters' model as known when the window opened, with the pace of each day."""
    return _known_until(table, params, window.start, seed)


def _champion(table: Table, window: Window, champion: Bundle, judged: History, seed: int) -> Days:
    """The champion as it is; if it has learned from the window, its parameters fitted before the window, as much
    earlier as the champion is older than the data: keeping it means forecasts of that age."""
    cutoff = cutoff_of(champion)
    if cutoff <= window.start:
        return Predictor(champion, pace=table.pace).predict(judged.orders).days
    age = max(int((end_of(table.history) - cutoff) / DAY), 0) * DAY
    if table.history.known_at(window.start - age).sum() < FEWEST_KNOWN:
        age = 0 * DAY
    params = Params.of(champion.manifest.params)
    return _known_until(table, params, window.start - age, seed).predict(judged.orders).days


def cutoff_of(champion: Bundle) -> np.datetime64:
    """Until when the champion knew of deliveries; older bundles only tell the newest purchase that taught them."""
    learned = champion.manifest.training_window
    return np.datetime64(learned.get("known_until", learned["end"]), "s")


def _known_until(table: Table, params: Params, cutoff: np.datetime64, seed: int) -> Predictor:
    return Predictor(in_memory(fit(table, cutoff, params, seed), table.places, table.pace), pace=table.pace)
