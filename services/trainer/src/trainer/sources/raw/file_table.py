"""Several files as one table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from trainer.sources.errors import UnusableSource
from trainer.sources.raw.files import DataFile
from trainer.sources.raw.parquet_files import ParquetFile
from trainer.sources.raw.text_files import TextFile


@dataclass(frozen=True)
class FileTable:
    """Files one after the other; the first says which columns there are, the others must have those asked for."""

    name: str
    files: tuple[TextFile | ParquetFile, ...]

    @classmethod
    def of(cls, name: str, files: Sequence[DataFile], delimiter: str | None, encoding: str | None) -> "FileTable":
        """Each file by its own format."""
        kinds = (ParquetFile(file) if file.is_parquet else TextFile(file, delimiter, encoding) for file in files)
        return cls(name, tuple(kinds))

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the first file."""
        return self.files[0].columns

    @property
    def notes(self) -> tuple[str, ...]:
        """How many files, and what the first is like."""
        several = (f"{len(self.files):,} files",) if len(self.files) > 1 else ()
        return (*several, *self.files[0].notes)

    @property
    def damaged(self) -> int:
        """Rows of all files that were left out."""
        return sum(file.damaged for file in self.files)

    def pieces(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows of all files in their order."""
        for file in self.files:
            missing = [column for column in columns if column not in file.columns]
            if missing:
                raise UnusableSource(file.file.name, f"lacks column(s) {', '.join(missing)}, which other files have")
            yield from file.pieces(columns)
