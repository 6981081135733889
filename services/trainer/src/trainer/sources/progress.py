"""How far the reading of a source has come, on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from trainer.sources.orders.kept import Progress as Rows


@contextmanager
def reading(console: Console) -> Iterator[Rows]:
    """Shows the rows that it is told of until the block ends."""
    counted = (BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeElapsedColumn())
    columns = (TextColumn("{task.description}"), *counted)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading", total=None)
        yield lambda rows: progress.advance(task, rows)
