"""Parquet, streamed batch by batch: only the columns asked for are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from common.errors import first_line
from trainer.sources.errors import UnusableSource
from trainer.sources.raw.files import DataFile
from trainer.sources.raw.table import as_text

BATCH_ROWS = 128 * 1024


@dataclass
class ParquetFile:
    """One Parquet file."""

    file: DataFile
    damaged: int = 0
    notes: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of its top-level columns."""
        with self.file.raw() as stream:
            return tuple(self._opened(stream).schema_arrow.names)

    def pieces(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows in the file's order, typed columns as text."""
        with self.file.raw() as stream:
            for batch in self._opened(stream).iter_batches(BATCH_ROWS, columns=list(columns)):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow's type also covers columns
                yield as_text(frame.select(columns))

    def _opened(self, stream: object) -> "pq.ParquetFile":
        try:
            return pq.ParquetFile(stream)
        except (pa.ArrowInvalid, OSError) as error:
            raise UnusableSource(self.file.name, f"is not a readable Parquet file: {first_line(error)}") from None
