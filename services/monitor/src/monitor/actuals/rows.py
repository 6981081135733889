"""The rows of a file of reports: CSV, packed or not, and Parquet."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from common.batch.formats.csv_text import HEAD_BYTES, CsvFormat, header_of
from common.database.actuals import KINDS, NEW_NAMES, OrderReport
from common.errors import MissingColumns, UnreadableInput
from common.orders.names import spelt

ORDER_ID = "order_id"
COLUMNS = (ORDER_ID, *KINDS, *NEW_NAMES)
TAKEN_BACK = "null"
"""Written in place of a moment it takes an earlier one back; an empty field says nothing."""

NAMES_SHOWN, VALUE_SHOWN = 20, 40
PARQUET_ROWS = 10_000


class Row(NamedTuple):
    """A row, counted from 1. line: where it begins in its file, 0 where there are no lines. share: of the file's bytes,
    up to this row. report: None where it says nothing, and where it has a problem.
    """

    number: int
    line: int
    share: float
    report: OrderReport | None = None
    problem: str | None = None


class Blocks:
    """Blocks of a file, and how many of its bytes have been taken."""

    def __init__(self, blocks: Iterable[bytes], size: int) -> None:
        self._blocks = blocks
        self._size = size
        self._taken = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self._taken += len(block)
            yield block

    @property
    def share(self) -> float:
        """Of the file, 0..1."""
        return self._taken / max(self._size, 1)


def csv_rows(where: str, kind: CsvFormat, blocks: Blocks) -> Iterator[Row]:
    """The rows of CSV text; MissingColumns, UnreadableInput."""
    pieces = kind.unpack(blocks, where) if kind.unpack else iter(blocks)
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= HEAD_BYTES:
            break
    header = header_of(head, where, len(head) < HEAD_BYTES, lambda names: ORDER_ID in spelt(names, COLUMNS))
    columns = _columns(header.names, where)
    rest = io.BufferedReader(_Pieces(chain([head[header.length :]], pieces)))
    reader = csv.reader(io.TextIOWrapper(rest, "utf-8", "replace", newline=""), delimiter=header.delimiter)
    number, width = 0, len(header.names)
    while True:
        line = header.lines + reader.line_num + 1
        fields: list[str] = []
        try:
            fields = next(reader)
            problem = f"has {len(fields)} fields, the header {width}" if len(fields) != width else None
        except StopIteration:
            return
        except csv.Error as error:
            problem = f"is not CSV ({error})"
        if fields or problem:
            number += 1
            given = {} if problem else {name: fields[at].strip() for name, at in columns.items()}
            yield Row(number, line, blocks.share, *((None, problem) if problem else _read(given)))


def parquet_rows(where: str, path: Path) -> Iterator[Row]:
    """The rows of a Parquet file; MissingColumns, UnreadableInput."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, coerce_int96_timestamp_unit="us") as file:
            columns = _columns(file.schema_arrow.names, where)
            theirs = [file.schema_arrow.names[at] for at in columns.values()]
            number, total = 0, max(file.metadata.num_rows, 1)
            for batch in file.iter_batches(PARQUET_ROWS, columns=theirs):
                for values in zip(*(batch.column(name).to_pylist() for name in theirs), strict=True):
                    number += 1
                    given = {name: _text(value) for name, value in zip(columns, values, strict=True)}
                    yield Row(number, 0, number / total, *_read(given))
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0][:200]
        raise UnreadableInput(where, f"is not readable as Parquet ({reason})") from error


def _columns(names: Sequence[str], where: str) -> dict[str, int]:
    """The columns that count, and where they stand."""
    names = spelt(names, COLUMNS)
    chosen = [name for name in names if name in COLUMNS]
    if ORDER_ID not in chosen or len(chosen) == 1:
        missing = "a column of moments, such as delivered_at" if ORDER_ID in chosen else ORDER_ID
        raise MissingColumns(where, [missing], names[:NAMES_SHOWN])
    for new, name in NEW_NAMES.items():
        if new in chosen and name in chosen:
            raise UnreadableInput(where, f"has both {name} and {new}, which are the same: keep one of them")
    if twice := {name for name in chosen if chosen.count(name) > 1}:
        raise UnreadableInput(where, f"has column(s) {', '.join(sorted(twice))} more than once: keep one of each")
    return {name: names.index(name) for name in chosen}


def _text(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _read(given: Mapping[str, str]) -> tuple[OrderReport | None, str | None]:
    """The report that a row's texts make, or what is wrong with them; neither if they say nothing."""
    said = {name: text for name, text in given.items() if text or name == ORDER_ID}
    if len(said) == 1:
        return None, None
    words = {name: None if text == TAKEN_BACK and name != ORDER_ID else text for name, text in said.items()}
    try:
        return OrderReport.model_validate(words), None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name, wanted = str(fault["loc"][0]), fault["msg"].removeprefix("Value error, ")
        if name == ORDER_ID:
            wanted = "1 to 64 visible ASCII characters"
        return None, f"{name} must be {wanted} (got {str(fault['input'])[:VALUE_SHOWN]!r})"


class _Pieces(io.RawIOBase):
    """Pieces of a text as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return 0
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)
