"""Orders and events so far from all others that their dates cannot be right."""

from collections.abc import Iterable
from datetime import date, timedelta

import polars as pl

ALONE = "bought months apart from all other orders"
APART = timedelta(days=90)
FEWEST_SHARE = 0.01
"""Orders before or after a gap of 90 days are set aside if they are fewer than this share of all."""

RECENT = timedelta(days=30)
RECENT_SHARE = 0.001
"""The data ends with the newest day that has this share of all events, and two, in the 30 days up to it."""


def alone(orders: pl.LazyFrame) -> pl.Expr | None:
    """Whether an order was bought far from nearly all others; None where none was."""
    bought = pl.col("purchase_timestamp").dt.date()
    days = orders.group_by(bought.alias("day")).len().sort("day").collect(engine="streaming")
    spans = (
        days.group_by((pl.col("day").diff() > APART).fill_null(False).cum_sum(), maintain_order=True)
        .agg(pl.first("day").alias("first"), pl.last("day").alias("last"), pl.sum("len"))
        .filter(pl.col("len") < FEWEST_SHARE * int(days["len"].sum()))
    )
    lone: list[tuple[date, date]] = spans.select("first", "last").rows()
    return pl.any_horizontal(bought.is_between(*span) for span in lone) if lone else None


def last_day(orders: pl.LazyFrame, moments: Iterable[str]) -> date:
    """The day (UTC) of the newest event that does not lie alone after all others; there must be an order."""
    each = [orders.select(day=pl.col(name).dt.date()) for name in moments]
    days = pl.concat(each).drop_nulls().group_by("day").len().sort("day").collect(engine="streaming")
    recent = days.rolling("day", period=RECENT).agg(pl.sum("len"))
    enough = recent.filter(pl.col("len") >= max(2, RECENT_SHARE * int(days["len"].sum())))
    newest: date = (days if enough.is_empty() else enough)["day"][-1]
    return newest
