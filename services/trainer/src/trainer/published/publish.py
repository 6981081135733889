"""Prepared orders as a version of the history: a part for each month of purchase."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from common.orders.shop.prepared_shop import PreparedShop
from common.servers.history import HistoryStore, HistoryVersion, Part
from trainer.sources.build import ORDERS, PLACES
from trainer.sources.source_mark import CANNOT_TELL

REPORT = "report.json"
PUBLISHED = "published.json"
MONTH = pl.col("purchase_timestamp").dt.strftime("%Y-%m")


def publish_prepared(folder: Path, store: HistoryStore) -> HistoryVersion:
    """Make what `prepare-data` wrote into a folder the newest version, as it is."""
    version = store.publish(put_source(folder, store), source_mark_of(folder))
    mark_published(folder)
    return version


def put_source(folder: Path, store: HistoryStore) -> HistoryVersion:
    """Write the parts of a version that is what `prepare-data` wrote into a folder; it is not published yet. The report
    of the preparation goes with them."""
    source = put_months(pl.scan_parquet(folder / ORDERS), store)
    places = _put_places(folder / PLACES, store)
    shop = PreparedShop.read(folder)
    if (report := folder / REPORT).exists():
        store.reports.put("source", report.read_bytes())
    return HistoryVersion(shop=shop, months=source, source=source, places=places, made_at=datetime.now(UTC))


def mark_published(folder: Path) -> None:
    """Note that the folder's orders were published as they are now."""
    (folder / PUBLISHED).write_text(json.dumps(_state(folder)))


def is_published(folder: Path) -> bool:
    """Whether the folder's orders were published as they are now; so they are too if there are none."""
    if not (folder / ORDERS).exists():
        return True
    path = folder / PUBLISHED
    return path.exists() and json.loads(path.read_text()) == _state(folder)


def prepared_at(folder: Path) -> datetime:
    """When the folder's orders were prepared."""
    return datetime.fromtimestamp((folder / ORDERS).stat().st_mtime, UTC)


def put_table(table: pl.DataFrame, store: HistoryStore) -> Part:
    """Write a table as a part."""
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        file = Path(scratch) / "table.parquet"
        table.write_parquet(file)
        return store.put_part(file, table.height)


def put_months(orders: pl.LazyFrame, store: HistoryStore) -> dict[str, Part]:
    """Write the orders by month of purchase (UTC), each by purchase, and say which part is which."""
    months = orders.select(MONTH.unique()).collect(engine="streaming").to_series().sort()
    with tempfile.TemporaryDirectory(prefix="history-") as scratch:
        file = Path(scratch) / "month.parquet"
        parts = {}
        for month in months:
            rows = orders.filter(month == MONTH).collect(engine="streaming").sort("purchase_timestamp", "order_id")
            rows.write_parquet(file)
            parts[month] = store.put_part(file, rows.height)
    return parts


def _state(folder: Path) -> list[int]:
    stat = (folder / ORDERS).stat()
    return [stat.st_size, stat.st_mtime_ns]


def source_mark_of(folder: Path) -> str:
    """By what the source of the folder's orders is known to be unchanged."""
    report = folder / REPORT
    return str(json.loads(report.read_bytes())["source_mark"]) if report.exists() else CANNOT_TELL


def _put_places(file: Path, store: HistoryStore) -> Part | None:
    return store.put_part(file, pl.scan_parquet(file).select(pl.len()).collect().item()) if file.exists() else None
