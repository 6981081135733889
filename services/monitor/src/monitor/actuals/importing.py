"""`monitor actuals import`: a file of reports into the database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from common.batch.inputs import read_input
from common.database.actuals import store
from common.database.session import Database
from common.servers.objects import ObjectStore
from common.settings import BatchSettings
from monitor.actuals.files import batches, local_rows, stored_rows
from monitor.actuals.rows import Row

MakeStore = Callable[[], ObjectStore]


@dataclass
class Imported:
    """How many rows were read, how many of them reported something, and how many could not be used."""

    rows: int = 0
    reports: int = 0
    refused: int = 0


def import_file(database: Database, make_store: MakeStore, limits: BatchSettings, source: str) -> Imported:
    """Take in a local file, an object, or every object under a prefix, and name each row that cannot be used.

    What is committed stays if it is interrupted. InvalidInput and its kinds, ObjectNotFound, ObjectStoreUnavailable.
    """
    done, console = Imported(), Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        for name, rows in _files(make_store, limits, source):
            bar = progress.add_task(name, total=1.0)
            for batch in batches(rows):
                with database.transaction() as session:
                    store(session, batch.reports)
                for row in batch.refused:
                    line = f" (line {row.line})" if row.line else ""
                    console.print(f"{name}: row {row.number}{line}: {row.problem}", markup=False, soft_wrap=True)
                done.rows += batch.rows
                done.reports += len(batch.reports)
                done.refused += len(batch.refused)
                progress.update(bar, completed=batch.share)
    return done


def _files(make_store: MakeStore, limits: BatchSettings, source: str) -> Iterator[tuple[str, Iterator[Row]]]:
    if not source.startswith("s3://"):
        yield source, local_rows(Path(source))
        return
    objects = make_store()
    for given in read_input(objects, objects.address(source), limits).objects:
        yield str(given.address), stored_rows(objects, given)
