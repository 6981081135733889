"""Rolling-origin evaluation: each month is judged by a model that learned only what was known on its first day."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from common.arrays import Floats
from common.model.bundle import Bundle
from trainer.data.history import History
from trainer.evaluation.after_purchase import judged_later
from trainer.evaluation.baselines import constant_median, three_fact_baseline
from trainer.evaluation.gate import forecaster, with_its_pace
from trainer.evaluation.periods import Period
from trainer.evaluation.promises import SHARES, VALUES, judged_columns
from trainer.model.params import Params
from trainer.model.table import TrainingTable

USUAL_SHARE = 0.9


def backtest(
    table: TrainingTable,
    wanted: list[Period],
    params: Params,
    on_time_share: float,
    champion: Bundle | None = None,
    seed: int = 0,
    progress: Callable[[Iterator[pl.DataFrame], int], Iterator[pl.DataFrame]] = lambda each, total: each,
    shares: Sequence[float] = SHARES,
) -> pl.DataFrame:
    """Every delivered order of the wanted months, untruncated, and each forecaster's days for it.

    Columns month, actual_days, promised_days, days, lower_days, upper_days, unpromised_days (of the same model without
    the shop's promise, NaN where that can be no input), promise_days, median_days, three_fact_days, champion_days (NaN
    where the champion learned from the month), region (the destination's group in the delivery pace), value (of the
    order, NaN where it is no fact), and those of `trainer.evaluation.promises.judged_columns` and `judged_later`.
    """
    each = (_judged(table, period, params, on_time_share, champion, seed, shares) for period in wanted)
    return pl.concat(progress(each, len(wanted)))


def own_on_time_share(history: History, wanted: list[Period]) -> float:
    """The share of the wanted periods' deliveries that kept the shop's own promise; USUAL_SHARE if it made none."""
    delivered = history.where(Period("", wanted[0].start, wanted[-1].end).delivered_in(history))
    promised = np.isfinite(delivered.promised_days)
    if not promised.any():
        return USUAL_SHARE
    return float((delivered.days <= delivered.promised_days)[promised].mean())


def _judged(
    table: TrainingTable,
    period: Period,
    params: Params,
    on_time_share: float,
    champion: Bundle | None,
    seed: int,
    shares: Sequence[float],
) -> pl.DataFrame:
    cutoff = period.start
    history = table.history
    known = history.where(history.known_at(cutoff))
    judged = history.where(period.delivered_in(history))
    predictor = forecaster(table, params, cutoff, seed)
    predictions = predictor.predict(judged.orders)
    unpromised = None
    if judged.orders.promised is not None:
        unpromised = predictor.predict(replace(judged.orders, promised=None)).days
    regions, groups = table.located.geography.regions, np.array(table.pace.groups)
    chosen = table.located.destination.region[period.delivered_in(history)]
    value = next((name for name in VALUES if name in judged.orders.numbers), None)
    return pl.DataFrame(
        {
            "month": np.full(len(judged), period.name),
            "actual_days": judged.days,
            "promised_days": judged.promised_days,
            "days": predictions.days,
            "lower_days": predictions.lower_days,
            "upper_days": predictions.upper_days,
            "unpromised_days": _or_none(unpromised, len(judged)),
            "promise_days": predictions.distribution.days_at(on_time_share),
            "median_days": constant_median(known, judged.orders),
            "three_fact_days": _or_none(three_fact_baseline(known, judged.orders, seed), len(judged)),
            "champion_days": _champion(champion, judged, table, cutoff),
            **judged_later(predictor, judged, table.scale),
            "region": groups[regions.group[chosen]],
            "value": np.full(len(judged), np.nan) if value is None else judged.orders.numbers[value],
            **judged_columns(predictions, judged, predictor.clock, table.scale.typical, shares),
        }
    )


def _or_none(days: Floats | None, count: int) -> Floats:
    return np.full(count, np.nan) if days is None else days


def _champion(champion: Bundle | None, judged: History, table: TrainingTable, cutoff: np.datetime64) -> Floats:
    if champion is None or np.datetime64(champion.manifest.training_window["end"]) >= cutoff:
        return np.full(len(judged), np.nan)
    return with_its_pace(champion, table).predict(judged.orders).days
