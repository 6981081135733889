"""What came of a shop's data: rows read, kept, dropped by reason, and what is odd."""

from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table

from trainer.sources.oddities.oddity import Oddity


@dataclass(frozen=True)
class OrdersReport:
    """Counts are rows. `notes` says how the source was read; moments are in UTC.

    rows_in, further, implausible: see `Gathered`.
    """

    source: str
    is_synthetic: bool
    notes: tuple[str, ...]
    rows_in: dict[str, int]
    read: int
    kept: int
    delivered: int
    dropped: dict[str, int]
    implausible: tuple[str, ...]
    unreadable: dict[str, int]
    further: dict[str, int]
    first_purchase: datetime
    last_purchase: datetime
    as_of: datetime
    median_days: float
    findings: tuple[Oddity, ...]

    @property
    def barred(self) -> tuple[str, ...]:
        """Columns that must not be an input of a model."""
        return tuple(dict.fromkeys(finding.barred for finding in self.findings if finding.barred))

    def show(self, console: Console) -> None:
        """Print it as a table, then what is odd, a line each."""
        table = Table("", "rows", title=self.source)
        table.columns[1].justify = "right"
        table.add_row("read", f"{self.read:,}")
        for reason, count in self.dropped.items():
            table.add_row(f"dropped: {reason}", f"{count:,}")
        table.add_section()
        table.add_row("orders kept", f"{self.kept:,}")
        table.add_row("  of which not delivered yet", f"{self.kept - self.delivered:,}")
        table.add_row(
            f"  bought {self.first_purchase:%Y-%m-%d} to {self.last_purchase:%Y-%m-%d}, taken", f"{self.as_of:%Y-%m-%d}"
        )
        table.add_row("  median from purchase to delivery", duration(self.median_days))
        console.print(table)
        self.show_lines(console)

    def show_lines(self, console: Console) -> None:
        """Print how the source was read and what is odd, a line each."""
        for title, lines in {
            "Read as": self.notes,
            "Values that could not be read": tuple(f"{name}: {count:,}" for name, count in self.unreadable.items()),
            "Dates that cannot be right, set aside (rows of the orders' file)": self.implausible,
            "Odd": tuple(finding.text for finding in self.findings),
            "Never an input": self.barred,
        }.items():
            if lines:
                console.print(f"\n[bold]{title}[/bold]")
            for line in lines:
                console.print(f"  - {line}", soft_wrap=True, markup=False, highlight=False)


def duration(days: float) -> str:
    """Days as a person says them."""
    return (
        f"{days:.1f} days"
        if days >= 1
        else f"{days * 24:.1f} hours"
        if days >= 0.125
        else f"{days * 1_440:.0f} minutes"
    )
