"""The data report: what came in, what was dropped and why, what went out."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from common.model.time_scale import TimeScale
from trainer.data.split import SECONDS_PER_DAY, Split
from trainer.sources.report import OrdersReport

CLOCK = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Report:
    """Counts are rows; `ranges` maps a column to its [smallest, largest] value; seconds of the whole run.

    read: what the reading of the source found. orders_presumed_lost: of those under way, see `TimeScale.lost`.
    source_mark: see `trainer.sources.source_mark`.
    """

    read: OrdersReport
    cutoff: str
    train_rows: int
    valid_rows: int
    label_unknown_at_cutoff: int
    orders_presumed_lost: int
    ranges: dict[str, list[Any]]
    seconds: float
    source_mark: str

    @property
    def orders(self) -> int:
        """Orders that are kept."""
        return self.read.kept

    @classmethod
    def of(
        cls,
        read: OrdersReport,
        orders: pl.LazyFrame,
        parts: Split,
        names: Mapping[str, str],
        seconds: float,
        source_mark: str = "",
    ) -> "Report":
        """Count what was kept. names: those that columns have in the CSV files, where they differ."""
        ranges, presumed_lost = _looked_through(orders, read)
        return cls(
            read=read,
            cutoff=f"{parts.cutoff:{CLOCK}}",
            train_rows=parts.train_rows,
            valid_rows=parts.valid_rows,
            label_unknown_at_cutoff=parts.unknown_at_cutoff,
            orders_presumed_lost=presumed_lost,
            ranges={names.get(name, name): ends for name, ends in ranges.items()},
            seconds=round(seconds, 3),
            source_mark=source_mark,
        )

    def save(self, folder: Path) -> None:
        """Write report.json into the folder."""
        read = self.read
        counts = {
            "dataset": read.source,
            "synthetic": read.is_synthetic,
            "rows_in": read.rows_in,
            "dropped": read.dropped,
            "implausible": read.implausible,
            **read.further,
            "orders": read.kept,
            "orders_under_way": read.kept - read.delivered,
        }
        own = {name: value for name, value in asdict(self).items() if name != "read"}
        content = counts | own | {"source": asdict(read) | {"barred": read.barred}}
        (folder / "report.json").write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")

    def show(self, console: Console) -> None:
        """Print the report as a short table, then what is odd, a line each."""
        read = self.read
        table = Table("", "rows", title="synthetic orders" if read.is_synthetic else None, title_style="bold yellow")
        table.columns[1].justify = "right"
        for name, count in read.rows_in.items():
            table.add_row(f"read: {name}", f"{count:,}")
        table.add_section()
        for reason, count in read.dropped.items():
            table.add_row(f"dropped: {reason}", f"{count:,}")
        table.add_section()
        table.add_row("orders kept", f"{read.kept:,}")
        table.add_row("  of which still under way", f"{read.kept - read.delivered:,}")
        table.add_row("  of which presumed lost", f"{self.orders_presumed_lost:,}")
        for name, count in read.further.items():
            table.add_row(f"  {name.replace('_', ' ')}", f"{count:,}")
        table.add_row(f"training (delivered before {self.cutoff})", f"{self.train_rows:,}")
        table.add_row("validation (bought since)", f"{self.valid_rows:,}")
        table.add_row("in neither (bought before, delivered after)", f"{self.label_unknown_at_cutoff:,}")
        console.print(table)
        read.show_lines(console)


def _looked_through(orders: pl.LazyFrame, read: OrdersReport) -> tuple[dict[str, list[Any]], int]:
    """The ends of columns, and how many orders are presumed lost."""
    bought, delivered, promised = (pl.col(f"{name}_timestamp") for name in ("purchase", "delivered", "promised"))
    columns = {
        "purchase_timestamp": bought,
        "delivery_days": (delivered - bought).dt.total_seconds() / SECONDS_PER_DAY,
        "promised_days": (promised - bought).dt.total_seconds() / SECONDS_PER_DAY,
        "destination_lat": pl.col("destination_lat"),
        "destination_lng": pl.col("destination_lng"),
    }
    ends = {f"{end} {name}": getattr(column, end)() for name, column in columns.items() for end in ("min", "max")}
    last = read.as_of - timedelta(days=TimeScale.of_median(read.median_days).lost)
    presumed_lost = (delivered.is_null() & (bought < pl.lit(last))).sum()
    found = orders.select(**ends, presumed_lost=presumed_lost).collect(engine="streaming").row(0, named=True)
    return {name: [found[f"min {name}"], found[f"max {name}"]] for name in columns}, found["presumed_lost"]
