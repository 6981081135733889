"""What `trainer inspect` prints."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from trainer.sources.inspection.draft import Draft
from trainer.sources.inspection.inspect import Inspected, unmapped, without_coordinates


def show(inspected: Inspected, out: Path | None, console: Console) -> None:
    """Columns, report, what to do next; the draft itself when it goes into no file."""
    draft = inspected.draft
    _show_columns(draft, inspected.left_out, console)
    if inspected.report:
        inspected.report.show(console)
    if inspected.problem:
        _lines(console, "The draft cannot be used yet", (inspected.problem,))
    if out is None:
        console.print("\n[bold]shop.toml[/bold]")
        console.print(draft.text(), markup=False, highlight=False, soft_wrap=True)
    _lines(console, "Next", tuple(_next(inspected, out)), numbered=True)


def _show_columns(draft: Draft, left_out: dict[str, str], console: Console) -> None:
    table = Table("ours", "theirs", title=f"Columns of {draft.orders['source']}", title_justify="left")
    for name, column in draft.columns.items():
        table.add_row(name, column)
    if draft.status:
        table.add_row(
            "status", f"{draft.status['column']} (cancelled: {', '.join(draft.status['cancelled']) or 'none'})"
        )
    for kind, columns in draft.facts.items():
        for column in columns:
            table.add_row(f"fact, {kind}", column)
    for column, reason in left_out.items():
        table.add_row("not used", f"{column}: {reason}", style="dim")
    console.print(table)


def _next(inspected: Inspected, out: Path | None) -> list[str]:
    draft, file = inspected.draft, out or Path("shop.toml")
    steps = [] if out else [f"write the draft to a file: the same command with --out {file}"]
    if draft.open:
        as_utc = " (until then moments were read as UTC)" if "time_zone" in draft.open and inspected.report else ""
        steps.append(f"fill in {', '.join(draft.open)} in {file}{as_utc}")
    if unmapped(draft):
        steps.append(
            f"if a column says more of the {' and the '.join(unmapped(draft))}, name it under [orders.columns]"
        )
    if ends := without_coordinates(draft):
        steps.append(
            f"name a file with the coordinates of postal codes under [places] in {file} (GeoNames has one for each "
            f"country): orders give the {' and the '.join(ends)} by postal code alone"
        )
    steps.append(f"read {file} through: are the facts known at the purchase, is every column what it seems?")
    steps.append(f"check it against the data: trainer inspect {file}")
    return steps


def _lines(console: Console, title: str, lines: tuple[str, ...], numbered: bool = False) -> None:
    console.print(f"\n[bold]{title}[/bold]")
    for position, line in enumerate(lines, 1):
        mark = f"{position}." if numbered else "-"
        console.print(f"  {mark} {line}", soft_wrap=True, markup=False, highlight=False)
