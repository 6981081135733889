"""From a shop file to the general table, its places, and what is odd in it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
    with _written(gathered, folder / ORDERS) as orders:
        between.unlink(missing_ok=True)
        report = _report(shop, gathered, orders, look)
        if gathered.places is not None:
            gathered.places.write_parquet(folder / PLACES, compression_level=1)
    return Built(report, orders)


@contextmanager
def _written(gathered: Gathered, path: Path) -> Iterator[pl.LazyFrame]:
    """The orders, to be looked through while few of them are being written; they are when the block ends."""
    if gathered.counts.read > FEW:
        gathered.orders.sink_parquet(path, compression_level=1)
        yield pl.scan_parquet(path)
        return
    orders = gathered.orders.collect()
    with ThreadPoolExecutor(1) as beside:
        writing = beside.submit(orders.write_parquet, path, compression_level=1)
        yield orders.lazy()
        writing.result()


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
