"""A version of the history as training data."""

import tempfile
from pathlib import Path

import polars as pl

from common.servers.history import HistoryStore, HistoryVersion
from trainer.data.history import NO_PLACES, TrainingData
from trainer.data.prepared import history_of


def read_version(store: HistoryStore, version: HistoryVersion) -> TrainingData:
    """The version's orders, shop and places; DamagedHistory."""
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        table = pl.read_parquet(store.months(version, Path(scratch)), memory_map=False)
        places = NO_PLACES
        if version.places:
            (file,) = store.download([version.places], Path(scratch))
            places = pl.read_parquet(file, columns=NO_PLACES.columns, memory_map=False)
    return TrainingData(history_of(table, version.shop), version.shop, places, version=version.name)
