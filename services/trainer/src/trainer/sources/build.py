"""From a shop file to the general table, its places, and what is odd in it."""

from pathlib import Path

import polars as pl

from common.orders.shop.sections import Shop
from common.orders.shop.source import Kind, kind_of
from trainer.sources.oddities.every import Figures, oddities
from trainer.sources.olist.orders import gather_olist
from trainer.sources.orders.gather import gather
from trainer.sources.orders.gathered import Gathered
from trainer.sources.orders.kept import Progress, taken_at
from trainer.sources.problems import NothingToLearn
from trainer.sources.raw.open import Sources
from trainer.sources.report import OrdersReport

ORDERS, PLACES = "orders_general.parquet", "places.parquet"


def build(shop: Shop, sources: Sources, folder: Path, progress: Progress = lambda _rows: None) -> OrdersReport:
    """Write ORDERS, and PLACES if the shop has any, into the folder, which is the caller's to clear after an error.

    UnusableSource names all that is wrong with the source; NothingToLearn when no order is delivered.
    """
    between = folder / ".between.parquet"
    if kind_of(shop.orders.source) is Kind.OLIST:
        gathered = gather_olist(shop, sources)
    else:
        gathered = gather(shop, sources, between, progress)
    gathered.orders.sink_parquet(folder / ORDERS)
    between.unlink(missing_ok=True)
    report = _report(shop, gathered, pl.scan_parquet(folder / ORDERS))
    if gathered.places is not None:
        gathered.places.write_parquet(folder / PLACES)
    return report


def _report(shop: Shop, gathered: Gathered, orders: pl.LazyFrame) -> OrdersReport:
    counts = gathered.counts
    dropped = dict(counts.dropped.most_common())
    if not orders.select(pl.col("delivered_timestamp").count()).collect(engine="streaming").item():
        raise NothingToLearn(gathered.name, counts.read, dropped)
    figures = Figures.of(orders)
    unreadable = {
        f"{field} (e.g. {counts.tally.examples[field]!r})": count for field, count in counts.tally.unreadable.items()
    }
    facts = (shop.facts.numeric, shop.facts.category)
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
        findings=tuple(oddities(orders, counts.negative, figures, shop.time_zone, *facts)),
    )
