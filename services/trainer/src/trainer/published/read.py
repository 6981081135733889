"""A version of the history as training data."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from common.orders.names import OURS
from common.servers.history import HistoryStore, HistoryVersion
from trainer.data.history import DAY, LONE_DAYS, NO_PLACES, History, TrainingData
from trainer.data.prepared import history_of

FEWEST_AFTER_A_GAP = 200
"""Deliveries from which on what was seen after a long silence says how the shop is now."""


def read_version(store: HistoryStore, version: HistoryVersion, as_of: np.datetime64) -> TrainingData:
    """The version's orders as they were known at a moment (UTC), its shop and places; DamagedHistory, InvalidInput."""
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        months = [pl.read_parquet(file, memory_map=False) for file in store.months(version, Path(scratch))]
        table = pl.concat(months, how="diagonal_relaxed")
        places = NO_PLACES
        if version.places:
            (file,) = store.download([version.places], Path(scratch))
            places = pl.read_parquet(file, columns=NO_PLACES.columns, memory_map=False)
    data = TrainingData(history_of(table, version.shop), version.shop, places, version=version.name).known_at(as_of)
    return replace(data, history=without_lone_end(data.history)) if OURS in table.columns else data


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
