"""Orders set aside because a date cannot be right, each named by row and value so that it can be corrected."""

import polars as pl

from trainer.sources.olist.join import WRONG_SPANS
from trainer.sources.orders.apart import ALONE, alone

SHOWN = 20
DATES = ("purchase_timestamp", "delivered_timestamp", "promised_timestamp")


def without_lone_purchases(every_order: pl.DataFrame) -> pl.DataFrame:
    """The orders with `_dropped` set where a usable one was bought far from nearly all others."""
    is_usable = pl.col("_dropped").is_null()
    is_alone = alone(every_order.lazy().filter(is_usable))
    if is_alone is None:
        return every_order
    kept = pl.col("_dropped").cast(pl.String)
    return every_order.with_columns(_dropped=pl.when(is_usable & is_alone).then(pl.lit(ALONE)).otherwise(kept))


def implausible(every_order: pl.DataFrame, zone: str) -> tuple[str, ...]:
    """The first SHOWN orders that were set aside for their dates, each with its row in the file (the header is 1)."""
    reason = pl.col("_dropped").cast(pl.String)
    rows = every_order.with_row_index("row", offset=2).filter(reason.is_in([*WRONG_SPANS, ALONE])).head(SHOWN)
    dates = rows.select("row", reason, *(_shown(name, zone) for name in DATES))
    return tuple(
        f"row {row}: {why}: bought {bought}, delivered {delivered or 'not yet'}, promised for {promised}"
        for row, why, bought, delivered, promised in dates.iter_rows()
    )


def _shown(name: str, zone: str) -> pl.Expr:
    return pl.col(name).dt.convert_time_zone(zone).dt.strftime("%Y-%m-%d %H:%M:%S")
