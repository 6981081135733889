"""A version of the history as training data."""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from common.orders.names import OURS
from common.servers.history import HistoryStore, HistoryVersion
from trainer.data.history import DAY, LONE_DAYS, NO_PLACES, History, TrainingData
from trainer.data.prepared import history_of
from trainer.sources.orders.rows import SCHEMA

EMPTY = pl.DataFrame(schema=SCHEMA)

MOST_ORDERS = 1_000_000
"""That a model learns from. Of a larger history about so many are drawn by their ids."""

SHARES = 2**20
"""An order is drawn by as many."""

LONE_BEGIN_DAYS, LONE_BEGIN_SHARE = 90, 0.01
"""Before a gap of so many days fewer orders than this share of all were bought on a wrong date."""

FEWEST_AFTER_A_GAP = 200
"""Deliveries from which on what was seen after a long silence says how the shop is now."""


def read_version(store: HistoryStore, version: HistoryVersion, as_of: np.datetime64) -> TrainingData:
    """The version's orders as they were known at a moment (UTC), its shop and places; DamagedHistory.

    Of more than MOST_ORDERS a sample, the same ones each time.
    """
    is_large = version.orders > MOST_ORDERS
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        share = MOST_ORDERS / version.orders if is_large else 1.0
        months = [_drawn(file, share) for file in store.months(version, Path(scratch))]
        table = pl.concat(months, how="diagonal_relaxed") if months else EMPTY
        places = NO_PLACES
        if version.places:
            (file,) = store.download([version.places], Path(scratch))
            places = pl.read_parquet(file, columns=NO_PLACES.columns, memory_map=False)
    known = history_of(table, version.shop).as_of(as_of)
    if OURS in table.columns:
        known = without_lone_begin(without_lone_end(known))
    sampled_from = version.orders if is_large else 0
    return TrainingData(known, version.shop, places, version=version.name, as_of=as_of, sampled_from=sampled_from)


def _drawn(file: Path, share: float) -> pl.DataFrame:
    """A month's orders, or that share of them."""
    if share == 1:
        return pl.read_parquet(file, memory_map=False)
    drawn = pl.col("order_id").hash(0) % SHARES < round(share * SHARES)
    return pl.scan_parquet(file).filter(drawn).collect(engine="streaming")


def without_lone_end(history: History) -> History:
    """The history without the few orders that were seen a long time after all others: a shop's export may end years
    before its first request, and of that new time too little is known to train or judge by."""
    bought = history.orders.purchase_timestamp
    gaps = np.flatnonzero(np.diff(bought) > LONE_DAYS * DAY) + 1
    for start in reversed(gaps):
        if (~np.isnat(history.delivered[start:])).sum() >= FEWEST_AFTER_A_GAP:
            break
        history = history.where(np.arange(len(history)) < start)
    return history


def without_lone_begin(history: History) -> History:
    """The history without the few orders that were bought a long time before all others: a client's clock that was
    never set. From the first order on the pace is followed, and how many there are in a day decides on its groups."""
    bought = history.orders.purchase_timestamp
    gaps = np.flatnonzero(np.diff(bought) > LONE_BEGIN_DAYS * DAY) + 1
    few = gaps[gaps < LONE_BEGIN_SHARE * len(history)]
    return history.where(np.arange(len(history)) >= few[-1]) if len(few) else history
