"""`prepare-data`: a shop's source in, one row per order out."""

from datetime import datetime
from pathlib import Path
from time import perf_counter

from common.orders.shop.prepared_shop import PreparedShop
from common.orders.shop.sections import Facts, Shop
from common.orders.shop.source import Kind, kind_of
from trainer.data.report import Report
from trainer.data.rows import THREE_FACTS, general_rows, olist_rows
from trainer.data.split import split
from trainer.data.staging import staged_folder
from trainer.sources.build import build
from trainer.sources.oddities.every import oddities, oddities_of_promises
from trainer.sources.orders.kept import Progress
from trainer.sources.raw.open import Sources
from trainer.sources.report import OrdersReport
from trainer.sources.source_mark import source_mark


def prepare(
    shop: Shop,
    sources: Sources,
    target: Path,
    cutoff: datetime | None = None,
    progress: Progress = lambda _rows: None,
) -> Report:
    """Read the shop's orders and write the target folder, whole or not at all.

    Raises InvalidInput for what is wrong with the source, or NothingToTrain (an empty part of the split).
    """
    started, mark = perf_counter(), source_mark(shop, sources)
    is_olist = kind_of(shop.orders.source) is Kind.OLIST
    with staged_folder(target) as staging:
        look = oddities_of_promises if is_olist else oddities  # the join has found the others, and must stay fast
        built = build(shop, sources, staging, progress, look)
        prepared = prepared_shop(shop, built.report)
        prepared.write(staging)
        parts = split(built.orders, shop.zone, cutoff)
        rows = olist_rows if is_olist else general_rows
        rows(parts.train, prepared).sink_csv(staging / "train_dataset.csv")
        rows(parts.valid, prepared).sink_csv(staging / "valid_dataset.csv")
        names = THREE_FACTS if is_olist else {}
        report = Report.of(built.report, built.orders, parts, names, perf_counter() - started, mark)
        report.save(staging)
    return report


def prepared_shop(shop: Shop, orders: OrdersReport) -> PreparedShop:
    """What trainer and monitor must know of the shop: without what the data bars as an input."""
    facts = (shop.facts.numeric, shop.facts.category)
    numeric, category = (tuple(name for name in names if name not in orders.barred) for names in facts)
    return PreparedShop(
        name=shop.name,
        country=shop.country,
        time_zone=shop.time_zone,
        weekend=shop.weekend,
        facts=Facts(numeric=numeric, category=category),
        promise_barred="promised_timestamp" in orders.barred,
        as_of=orders.as_of,
        synthetic=orders.is_synthetic,
        declared=shop.declared,
        promise_share=shop.promise.share if shop.promise else None,
    )
