"""The data report: what came in, what was dropped and why, what went out."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from trainer.data.split import Split

RANGES = ("purchase_timestamp", "delivery_days", "promised_days", "customer_lat", "customer_lng")


@dataclass(frozen=True)
class Report:
    """Counts are rows; `ranges` maps a column to its [smallest, largest] value; seconds of the whole run.

    implausible: the first orders that were dropped for their dates, by row and value.
    """

    dataset: str
    synthetic: bool
    rows_in: dict[str, int]
    dropped: dict[str, int]
    implausible: list[str]
    geolocation_points_outside_brazil: int
    zip_prefixes: int
    orders: int
    orders_under_way: int
    orders_of_several_sellers: int
    cutoff: str
    train_rows: int
    valid_rows: int
    label_unknown_at_cutoff: int
    ranges: dict[str, list[Any]]
    seconds: float

    @classmethod
    def of(
        cls,
        dataset: str,
        synthetic: bool,
        rows_in: dict[str, int],
        dropped: dict[str, int],
        implausible: list[str],
        orders: pl.DataFrame,
        places: pl.DataFrame,
        parts: Split,
        seconds: float,
    ) -> "Report":
        """Count what was read, dropped and kept."""
        return cls(
            dataset=dataset,
            synthetic=synthetic,
            rows_in=rows_in,
            dropped=dropped,
            implausible=implausible,
            geolocation_points_outside_brazil=rows_in["geolocation"] - int(places["points"].sum()),
            zip_prefixes=places.height,
            orders=orders.height,
            orders_under_way=orders["delivery_days"].null_count(),
            orders_of_several_sellers=int(orders["sellers_differ"].sum()),
            cutoff=str(parts.cutoff),
            train_rows=parts.train.height,
            valid_rows=parts.valid.height,
            label_unknown_at_cutoff=parts.unknown_at_cutoff,
            ranges={name: [orders[name].min(), orders[name].max()] for name in RANGES},
            seconds=round(seconds, 3),
        )

    def save(self, folder: Path) -> None:
        """Write report.json into the folder."""
        (folder / "report.json").write_text(json.dumps(asdict(self), indent=2, default=str) + "\n")

    def show(self, console: Console) -> None:
        """Print the report as a short table."""
        table = Table("", "rows", title="synthetic orders" if self.synthetic else None, title_style="bold yellow")
        table.columns[1].justify = "right"
        for name, count in self.rows_in.items():
            table.add_row(f"read: {name}", f"{count:,}")
        table.add_section()
        for reason, count in self.dropped.items():
            table.add_row(f"dropped: {reason}", f"{count:,}")
        outside = self.geolocation_points_outside_brazil
        table.add_row("dropped: geolocation points outside Brazil", f"{outside:,}")
        table.add_section()
        table.add_row("orders kept", f"{self.orders:,}")
        table.add_row("  of which still under way", f"{self.orders_under_way:,}")
        table.add_row("  of several sellers (the first item's counts)", f"{self.orders_of_several_sellers:,}")
        table.add_row(f"training (delivered before {self.cutoff})", f"{self.train_rows:,}")
        table.add_row("validation (bought since)", f"{self.valid_rows:,}")
        table.add_row("in neither (bought before, delivered after)", f"{self.label_unknown_at_cutoff:,}")
        console.print(table)
        if self.implausible:
            console.print("dates that cannot be right, set aside (rows of the orders file):")
        for line in self.implausible:
            console.print(f"  {line}", soft_wrap=True, highlight=False)


def dropped_by_reason(every_order: pl.DataFrame) -> dict[str, int]:
    """How many orders each reason dropped, the most frequent first."""
    reasons = every_order["dropped"].drop_nulls().cast(pl.String).value_counts()
    return dict(reasons.sort("count", "dropped", descending=[True, False]).iter_rows())
