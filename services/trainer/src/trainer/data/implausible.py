"""Orders set aside because a date cannot be right, each named by row and value so that it can be corrected."""

from datetime import date, timedelta

import polars as pl

from trainer.data.olist.join import WRONG_SPANS

ALONE = "bought months apart from all other orders"
APART = timedelta(days=90)
FEWEST_SHARE = 0.01
"""Orders before or after a gap of 90 days are set aside if they are fewer than this share of all."""

SHOWN = 20


def without_lone_purchases(every_order: pl.DataFrame) -> pl.DataFrame:
    """The orders with `dropped` set where a usable one was bought far from nearly all others."""
    usable = pl.col("dropped").is_null()
    bought = pl.col("purchase_timestamp").dt.date()
    days = every_order.lazy().filter(usable).group_by(bought.alias("day")).len().sort("day").collect()
    spans = (
        days.group_by((pl.col("day").diff() > APART).fill_null(False).cum_sum(), maintain_order=True)
        .agg(pl.first("day").alias("first"), pl.last("day").alias("last"), pl.sum("len"))
        .filter(pl.col("len") < FEWEST_SHARE * int(days["len"].sum()))
    )
    if spans.is_empty():
        return every_order
    lone: list[tuple[date, date]] = spans.select("first", "last").rows()
    alone = pl.any_horizontal(bought.is_between(*span) for span in lone)
    kept = pl.col("dropped").cast(pl.String)
    return every_order.with_columns(dropped=pl.when(usable & alone).then(pl.lit(ALONE)).otherwise(kept))


def implausible(every_order: pl.DataFrame) -> list[str]:
    """The first SHOWN orders that were set aside for their dates, each with its row in the file (the header is 1)."""
    reason = pl.col("dropped").cast(pl.String)
    rows = every_order.with_row_index("row", offset=2).filter(reason.is_in([*WRONG_SPANS, ALONE])).head(SHOWN)
    dates = rows.select("row", reason, "purchase_timestamp", "delivered_timestamp", "estimated_timestamp")
    return [
        f"row {row}: {why}: bought {bought}, delivered {delivered or 'not yet'}, promised for {promised}"
        for row, why, bought, delivered, promised in dates.iter_rows()
    ]
