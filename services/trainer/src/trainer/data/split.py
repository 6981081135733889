"""Training and validation orders, split in time.

Validation: delivered orders bought at or after the cut-off. Training: those delivered before it. An order bought
before the cut-off and delivered after it is in neither: on the day of the cut-off its label was not known.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from trainer.data.olist.problems import NothingToTrain

VALIDATION_SHARE = 0.2
"""Share of the delivered orders, the last bought, that validate when no cut-off is given."""

COLUMNS = ("seller_zip_code_prefix", "customer_lat", "customer_lng", "purchase_timestamp")


@dataclass(frozen=True)
class Split:
    """Columns `COLUMNS` and `delivery_time` (days, fractional) of both parts, by purchase time."""

    cutoff: datetime
    train: pl.DataFrame
    valid: pl.DataFrame
    unknown_at_cutoff: int


def split(orders: pl.DataFrame, cutoff: datetime | None = None) -> Split:
    """Split the delivered orders, of which there must be one; NothingToTrain when a part would be empty."""
    columns = orders.lazy().select(*COLUMNS, "delivered_timestamp", delivery_time="delivery_days")
    delivered = columns.filter(pl.col("delivery_time").is_not_null()).collect()
    cutoff = cutoff or _default_cutoff(delivered)
    train = _columns(delivered.filter(pl.col("delivered_timestamp") < cutoff))
    valid = _columns(delivered.filter(pl.col("purchase_timestamp") >= cutoff))
    for name, part in (("training", train), ("validation", valid)):
        if part.is_empty():
            purchases = delivered["purchase_timestamp"]
            raise NothingToTrain(name, cutoff, delivered.height, purchases.min(), purchases.max())
    return Split(cutoff, train, valid, delivered.height - train.height - valid.height)


def _default_cutoff(delivered: pl.DataFrame) -> datetime:
    """Midnight before the purchase with which the last fifth begins."""
    quantile = pl.col("purchase_timestamp").quantile(1 - VALIDATION_SHARE, interpolation="lower")
    begins: datetime = delivered.select(quantile.dt.truncate("1d")).item()
    return begins


def _columns(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.select(*COLUMNS, "delivery_time").sort("purchase_timestamp", maintain_order=True)
