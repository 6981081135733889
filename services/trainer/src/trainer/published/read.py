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

FEWEST_AFTER_A_GAP = 200
"""Deliveries from which on what was seen after a long silence says how the shop is now."""


def read_version(store: HistoryStore, version: HistoryVersion, as_of: np.datetime64) -> TrainingData:
    """The version's orders as they were known at a moment (UTC), its shop and places; DamagedHistory."""
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        months = [pl.read_parquet(file, memory_map=False) for file in store.months(version, Path(scratch))]
        table = pl.concat(months, how="diagonal_relaxed") if months else EMPTY
        places = NO_PLACES
        if version.places:
            (file,) = store.download([version.places], Path(scratch))
            places = pl.read_parquet(file, columns=NO_PLACES.columns, memory_map=False)
    known = history_of(table, version.shop).as_of(as_of)
    if OURS in table.columns:
        known = without_lone_end(known)
    return TrainingData(known, version.shop, places, version=version.name, as_of=as_of)


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
