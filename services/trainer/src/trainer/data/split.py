"""Training and validation orders, split in time.

Validation: delivered orders bought at or after the cut-off. Training: those delivered before it. An order bought
before the cut-off and delivered after it is in neither: on the day of the cut-off its label was not known.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import polars as pl

from trainer.sources.errors import NothingToTrain

VALIDATION_SHARE = 0.2
"""Share of the delivered orders, the last bought, that validate when no cut-off is given."""

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Split:
    """Both parts as they are read when they are written: the orders' columns and `delivery_time` (days, fractional).

    cutoff: on the shop's clock.
    """

    cutoff: datetime
    train: pl.LazyFrame
    valid: pl.LazyFrame
    train_rows: int
    valid_rows: int
    unknown_at_cutoff: int


def split(orders: pl.LazyFrame, zone: ZoneInfo, cutoff: datetime | None = None) -> Split:
    """Split the delivered orders, of which there must be one; NothingToTrain when a part would be empty.

    cutoff: on the shop's clock if it has no zone. By default the last fifth validates.
    """
    bought, arrived = pl.col("purchase_timestamp"), pl.col("delivered_timestamp")
    delivered = orders.filter(arrived.is_not_null()).with_columns(
        delivery_time=(arrived - bought).dt.total_seconds() / SECONDS_PER_DAY
    )
    if cutoff is None:
        cutoff = _default_cutoff(delivered, zone)
    cutoff = cutoff.astimezone(zone) if cutoff.tzinfo else cutoff.replace(tzinfo=zone)
    moment = pl.lit(cutoff.astimezone(UTC))
    is_train, is_valid = arrived < moment, bought >= moment
    counts = {"total": pl.len(), "train": is_train.sum(), "valid": is_valid.sum()}
    ends = {"first": bought.min(), "last": bought.max()}
    total, train, valid, first, last = delivered.select(**counts, **ends).collect(engine="streaming").row(0)
    for name, count in (("training", train), ("validation", valid)):
        if not count:
            raise NothingToTrain(name, cutoff, total, first.astimezone(zone), last.astimezone(zone))
    return Split(cutoff, delivered.filter(is_train), delivered.filter(is_valid), train, valid, total - train - valid)


def _default_cutoff(delivered: pl.LazyFrame, zone: ZoneInfo) -> datetime:
    """Midnight before the purchase with which the last fifth begins."""
    day = pl.col("purchase_timestamp").dt.convert_time_zone(zone.key).dt.date()
    days = delivered.group_by(day=day).len().sort("day").collect(engine="streaming")
    begins = int((1 - VALIDATION_SHARE) * (int(days["len"].sum()) - 1))
    found: date = days.filter(pl.col("len").cum_sum() > begins)["day"][0]
    return datetime.combine(found, time(), zone)
