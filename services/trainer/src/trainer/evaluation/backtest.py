"""Rolling-origin evaluation: each month judged by a model that learned only what was known on its first day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from common.errors import InvalidInput
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from trainer.data.history import History
from trainer.evaluation.baselines import constant_median, original_recipe
from trainer.model.bundling import in_memory
from trainer.model.fit import Table, fit
from trainer.model.params import Params

FEWEST_TO_LEARN = 1_000
FEWEST_TO_JUDGE = 100


@dataclass(frozen=True)
class Judged:
    """One month: its orders that were delivered, untruncated, and what each forecaster said of them.

    forecasts: columns month, actual_days, promised_days, days, lower_days, upper_days, promise_days, median_days,
    original_days, champion_days (NaN where the champion learned from the month).
    """

    month: str
    forecasts: pl.DataFrame


def months(history: History, first: str, last: str | None) -> list[np.datetime64]:
    """Months (datetime64[M]) from `first` to `last`, by default to the last one whose orders have mostly arrived."""
    newest = history.orders.purchase_timestamp[-1].astype("datetime64[M]")
    wanted = np.arange(np.datetime64(first, "M"), np.datetime64(last, "M") + 1 if last else newest + 1)
    found = [month for month in wanted if _can_be_judged(history, month)]
    if not found:
        raise InvalidInput(
            f"no month from {first} to {last or newest} has {FEWEST_TO_LEARN:,} deliveries known before it and "
            f"{FEWEST_TO_JUDGE} in it: choose others with --first and --last"
        )
    return found


def backtest(
    table: Table,
    wanted: list[np.datetime64],
    params: Params,
    on_time_share: float,
    champion: Bundle | None = None,
    seed: int = 0,
    progress: Callable[[Iterator[Judged], int], Iterator[Judged]] = lambda each, total: each,
) -> pl.DataFrame:
    """Every judged order of the wanted months, see `Judged.forecasts`."""
    each = (_judge(table, month, params, on_time_share, champion, seed) for month in wanted)
    return pl.concat(judged.forecasts for judged in progress(each, len(wanted)))


def own_on_time_share(history: History, wanted: list[np.datetime64]) -> float:
    """The share of the wanted months' deliveries that kept the shop's own promise."""
    asked = history.where(_delivered_in(history, wanted[0], wanted[-1]))
    return float((asked.days <= asked.promised_days).mean())


def _judge(
    table: Table, month: np.datetime64, params: Params, on_time_share: float, champion: Bundle | None, seed: int
) -> Judged:
    cutoff = month.astype("datetime64[s]")
    history = table.history
    known = history.where(history.known_at(cutoff))
    asked = history.where(_delivered_in(history, month, month))
    predictor = Predictor(in_memory(fit(table, cutoff, params, seed), table.places, table.pace), pace=table.pace)
    found = predictor.predict(asked.orders)
    forecasts = pl.DataFrame(
        {
            "month": np.full(len(asked), str(month)),
            "actual_days": asked.days,
            "promised_days": asked.promised_days,
            "days": found.days,
            "lower_days": found.lower_days,
            "upper_days": found.upper_days,
            "promise_days": predictor.promise(asked.orders, on_time_share),
            "median_days": constant_median(known, asked.orders),
            "original_days": original_recipe(known, asked.orders, seed),
            "champion_days": _champion(champion, asked, table, cutoff),
        }
    )
    return Judged(str(month), forecasts)


def _champion(champion: Bundle | None, asked: History, table: Table, cutoff: np.datetime64) -> np.ndarray:
    if champion is None or np.datetime64(champion.manifest.training_window["end"]) >= cutoff:
        return np.full(len(asked), np.nan)
    return Predictor(champion, pace=table.pace).predict(asked.orders).days


def _delivered_in(history: History, first: np.datetime64, last: np.datetime64) -> np.ndarray:
    start, end = first.astype("datetime64[s]"), (last + 1).astype("datetime64[s]")
    return history.bought_in(start, end) & ~np.isnat(history.delivered)


def _can_be_judged(history: History, month: np.datetime64) -> bool:
    known = int(history.known_at(month.astype("datetime64[s]")).sum())
    return known >= FEWEST_TO_LEARN and int(_delivered_in(history, month, month).sum()) >= FEWEST_TO_JUDGE
