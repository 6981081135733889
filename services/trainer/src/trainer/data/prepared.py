"""The prepared orders and places, as `prepare-data` writes them: a source of training data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from common.errors import InvalidInput
from common.orders.names import COORDINATES, ENDED, OURS, TEXTS
from common.orders.orders import Orders
from common.orders.shop.prepared_shop import PreparedShop
from trainer.data.history import NO_PLACES, History, TrainingData

NEEDED = ("order_id", "purchase_timestamp", "delivered_timestamp", "promised_timestamp")
DAY_SECONDS = 86_400


def read_prepared(folder: Path) -> TrainingData:
    """The folder's orders, by purchase time, shop and places; InvalidInput says what to run, or what is wrong."""
    path = folder / "orders.parquet"
    if not path.exists():
        raise InvalidInput(f"{path} does not exist: run `make prepare-data` first")
    shop = PreparedShop.read(folder)
    table = pl.read_parquet(path)
    missing = set(NEEDED) - set(table.columns)
    if missing:
        raise InvalidInput(f"{path} lacks {', '.join(sorted(missing))}: run `make prepare-data` again")
    if table["delivered_timestamp"].count() == 0:
        raise InvalidInput(f"{path} holds no delivered order: widen the data, there is nothing to learn from")
    places = folder / "places.parquet"
    return TrainingData(
        history_of(table, shop),
        shop,
        pl.read_parquet(places, columns=NO_PLACES.columns) if places.exists() else NO_PLACES,
    )


def history_of(table: pl.DataFrame, shop: PreparedShop) -> History:
    """The prepared orders by purchase time. A column without any value is as good as none."""
    table = table.sort("purchase_timestamp", "order_id")
    facts = (*shop.facts.numeric, *shop.facts.category)
    given = [name for name in (*TEXTS, *COORDINATES, *facts) if name in table.columns and table[name].count()]
    orders = Orders.of_columns(
        {"purchase_timestamp": _seconds(table["purchase_timestamp"])}
        | {name: table[name].to_numpy() if table[name].dtype.is_numeric() else table[name].to_list() for name in given},
        shop.facts.numeric,
        shop.facts.category,
    )
    promised = (table["promised_timestamp"] - table["purchase_timestamp"]).dt.total_seconds() / DAY_SECONDS
    promised_days = promised.to_numpy().astype(np.float64)
    if OURS in table.columns:
        promised_days = np.where(table[OURS].fill_null(False).to_numpy(), np.nan, promised_days)
    if not shop.promise_barred and np.isfinite(promised_days).any():
        orders = replace(orders, promised=_later(orders.purchase_timestamp, promised_days))
    shipped, ended = (
        _seconds(table[name]) if name in table.columns and table[name].count() else None
        for name in ("shipped_timestamp", ENDED)
    )
    return History(orders, _seconds(table["delivered_timestamp"]), promised_days, shipped, ended)


def _later(moments: np.ndarray, days: np.ndarray) -> np.ndarray:
    known = np.isfinite(days)
    spans = np.where(known, np.nan_to_num(days) * DAY_SECONDS, 0).round().astype("timedelta64[s]")
    return np.where(known, moments + spans, np.datetime64("NaT", "s"))


def _seconds(moments: pl.Series) -> np.ndarray:
    return moments.dt.replace_time_zone(None).to_numpy().astype("datetime64[s]")
