"""`prepare-data`: nine CSV files in, one row per order out."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

import polars as pl

from trainer.data.check import missing_files_and_columns
from trainer.data.files import DATE_FORMAT, is_synthetic
from trainer.data.join import COLUMNS, locations, one_row_per_order
from trainer.data.problems import NoDeliveredOrder, UnusableData
from trainer.data.read import read
from trainer.data.report import Report, dropped_by_reason
from trainer.data.split import Split, split
from trainer.data.staging import staged_folder


@dataclass(frozen=True)
class Prepared:
    """What `prepare-data` writes: orders with `join.COLUMNS`, one location per zip prefix, and the split."""

    orders: pl.DataFrame
    places: pl.DataFrame
    parts: Split


def prepare(dataset: Path, target: Path, cutoff: datetime | None = None) -> Report:
    """Check and join the data set's files and write the target folder, whole or not at all.

    Raises UnusableData (files, columns, values, keys), NoDeliveredOrder or NothingToTrain (an empty part of the split).
    """
    started = perf_counter()
    problems = missing_files_and_columns(dataset)
    if problems:
        raise UnusableData(dataset, problems)
    rows = read(dataset)
    rows_in = rows.counts()
    places = locations(rows.geolocation)
    every_order = one_row_per_order(rows, places)
    del rows
    usable = every_order.filter(pl.col("dropped").is_null())
    if usable["delivery_days"].count() == 0:
        raise NoDeliveredOrder(dataset, every_order.height, dropped_by_reason(every_order))
    parts = split(usable, cutoff)
    prepared = Prepared(usable.select(COLUMNS), places, parts)
    with staged_folder(target) as staging:
        _write(prepared, staging)
        report = Report.of(
            dataset=str(dataset),
            synthetic=is_synthetic(dataset),
            rows_in=rows_in,
            every_order=every_order,
            places=places,
            parts=parts,
            seconds=perf_counter() - started,
        )
        report.save(staging)
    return report


def _write(prepared: Prepared, folder: Path) -> None:
    prepared.orders.with_columns(pl.col(pl.Categorical).cast(pl.String)).write_parquet(folder / "orders.parquet")
    prepared.places.with_columns(pl.col("state").cast(pl.String)).write_parquet(folder / "geolocation.parquet")
    prepared.parts.train.write_csv(folder / "train_dataset.csv", datetime_format=DATE_FORMAT)
    prepared.parts.valid.write_csv(folder / "valid_dataset.csv", datetime_format=DATE_FORMAT)
