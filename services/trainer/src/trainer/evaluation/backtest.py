"""Rolling-origin evaluation: each month is judged by a model that learned only what was known on its first day."""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from common.arrays import Bools, Floats
from common.errors import InvalidInput
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from trainer.data.history import History
from trainer.evaluation.baselines import constant_median, three_fact_baseline
from trainer.evaluation.gate import forecaster
from trainer.model.params import Params
from trainer.model.table import TrainingTable

FEWEST_TO_LEARN = 1_000
FEWEST_TO_JUDGE = 100


def months(history: History, first: str, last: str | None) -> list[np.datetime64]:
    """Months (datetime64[M]) from `first` to `last`, by default to the last one whose orders have mostly arrived."""
    newest = history.orders.purchase_timestamp[-1].astype("datetime64[M]")
    wanted = np.arange(np.datetime64(first, "M"), np.datetime64(last, "M") + 1 if last else newest + 1)
    usable = [month for month in wanted if _can_be_judged(history, month)]
    if not usable:
        raise InvalidInput(
            f"no month from {first} to {last or newest} has {FEWEST_TO_LEARN:,} deliveries known before it and "
            f"{FEWEST_TO_JUDGE} in it: choose others with --first and --last"
        )
    return usable


def backtest(
    table: TrainingTable,
    wanted: list[np.datetime64],
    params: Params,
    on_time_share: float,
    champion: Bundle | None = None,
    seed: int = 0,
    progress: Callable[[Iterator[pl.DataFrame], int], Iterator[pl.DataFrame]] = lambda each, total: each,
) -> pl.DataFrame:
    """Every delivered order of the wanted months, untruncated, and each forecaster's days for it.

    Columns month, actual_days, promised_days, days, lower_days, upper_days, promise_days, median_days, three_fact_days,
    champion_days (NaN where the champion learned from the month).
    """
    each = (_judged(table, month, params, on_time_share, champion, seed) for month in wanted)
    return pl.concat(progress(each, len(wanted)))


def own_on_time_share(history: History, wanted: list[np.datetime64]) -> float:
    """The share of the wanted months' deliveries that kept the shop's own promise."""
    delivered = history.where(_delivered_in(history, wanted[0], wanted[-1]))
    return float((delivered.days <= delivered.promised_days).mean())


def _judged(
    table: TrainingTable,
    month: np.datetime64,
    params: Params,
    on_time_share: float,
    champion: Bundle | None,
    seed: int,
) -> pl.DataFrame:
    cutoff = month.astype("datetime64[s]")
    history = table.history
    known = history.where(history.known_at(cutoff))
    judged = history.where(_delivered_in(history, month, month))
    predictor = forecaster(table, params, cutoff, seed)
    predictions = predictor.predict(judged.orders)
    return pl.DataFrame(
        {
            "month": np.full(len(judged), str(month)),
            "actual_days": judged.days,
            "promised_days": judged.promised_days,
            "days": predictions.days,
            "lower_days": predictions.lower_days,
            "upper_days": predictions.upper_days,
            "promise_days": predictor.promise(judged.orders, on_time_share),
            "median_days": constant_median(known, judged.orders),
            "three_fact_days": three_fact_baseline(known, judged.orders, seed),
            "champion_days": _champion(champion, judged, table, cutoff),
        }
    )


def _champion(champion: Bundle | None, judged: History, table: TrainingTable, cutoff: np.datetime64) -> Floats:
    if champion is None or np.datetime64(champion.manifest.training_window["end"]) >= cutoff:
        return np.full(len(judged), np.nan)
    return Predictor(champion, pace=table.pace).predict(judged.orders).days


def _delivered_in(history: History, first: np.datetime64, last: np.datetime64) -> Bools:
    start, end = first.astype("datetime64[s]"), (last + 1).astype("datetime64[s]")
    return history.bought_in(start, end) & ~np.isnat(history.delivered)


def _can_be_judged(history: History, month: np.datetime64) -> bool:
    known = int(history.known_at(month.astype("datetime64[s]")).sum())
    return known >= FEWEST_TO_LEARN and int(_delivered_in(history, month, month).sum()) >= FEWEST_TO_JUDGE
