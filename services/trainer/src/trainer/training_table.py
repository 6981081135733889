"""The labelled orders that a model may learn from at a cut-off: delivered, and known to be so, before it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.errors import InvalidInput
from common.orders import Orders


@dataclass(frozen=True)
class Labelled:
    """n orders and the days each took, float64 of shape (n,)."""

    orders: Orders
    days: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.days)


def read_orders(data_dir: Path) -> pl.DataFrame:
    """The prepared orders, by purchase time; InvalidInput says to prepare them first."""
    path = data_dir / "prepared" / "orders.parquet"
    if not path.exists():
        raise InvalidInput(f"{path} does not exist: run `make prepare-data` first")
    return pl.read_parquet(path).sort("purchase_timestamp", "order_id")


def known_at(orders: pl.DataFrame, cutoff: datetime) -> pl.DataFrame:
    """Orders whose delivery was known at the cut-off."""
    return orders.filter(pl.col("delivered_timestamp") < cutoff)


def labelled(orders: pl.DataFrame) -> Labelled:
    """Columns of delivered orders as arrays."""
    if orders.is_empty():
        raise InvalidInput("the training window holds no delivered order: widen it, or prepare more data")
    return Labelled(
        Orders(
            orders["seller_zip_code_prefix"].to_numpy().astype(np.int64),
            orders["customer_lat"].to_numpy().astype(np.float64),
            orders["customer_lng"].to_numpy().astype(np.float64),
            orders["purchase_timestamp"].to_numpy().astype("datetime64[s]"),
        ),
        orders["delivery_days"].to_numpy().astype(np.float64),
    )
