"""The pieces of a source as rows that are kept, and the counts of what is not."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

import polars as pl

from common.orders.shop.sections import Shop
from trainer.sources.orders.reading import Reading
from trainer.sources.orders.rows import Tally, rows_of
from trainer.sources.raw.table import RawTable

AFTER_THE_DATA = "bought after the data was taken (as_of)"
NEGATIVE_KEPT = 100_000
"""Rows that end before they begin, kept to look for the cause."""

Progress = Callable[[int], object]


@dataclass
class Counts:
    """Rows read and dropped by reason; purchase and delivery of those that end before they begin."""

    read: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)
    _negative: list[pl.DataFrame] = field(default_factory=list)

    @property
    def negative(self) -> pl.DataFrame:
        """Up to NEGATIVE_KEPT of them."""
        return pl.concat(self._negative) if self._negative else pl.DataFrame()

    def add(self, rows: pl.DataFrame) -> None:
        """Count a piece's rows by their `_dropped`."""
        self.read += rows.height
        self.dropped.update(dict(rows["_dropped"].drop_nulls().cast(pl.String).value_counts().iter_rows()))
        spans = rows.select("purchase_timestamp", "delivered_timestamp")
        negative = spans.filter(pl.col("delivered_timestamp") < pl.col("purchase_timestamp"))
        if negative.height and sum(map(len, self._negative)) < NEGATIVE_KEPT:
            self._negative.append(negative)


def kept_rows(
    shop: Shop, table: RawTable, reading: Reading, delivered: pl.DataFrame | None, counts: Counts, progress: Progress
) -> Iterator[pl.DataFrame]:
    """The rows of each piece that are kept, as of the day the data was taken; all are counted."""
    for piece in table.pieces(reading.columns.wanted):
        rows = as_taken(rows_of(piece, counts.read + 1, shop, reading, counts.tally, delivered), shop)
        counts.add(rows)
        yield rows.filter(pl.col("_dropped").is_null()).drop("_dropped")
        progress(piece.height)


def as_taken(rows: pl.DataFrame, shop: Shop) -> pl.DataFrame:
    """What was known when the data was taken (as_of), if the shop file says when: nothing later."""
    as_of = taken_at(shop)
    if as_of is None:
        return rows
    late = pl.col("_dropped").is_null() & (pl.col("purchase_timestamp") > as_of)
    known_by_then = (
        pl.when(pl.col(name) <= as_of).then(name).alias(name) for name in ("shipped_timestamp", "delivered_timestamp")
    )
    reason = pl.when(late).then(pl.lit(AFTER_THE_DATA)).otherwise(pl.col("_dropped").cast(pl.String))
    return rows.with_columns(reason.alias("_dropped"), *known_by_then)


def taken_at(shop: Shop) -> datetime | None:
    """When the data was taken, in UTC: a date counts to its end, both on the shop's clock."""
    taken = shop.orders.as_of
    if taken is None:
        return None
    moment = taken if isinstance(taken, datetime) else datetime.combine(taken, time.max)
    return (moment if moment.tzinfo else moment.replace(tzinfo=shop.zone)).astimezone(UTC)
