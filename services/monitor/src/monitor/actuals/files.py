"""Files of reports, on this machine or in the object store, in batches that one transaction takes."""

import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from common.batch.formats import ENDINGS, Format, InputObject, format_of, packed_format
from common.batch.formats.csv_text import CsvFormat
from common.database.actuals import MOST_REPORTS, OrderReport
from common.errors import InvalidInput
from common.servers.objects import BLOCK_BYTES, ObjectStore
from monitor.actuals.rows import Blocks, Row, csv_rows, parquet_rows


@dataclass(frozen=True)
class Batch:
    """Neighbouring rows of a file. share: of the file's bytes, up to their end. refused: rows with a problem."""

    rows: int
    reports: list[OrderReport]
    refused: list[Row]
    share: float


def local_rows(path: Path) -> Iterator[Row]:
    """The rows of a local file, read as they are asked for; MissingColumns, UnreadableInput, InvalidInput."""
    kind = format_of(path.name)
    if kind is None:
        raise InvalidInput(f"{path} is no file of actuals: its name must end in {', '.join(ENDINGS)}")
    with path.open("rb") as file:
        kind = packed_format(kind, file.read(4))
        if not isinstance(kind, CsvFormat):
            yield from parquet_rows(str(path), path)
            return
        file.seek(0)
        blocks = iter(lambda: file.read(BLOCK_BYTES), b"")
        yield from csv_rows(str(path), kind, Blocks(blocks, path.stat().st_size))


def stored_rows(store: ObjectStore, given: InputObject) -> Generator[Row, None, None]:
    """The rows of an object; a Parquet object is copied to this machine first, for its end comes before its rows."""
    where, kind = str(given.address), _kind(store, given)
    with closing(store.stream(given.address, given.etag)) as blocks:
        if isinstance(kind, CsvFormat):
            yield from csv_rows(where, kind, Blocks(blocks, given.size))
            return
        with tempfile.NamedTemporaryFile(suffix=".parquet") as copy:
            for block in blocks:
                copy.write(block)
            copy.flush()
            yield from parquet_rows(where, Path(copy.name))


def batches(rows: Iterator[Row]) -> Iterator[Batch]:
    """Batches of MOST_REPORTS rows."""
    while part := list(islice(rows, MOST_REPORTS)):
        reports = [row.report for row in part if row.report]
        yield Batch(len(part), reports, [row for row in part if row.problem], part[-1].share)


def _kind(store: ObjectStore, given: InputObject) -> Format:
    return packed_format(given.format, store.head(given.address, 4)) if given.size else given.format
