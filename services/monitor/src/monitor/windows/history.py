"""The prepared orders of the past, scored as if they had come in live."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from common.errors import InvalidInput
from common.model.features import features
from common.model.pace import PaceTable, pace_table
from common.model.predictor import Predictor
from common.orders.fields import INPUTS, Orders
from common.orders.places import Places
from monitor.windows.watched import ROW_COLUMNS
from monitor.windows.windows import Window

COLUMNS = [
    "order_id",
    "seller_zip_code_prefix",
    "customer_lat",
    "customer_lng",
    "purchase_timestamp",
    "delivered_timestamp",
    "delivery_days",
]


def read_history(data_dir: Path) -> pd.DataFrame:
    """The prepared orders (COLUMNS) by purchase time; InvalidInput says to prepare them first."""
    path = data_dir / "prepared" / "orders.parquet"
    if not path.exists():
        raise InvalidInput(f"{path} does not exist: run `make prepare-data` first")
    orders = pd.read_parquet(path, columns=COLUMNS).sort_values("purchase_timestamp", ignore_index=True)
    if orders.empty:
        raise InvalidInput(f"{path} holds no order: prepare a data set that has some")
    return orders


def first_and_last(orders: pd.DataFrame) -> tuple[datetime, datetime]:
    """Purchase times of the oldest and the newest order."""
    times = orders["purchase_timestamp"]
    return times.iloc[0].to_pydatetime().replace(tzinfo=UTC), times.iloc[-1].to_pydatetime().replace(tzinfo=UTC)


def within(orders: pd.DataFrame, window: Window) -> pd.DataFrame:
    """The orders bought in a window; `orders` is sorted by purchase time."""
    bounds = [pd.Timestamp(moment.replace(tzinfo=None)) for moment in (window.start, window.end)]
    start, end = orders["purchase_timestamp"].searchsorted(bounds)
    return orders.iloc[start:end]


def past_pace(orders: pd.DataFrame, places: Places) -> PaceTable:
    """The delivery pace of every day of history, each from what was known before it."""
    accepted = orders[valid(orders)]
    located = features(Orders.of_columns(accepted), places)
    delivered = accepted["delivered_timestamp"].to_numpy().astype("datetime64[s]")
    purchase = accepted["purchase_timestamp"].to_numpy().astype("datetime64[s]")
    until = purchase[-1].astype("datetime64[D]").astype(date)
    return pace_table(purchase, delivered, located.customer_state, located.same_state, until)


def scored(orders: pd.DataFrame, predictor: Predictor) -> pd.DataFrame:
    """A window's rows (see `monitor.windows.watched`); orders that the gateway would refuse have no prediction."""
    accepted = valid(orders).to_numpy()
    predictions = predictor.predict(Orders.of_columns(orders[accepted]))
    rows = orders.rename(columns={"delivery_days": "actual_days"})
    for name, values in (
        ("prediction", predictions.days),
        ("lower_days", predictions.lower_days),
        ("upper_days", predictions.upper_days),
    ):
        column = np.full(len(orders), np.nan)
        column[accepted] = values
        rows[name] = column
    return rows[list(ROW_COLUMNS)]


def valid(orders: pd.DataFrame) -> "pd.Series[bool]":
    """Which orders the gateway accepts: complete, and within the bounds of `common.orders.fields`."""
    required = [field for field in INPUTS if field.required]
    fits = [field.admits(orders[field.name].to_numpy(np.float64, na_value=np.nan)) for field in required]
    return pd.Series(np.logical_and.reduce(fits), orders.index, dtype=bool)
