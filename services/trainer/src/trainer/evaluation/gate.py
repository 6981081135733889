"""The gate: may a candidate become champion? Judged on the newest holdout, against the champion and the baselines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from common.arrays import Floats
from common.model.bundle import Bundle
from common.model.measured_pace import measured_pace
from common.model.predictor import Predictions, Predictor
from common.model.quality import mae
from common.orders.clock import Clock
from common.orders.shop.declared import SERVICE
from trainer.data.history import DAY, History, TrainingData, as_datetime, end_of
from trainer.evaluation.after_purchase import days_from_hand_over
from trainer.evaluation.baselines import constant_median, three_fact_baseline
from trainer.evaluation.holdouts import FEWEST_JUDGED, FEWEST_KNOWN, Holdout, gate_holdout
from trainer.evaluation.score import scores
from trainer.model.bundling import bundled_map, servable
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable, scale_of

MARGIN = 0.005
"""A candidate's MAE must be lower by this share: less is noise."""

PROMISE = "the shop's promise"

COVERAGE_BOUNDS = (0.82, 0.97)
"""Of the 90 % interval on one holdout; a holdout has its shocks, the backtest is held to 0.88..0.92."""


@dataclass(frozen=True)
class Evaluation:
    """metrics: days, of the candidate and its rivals on the holdout. objections: why not to promote, empty if none.
    hand_overs_help, promises_help: whether the model of orders that were handed over, or were promised a day, forecasts
    them better than the first one does."""

    holdout: Holdout
    judged: History
    predictions: Predictions
    metrics: dict[str, float]
    objections: list[str]
    hand_overs_help: bool = False
    promises_help: bool = False


def judge(data: TrainingData, params: Params, champion: Bundle | None, seed: int = 0) -> Evaluation:
    """Choose the gate's holdout, fit the parameters on what was known when it opened, and compare.

    The champion of another shop is no rival: it knows nothing of these orders.
    """
    if champion is not None and champion.manifest.shop.name != data.shop.name:
        champion = None
    learned = champion if champion and not champion.manifest.is_declared else None
    holdout = gate_holdout(data.history, scale_of(data.history), cutoff_of(learned) if learned else None)
    return evaluate(TrainingTable.of(data, holdout.start), holdout, params, champion, seed)


def evaluate(
    table: TrainingTable, holdout: Holdout, params: Params, champion: Bundle | None, seed: int = 0
) -> Evaluation:
    """Fit the parameters on what was known when the holdout opened, and compare."""
    history = table.history
    known = history.where(history.known_at(holdout.start))
    judged = history.where(holdout.orders(history))
    candidate = forecaster(table, params, holdout.start, seed)
    predictions, without = candidate.predict(judged.orders), candidate.predict(replace(judged.orders, promised=None))
    promises_help = mae(judged.days, predictions.days) < mae(judged.days, without.days)
    predictions = predictions if promises_help else without
    metrics = scores(judged.days, predictions.days, predictions.lower_days, predictions.upper_days)
    if promises_help:
        metrics["mae_without_promise"] = mae(judged.days, without.days)
    rivals = {
        "the constant median": constant_median(known, judged.orders),
        "the three-fact baseline": three_fact_baseline(known, judged.orders, seed),
        PROMISE: judged.promised_days,
    }
    if table.shop.declared:
        distance = table.columns[holdout.orders(history), 4].astype(np.float64)
        rivals |= {"the declared days": table.shop.declared.days(distance, _services(judged))}
    rival = _rival(table, holdout, champion, seed) if champion else None
    if rival:
        rivals |= {"the champion": rival.predict(judged.orders).days}
    objections = []
    if champion and table.shop.synthetic and champion.manifest.shop.synthetic is False:
        objections.append("its orders are made up, the champion has learned from real ones")
    unbeatable = {PROMISE} if table.shop.promise_barred else set()  # what it says nobody knew at the purchase
    for name, (ours, theirs) in _compared(judged.days, predictions.days, rivals):
        metrics[_metric(name)] = theirs
        if ours > theirs * (1 - MARGIN) and name not in unbeatable:
            objections.append(f"MAE {ours:.4g} is not {MARGIN:.1%} below {name}'s {theirs:.4g}")
    low, high = COVERAGE_BOUNDS
    if not low <= metrics["interval_coverage"] <= high:
        objections.append(f"the interval covers {metrics['interval_coverage']:.1%}, outside {low:.0%}..{high:.0%}")
    then = days_from_hand_over(candidate, judged)
    told = np.isfinite(then)
    if told.sum() < FEWEST_JUDGED:
        return Evaluation(holdout, judged, predictions, metrics, objections, promises_help=promises_help)
    ours, first = mae(judged.days[told], then[told]), mae(judged.days[told], predictions.days[told])
    metrics |= {"mae_after_hand_over": ours, "mae_at_purchase_of_these": first}
    helps = ours < first
    if rival and rival.knows_hand_overs:
        theirs = mae(judged.days[told], days_from_hand_over(rival, judged)[told])
        metrics["mae_after_hand_over_of_champion"] = theirs
        if min(ours, first) > theirs * (1 + MARGIN):
            objections.append(f"after the hand-over, MAE {ours:.4g} is more than the champion's {theirs:.4g}")
    return Evaluation(holdout, judged, predictions, metrics, objections, helps, promises_help)


def _compared(
    actual: Floats, ours: Floats, rivals: Mapping[str, Floats | None]
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Our MAE and that of each rival, on the orders that it has an answer for."""
    for name, days in rivals.items():
        if days is not None and (told := np.isfinite(days)).any():
            yield name, (mae(actual[told], ours[told]), mae(actual[told], days[told]))


def _services(judged: History) -> list[str | None]:
    texts = judged.orders.texts.get(SERVICE)
    return [None] * len(judged) if texts is None else texts.tolist()


def forecaster(table: TrainingTable, params: Params, cutoff: np.datetime64, seed: int) -> Predictor:
    """The parameters' model as of the cut-off, with the pace of each day."""
    return Predictor(servable(fit(table, cutoff, params, seed), table, {}, ""), pace=table.pace)


def with_its_pace(champion: Bundle, table: TrainingTable) -> Predictor:
    """The champion with the pace of each day, in the groups that it knows: the shop's map may have changed since."""
    if champion.manifest.map == bundled_map(table):
        return Predictor(champion, pace=table.pace)
    history, clock = table.history, Clock(champion.manifest.shop.time_zone)
    until = as_datetime(clock.local(np.array([end_of(history)]))[0]).date()
    pace = measured_pace(history.orders, history.delivered, champion, clock, until)
    return Predictor(champion, pace=pace, clock=clock)


def cutoff_of(champion: Bundle) -> np.datetime64:
    """Until when the champion knew of deliveries; older bundles only give the newest purchase that taught them."""
    learned = champion.manifest.training_window
    return np.datetime64(learned.get("known_until", learned["end"]), "s")


def _rival(table: TrainingTable, holdout: Holdout, champion: Bundle, seed: int) -> Predictor:
    """The champion as it is; if it has learned from the holdout, its parameters, fitted before the holdout by as much
    as the champion is older than the data: keeping it means forecasts of that age."""
    cutoff = cutoff_of(champion)
    if champion.manifest.is_declared or cutoff <= holdout.start:
        return with_its_pace(champion, table)
    age = max(int((end_of(table.history) - cutoff) / DAY), 0) * DAY
    if table.history.known_at(holdout.start - age).sum() < FEWEST_KNOWN:
        age = 0 * DAY
    params = Params.of(champion.manifest.params)
    return forecaster(table, params, holdout.start - age, seed)


def _metric(rival: str) -> str:
    """E.g. `mae_of_shops_promise`."""
    name = rival.removeprefix("the ").replace("'", "").replace(" ", "_").replace("-", "_")
    return f"mae_of_{name}"
