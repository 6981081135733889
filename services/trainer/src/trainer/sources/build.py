"""From a shop file to the general table, its places, and what is odd in it."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from common.orders.shop.sections import Shop
from common.orders.shop.source import Kind, kind_of
from trainer.sources.errors import NothingToLearn
from trainer.sources.oddities.every import Figures, Look, Looked, oddities
from trainer.sources.olist.orders import gather_olist
from trainer.sources.orders.gather import gather
from trainer.sources.orders.gathered import Gathered
from trainer.sources.orders.kept import Progress, taken_at
from trainer.sources.raw.open import Sources
from trainer.sources.report import OrdersReport

ORDERS, PLACES = "orders.parquet", "places.parquet"
FEW = 500_000
"""Rows that are looked through in memory, which is several times as fast; more are read again for each look."""


@dataclass(frozen=True)
class Built:
    """What was written, to be looked through: in memory if it is little."""

    report: OrdersReport
    orders: pl.LazyFrame


def build(
    shop: Shop, sources: Sources, folder: Path, progress: Progress = lambda _rows: None, look: Look = oddities
) -> Built:
    """Write ORDERS, and PLACES if the shop has any, into the folder, which is the caller's to clear after an error.

    look: what finds what is odd in the orders.
    UnusableSource names all that is wrong with the source; NothingToLearn when no order is delivered.
    """
    between = folder / ".between.parquet"
    if kind_of(shop.orders.source) is Kind.OLIST:
        gathered = gather_olist(shop, sources)
    else:
        gathered = gather(shop, sources, between, progress)
    orders = _written(gathered, folder / ORDERS)
    between.unlink(missing_ok=True)
    report = _report(shop, gathered, orders, look)
    if gathered.places is not None:
        gathered.places.write_parquet(folder / PLACES, compression_level=1)
    return Built(report, orders)


def _written(gathered: Gathered, path: Path) -> pl.LazyFrame:
    if gathered.counts.read > FEW:
        gathered.orders.sink_parquet(path, compression_level=1)
        return pl.scan_parquet(path)
    orders = gathered.orders.collect()
    orders.write_parquet(path, compression_level=1)
    return orders.lazy()


def _report(shop: Shop, gathered: Gathered, orders: pl.LazyFrame, look: Look) -> OrdersReport:
    counts = gathered.counts
    dropped = dict(counts.dropped.most_common())
    if not orders.select(pl.col("delivered_timestamp").count()).collect(engine="streaming").item():
        raise NothingToLearn(gathered.name, counts.read, dropped)
    figures = Figures.of(orders)
    unreadable = {
        f"{field} (e.g. {counts.tally.examples[field]!r})": count for field, count in counts.tally.unreadable.items()
    }
    return OrdersReport(
        source=gathered.name,
        is_synthetic=gathered.is_synthetic,
        notes=gathered.notes,
        rows_in=dict(gathered.rows_in),
        read=counts.read,
        kept=figures.kept,
        delivered=figures.delivered,
        dropped=dropped,
        implausible=gathered.implausible,
        unreadable=unreadable,
        further=dict(gathered.further),
        first_purchase=figures.first,
        last_purchase=figures.last,
        as_of=taken_at(shop) or figures.newest_event,
        median_days=figures.median,
        findings=tuple(look(Looked(orders, counts.negative, counts.tally.exchanged, figures, shop))),
    )
