"""Everything that is odd in a table of orders."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import polars as pl

from common.orders.shop.sections import Shop
from trainer.sources.oddities.facts import facts
from trainer.sources.oddities.oddity import Oddity
from trainer.sources.oddities.places import only_exchanged, places
from trainer.sources.oddities.promises import promises
from trainer.sources.oddities.times import calendar_gaps, moments_in_order, negative_spans, one_end_date
from trainer.sources.orders.apart import last_day
from trainer.sources.sample import spread

MANY = 5_000_000
"""Orders of which a quantile is exact; of more it is that of a part."""


@dataclass(frozen=True)
class Figures:
    """Counts are orders; moments in UTC; median and longest (99 %) span in days.

    newest_event: without events that lie alone after all others, whose dates are wrong.
    """

    kept: int
    delivered: int
    first: datetime
    last: datetime
    newest_delivery: datetime
    newest_event: datetime
    median: float
    longest: float

    @classmethod
    def of(cls, orders: pl.LazyFrame) -> "Figures":
        """Of the orders, of which one must be delivered."""
        bought, delivered, shipped = (pl.col(f"{event}_timestamp") for event in ("purchase", "delivered", "shipped"))
        events = (bought, shipped, delivered)
        end = last_day(orders, (moment.meta.output_name() for moment in events))
        counts = {
            "kept": pl.len(),
            "delivered": delivered.count(),
            "first": bought.min(),
            "last": bought.max(),
            "newest_delivery": delivered.max(),
            "newest_event": pl.max_horizontal(*(moment.filter(moment.dt.date() <= end).max() for moment in events)),
        }
        counted = orders.select(**counts).collect(engine="streaming").row(0, named=True)
        span = (delivered - bought).dt.total_seconds() / 86_400
        spans = spread(orders, counted["kept"], MANY).select(span=span).drop_nulls().sort("span")
        ends = {"median": pl.median("span"), "longest": pl.quantile("span", 0.99)}
        return cls(**counted, **spans.select(**ends).collect(engine="streaming").row(0, named=True))


@dataclass(frozen=True)
class Looked:
    """What is looked at. negative: rows that were dropped as they end before they begin.

    exchanged: rows by the end whose coordinates are a place only once they are exchanged.
    """

    orders: pl.LazyFrame
    negative: pl.DataFrame
    exchanged: Mapping[str, int]
    figures: Figures
    shop: Shop


Look: TypeAlias = Callable[[Looked], Iterable[Oddity]]


def oddities(looked: Looked) -> Iterator[Oddity]:
    """Every finding."""
    orders, figures, zone = looked.orders, looked.figures, looked.shop.time_zone
    yield from negative_spans(looked.negative, figures.newest_delivery, figures.longest, zone)
    yield from moments_in_order(orders, figures.kept)
    yield from one_end_date(orders, zone)
    yield from calendar_gaps(orders, zone, figures.kept)
    yield from oddities_of_promises(looked)
    yield from only_exchanged(looked.exchanged)
    yield from places(orders, figures.kept)
    yield from facts(orders, looked.shop.facts.numeric, looked.shop.facts.category, figures.kept)


def oddities_of_promises(looked: Looked) -> Iterator[Oddity]:
    """Those that say whether the promise may be an input."""
    return promises(looked.orders, looked.figures.median, looked.shop.time_zone)
