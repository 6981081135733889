"""The prepared orders as arrays: what a model may learn from, and what it is judged on."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.errors import InvalidInput
from common.orders.fields import Orders

DAY = np.timedelta64(86_400, "s")
NEEDED = ["seller_zip_code_prefix", "customer_lat", "customer_lng", "purchase_timestamp", "delivered_timestamp"]


@dataclass(frozen=True)
class History:
    """n orders by purchase time, delivered or under way; arrays of shape (n,).

    delivered: datetime64[s], NaT while under way. promised_days: the shop's own promise, in days from purchase.
    """

    orders: Orders
    delivered: NDArray[np.datetime64]
    promised_days: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.orders)

    @property
    def days(self) -> NDArray[np.float64]:
        """Days from purchase to delivery, NaN while under way."""
        return (self.delivered - self.orders.purchase_timestamp) / DAY

    def known_at(self, cutoff: np.datetime64) -> NDArray[np.bool_]:
        """Which deliveries were known at the cut-off; NaT compares as unknown."""
        return self.delivered < cutoff

    def bought_in(self, start: np.datetime64, end: np.datetime64) -> NDArray[np.bool_]:
        """Which orders were bought from `start` until before `end`."""
        return (self.orders.purchase_timestamp >= start) & (self.orders.purchase_timestamp < end)

    def as_of(self, moment: np.datetime64) -> "History":
        """What was known at the moment: orders bought before it, with the deliveries before it."""
        bought = self.where(self.orders.purchase_timestamp < moment)
        return replace(bought, delivered=np.where(bought.known_at(moment), bought.delivered, np.datetime64("NaT", "s")))

    def where(self, chosen: NDArray[np.bool_]) -> "History":
        """The chosen orders."""
        return History(self.orders.where(chosen), self.delivered[chosen], self.promised_days[chosen])


def read_history(data_dir: Path) -> History:
    """The prepared orders by purchase time; InvalidInput says to prepare them first, or what is wrong with them."""
    path = data_dir / "prepared" / "orders.parquet"
    if not path.exists():
        raise InvalidInput(f"{path} does not exist: run `make prepare-data` first")
    table = pl.read_parquet(path).sort("purchase_timestamp", "order_id")
    missing = set(NEEDED) - set(table.columns)
    if missing:
        raise InvalidInput(f"{path} lacks {', '.join(sorted(missing))}: run `make prepare-data` again")
    if table["delivered_timestamp"].count() == 0:
        raise InvalidInput(f"{path} holds no delivered order: widen the data, there is nothing to learn from")
    return History(
        Orders.of_columns(table),
        table["delivered_timestamp"].to_numpy().astype("datetime64[s]"),
        table["promised_days"].to_numpy().astype(np.float64),
    )


def end_of(history: History) -> np.datetime64:
    """The moment the data was taken: the newest event in it."""
    newest_delivery = np.nanmax(history.delivered)
    return max(newest_delivery, history.orders.purchase_timestamp[-1]) + np.timedelta64(1, "s")


def as_datetime(moment: np.datetime64) -> datetime:
    """The moment as Python's, without zone."""
    found: datetime = moment.astype("datetime64[s]").astype(datetime)
    return found
