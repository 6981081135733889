"""The prepared orders of the past, scored as if they had come in live."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.errors import InvalidInput
from common.model.bundle import Bundle
from common.model.measured_pace import measured_pace
from common.model.pace import PaceTable
from common.model.predictor import Predictor
from common.orders.clock import Clock
from common.orders.names import COORDINATES, ENDED, PROMISED, TEXTS
from common.orders.orders import Orders
from common.orders.shop.prepared_shop import PreparedShop
from common.servers.history import HistoryStore
from monitor.windows.promises import SHARES
from monitor.windows.watched import WindowRows
from monitor.windows.windows import Window

MOMENTS = ("purchase_timestamp", "delivered_timestamp", PROMISED)
DAY_SECONDS = 86_400


@dataclass(frozen=True)
class PastOrders:
    """The prepared orders by purchase time: the general table with moments in UTC, without zone; and their shop."""

    table: pd.DataFrame
    shop: PreparedShop

    @property
    def first_and_last(self) -> tuple[datetime, datetime]:
        """Purchase times of the oldest and the newest order."""
        times = self.table["purchase_timestamp"]
        return times.iloc[0].to_pydatetime().replace(tzinfo=UTC), times.iloc[-1].to_pydatetime().replace(tzinfo=UTC)

    def within(self, window: Window) -> "PastOrders":
        """The orders bought in a window."""
        bounds = [pd.Timestamp(moment.replace(tzinfo=None)) for moment in (window.start, window.end)]
        start, end = self.table["purchase_timestamp"].searchsorted(bounds)
        return PastOrders(self.table.iloc[start:end], self.shop)

    def orders(self) -> Orders:
        """As the model reads them."""
        facts = self.shop.facts
        return Orders.of_columns(self.table, facts.numeric, facts.category, promised=not self.shop.promise_barred)


def read_history(store: HistoryStore) -> PastOrders:
    """The newest history, as far as the shop's source reaches: what was asked here later is live. InvalidInput says to
    prepare it first."""
    version = store.must_have()
    shop = version.shop
    columns = ["order_id", *MOMENTS, *TEXTS, *COORDINATES, *shop.facts.numeric, *shop.facts.category]
    newest = max(version.source or version.months, default="")
    parts = [version.months[month] for month in sorted(version.months) if month <= newest]
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        months = [_not_ended(pq.read_table(file)).select(columns) for file in store.download(parts, Path(scratch))]
    if not months:
        raise InvalidInput("the history holds no order: prepare a data set that has some")
    table = pa.concat_tables(months, promote_options="permissive").to_pandas()
    table = table.sort_values(["purchase_timestamp", "order_id"], ignore_index=True).dropna(axis="columns", how="all")
    for name in MOMENTS:
        if name in table:
            table[name] = table[name].dt.tz_localize(None).astype("datetime64[s]")
    return PastOrders(table, shop)


def _not_ended(month: pa.Table) -> pa.Table:
    """Without orders that were cancelled or lost: they count in no pace and no error."""
    return month.filter(pc.is_null(month[ENDED])) if ENDED in month.column_names else month


def past_pace(past: PastOrders, bundle: Bundle) -> PaceTable:
    """The delivery pace of every day of history, each from what was known before it."""
    clock = Clock(past.shop.time_zone)
    newest = clock.local_of_one(past.first_and_last[1].replace(tzinfo=None)).date()
    return measured_pace(past.orders(), _delivered(past.table), bundle, clock, newest)


def scored(past: PastOrders, predictor: Predictor) -> WindowRows:
    """A window's rows, predicted."""
    orders = past.orders()
    predictions = predictor.predict(orders)
    days = (_delivered(past.table) - orders.purchase_timestamp) / np.timedelta64(DAY_SECONDS, "s")
    return WindowRows(
        orders,
        pd.DataFrame(
            {
                "prediction": predictions.days,
                "lower_days": predictions.lower_days,
                "upper_days": predictions.upper_days,
                "actual_days": days,
            }
        ),
        {share: predictions.distribution.days_at(share) for share in SHARES},
    )


def _delivered(table: pd.DataFrame) -> np.ndarray:
    if "delivered_timestamp" not in table:
        return np.full(len(table), np.datetime64("NaT", "s"))
    return table["delivered_timestamp"].to_numpy().astype("datetime64[s]")
