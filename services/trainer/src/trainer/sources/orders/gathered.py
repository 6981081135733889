"""What a source gave: its usable orders before they are written, and what was counted on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from trainer.sources.orders.kept import Counts


@dataclass(frozen=True)
class Gathered:
    """orders: the general table's columns and the facts, an order once. places: see `known_places`, None without any.

    rows_in: rows of each table that was read. further: other counts, by what they count. implausible: the first rows
    that were dropped for their dates. is_synthetic: whether the orders are made up.
    """

    name: str
    orders: pl.LazyFrame
    counts: Counts
    rows_in: Mapping[str, int]
    notes: tuple[str, ...] = ()
    places: pl.DataFrame | None = None
    further: Mapping[str, int] = field(default_factory=dict)
    implausible: tuple[str, ...] = ()
    is_synthetic: bool = False
