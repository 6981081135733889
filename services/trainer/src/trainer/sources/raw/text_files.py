"""CSV in whatever dialect, streamed: pyarrow decodes and splits, blocks of a few MB become pieces."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import polars as pl
import pyarrow as pa
from pyarrow import csv

from common.errors import first_line
from trainer.sources.errors import UnusableSource
from trainer.sources.raw.dialect import HEAD_BYTES, Dialect, delimiter_of, encoding_of, header_of
from trainer.sources.raw.files import DataFile

BLOCK_BYTES = 16 * 2**20
SCAN_BYTES = 4 * 2**20


@dataclass
class TextFile:
    """One CSV file. `delimiter` and `encoding` are those that the shop file names, if it does."""

    file: DataFile
    delimiter: str | None = None
    encoding: str | None = None
    damaged: int = field(default=0, init=False)

    @cached_property
    def dialect(self) -> Dialect:
        """Found out from the head, the encoding of a near file from all of it; UnusableSource where in doubt."""
        name = self.file.name
        encoding = self.encoding or encoding_of(name, self._blocks())
        with self.file.opened() as stream:
            raw = stream.read(HEAD_BYTES)
        head = raw.decode(encoding, errors="replace").lstrip("\ufeff")
        if len(raw) == HEAD_BYTES:
            head = head[: max(head.rfind("\n"), 0)]
        delimiter = self.delimiter or delimiter_of(name, head)
        return Dialect(encoding, delimiter, header_of(name, head, delimiter))

    @property
    def columns(self) -> tuple[str, ...]:
        """The header's names."""
        return tuple(column for column in self.dialect.header if column)

    @property
    def notes(self) -> tuple[str, ...]:
        """What its dialect is, where it is not plain."""
        return self.dialect.notes

    def pieces(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows in the file's order; rows of another width than the header's are left out and counted."""
        self.damaged = 0
        header = [column or f"\0{position}" for position, column in enumerate(self.dialect.header)]
        encoding = self.dialect.encoding
        read = csv.ReadOptions(
            block_size=BLOCK_BYTES,
            encoding="utf-8" if encoding == "utf-8-sig" else encoding,
            column_names=header,
            skip_rows=1,
            use_threads=True,
        )
        parse = csv.ParseOptions(
            delimiter=self.dialect.delimiter, newlines_in_values=True, invalid_row_handler=self._leave_out
        )
        convert = csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.large_string()),
            include_columns=list(columns),
            null_values=[""],
            strings_can_be_null=True,
        )
        try:
            with self.file.opened() as stream, csv.open_csv(stream, read, parse, convert) as reader:
                for batch in reader:
                    if batch.num_rows:
                        yield _frame(batch)
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return
            raise UnusableSource(self.file.name, self._explained(error)) from None
        except (UnicodeError, OSError, EOFError) as error:
            raise UnusableSource(self.file.name, self._explained(error)) from None

    def _blocks(self) -> Iterator[bytes]:
        with self.file.opened() as stream:
            block = stream.read(SCAN_BYTES)
            while block:
                yield block
                block = stream.read(SCAN_BYTES) if self.file.is_near else b""

    def _leave_out(self, _row: Any) -> Literal["skip"]:
        self.damaged += 1
        return "skip"

    def _explained(self, error: Exception) -> str:
        if isinstance(error, UnicodeError) or re.search("UTF-?8", str(error)):
            return f'is not {self.dialect.encoding} throughout: write encoding = "latin-1" (or another) in [orders]'
        return f"cannot be read as text in columns: {first_line(error)}"


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - from_arrow's type also covers columns
    return frame
