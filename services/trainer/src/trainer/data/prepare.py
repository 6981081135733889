"""`prepare-data`: nine CSV files in, one row per order out."""

from datetime import datetime
from pathlib import Path
from time import perf_counter

import polars as pl

from trainer.data.implausible import implausible, without_lone_purchases
from trainer.data.olist.check import missing_files_and_columns
from trainer.data.olist.files import DATE_FORMAT, is_synthetic
from trainer.data.olist.join import COLUMNS, baskets, locations, one_row_per_order
from trainer.data.olist.problems import NoDeliveredOrder, UnusableData
from trainer.data.olist.read import read, read_order_ids
from trainer.data.report import Report, dropped_by_reason
from trainer.data.split import split
from trainer.data.staging import staged_folder


def prepare(dataset: Path, target: Path, cutoff: datetime | None = None) -> Report:
    """Check and join the data set's files and write the target folder, whole or not at all.

    Raises UnusableData (files, columns, values, keys), NoDeliveredOrder or NothingToTrain (an empty part of the split).
    """
    started = perf_counter()
    problems = missing_files_and_columns(dataset)
    if problems:
        raise UnusableData(dataset, problems)
    tables = read(dataset)
    rows_in = {name: table.height for name, table in tables.items()}
    places = locations(tables.pop("geolocation"))
    filled = baskets(tables.pop("items"), tables.pop("products"), tables.pop("sellers"))
    every_order = one_row_per_order(tables.pop("orders"), filled, tables.pop("customers"), places)
    every_order = without_lone_purchases(every_order)
    del filled
    dropped = dropped_by_reason(every_order)
    set_aside = implausible(every_order)
    is_usable = every_order["dropped"].is_null()
    orders = every_order.drop("dropped").filter(is_usable)
    del every_order
    if orders["delivery_days"].count() == 0:
        raise NoDeliveredOrder(dataset, rows_in["orders"], dropped)
    parts = split(orders, cutoff)
    with staged_folder(target) as staging:
        _write_csv(parts.train, staging / "train_dataset.csv")
        _write_csv(parts.valid, staging / "valid_dataset.csv")
        _write_parquet(places, staging / "geolocation.parquet")
        order_id = read_order_ids(dataset).filter(is_usable)
        _write_parquet(orders.select(order_id, *COLUMNS), staging / "orders.parquet")
        report = Report.of(
            dataset=str(dataset),
            synthetic=is_synthetic(dataset),
            rows_in=rows_in,
            dropped=dropped,
            implausible=set_aside,
            orders=orders,
            places=places,
            parts=parts,
            seconds=perf_counter() - started,
        )
        report.save(staging)
    return report


def _write_csv(rows: pl.DataFrame, path: Path) -> None:
    rows.write_csv(path, datetime_format=DATE_FORMAT)


def _write_parquet(rows: pl.DataFrame, path: Path) -> None:
    rows.lazy().with_columns(pl.col(pl.Categorical).cast(pl.String)).sink_parquet(path)
