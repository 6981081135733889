"""Parquet objects read by range, and what makes one unfit."""

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from common.batch.formats import InputObject
from common.batch.formats.columns import NEEDED_COLUMNS, check_columns
from common.batch.prefixes import partitions
from common.errors import DeliveryTimeError, UnreadableInput
from common.orders.fields import INPUTS
from common.orders.names import DELIVER_BY, ON_TIME_SHARE, PROMISED, WISHES, spelt
from common.orders.reading import Reading
from common.servers.objects import ObjectStore
from scorer.parquet.nesting import DEEPEST, levels
from scorer.parquet.texts import IS_TEXT

SHALLOW_BYTES = 5 * DEEPEST
"""A footer of fewer bytes has no room for more than DEEPEST levels."""

INT96_UNIT = "us"
"""What Spark writes; nanoseconds would end in the year 2262, and wrap round beyond it."""

FOOTER_LIMIT = 16 * 2**20
"""Bytes of a footer: what it says takes many times as much in memory. Ten thousand column chunks take some one MiB."""

ROW_GROUP_LIMIT = 2**30
"""Uncompressed bytes of a row group: a batch of it must fit into a worker."""


NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
TIMES = (pa.types.is_timestamp, pa.types.is_date)


class RangeFile(io.RawIOBase):
    """An object as a seekable file; each read is one ranged GET of the version with the planned ETag."""

    def __init__(self, store: ObjectStore, given: InputObject) -> None:
        super().__init__()
        self._store = store
        self._given = given
        self._position = 0
        self._kept, self._kept_from = memoryview(b""), 0

    def keep(self, start: int, end: int) -> None:
        """Read bytes [start, end) now and keep them: whatever is asked of them later costs no request."""
        self._kept, self._kept_from = (
            memoryview(self._store.read(self._given.address, start, end, self._given.etag)),
            start,
        )

    def part(self, start: int, end: int) -> memoryview:
        """Bytes [start, end)."""
        begin = start - self._kept_from
        if begin >= 0 and end - self._kept_from <= len(self._kept):
            return self._kept[begin : end - self._kept_from]
        return memoryview(self._store.read(self._given.address, start, end, self._given.etag))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._given.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> memoryview:  # pyarrow takes any buffer
        end = self._given.size if size < 0 else min(self._given.size, self._position + size)
        body = self.part(self._position, end)
        self._position += len(body)
        return body


def open_parquet(store: ObjectStore, given: InputObject, opened_before: bool = False) -> pq.ParquetFile:
    """The checked file; UnreadableInput, MissingColumns, InputReplaced, ObjectStoreUnavailable.

    opened_before: this version of the object was, so that its nesting is known to do no harm.
    """
    where = str(given.address)
    if (size := int.from_bytes(store.tail(given.address, 8)[:4], "little")) > FOOTER_LIMIT:
        raise UnreadableInput(where, f"has a footer of {size:,} bytes, where a worker takes {FOOTER_LIMIT:,}")
    if size >= SHALLOW_BYTES and not opened_before:
        _check_nesting(store, given, size)
    try:
        file = pq.ParquetFile(pa.PythonFile(RangeFile(store, given), mode="r"), coerce_int96_timestamp_unit=INT96_UNIT)
    except (DeliveryTimeError, MemoryError):
        raise
    except (pa.ArrowException, OSError) as error:
        raise unreadable(where, error) from error
    _check_types(file.schema_arrow, given)
    for number in range(file.num_row_groups):
        size = file.metadata.row_group(number).total_byte_size
        if size > ROW_GROUP_LIMIT:
            raise UnreadableInput(
                where, f"has a row group of {size:,} bytes: write groups of up to {ROW_GROUP_LIMIT:,}"
            )
    return file


def _check_nesting(store: ObjectStore, given: InputObject, size: int) -> None:
    where = str(given.address)
    try:
        deepest = levels(store.tail(given.address, size + 8)[:size])
    except ValueError:
        raise UnreadableInput(where, "is damaged Parquet: its footer is none") from None
    if deepest > DEEPEST:
        raise UnreadableInput(where, f"has a column of more than {DEEPEST} levels: no reader goes so deep")


def unreadable(where: str, error: Exception) -> UnreadableInput:
    """The error of a file that pyarrow does not take."""
    return UnreadableInput(where, f"is not readable as Parquet ({str(error).splitlines()[0][:200]})")


def _check_types(schema: pa.Schema, given: InputObject) -> None:
    where = str(given.address)
    names = spelt(schema.names, NEEDED_COLUMNS)
    check_columns(names, where, partitions(given.folder), given.address, blind=True)
    for field in INPUTS:
        if field.name not in names:
            continue
        column = schema.field(names.index(field.name))
        if field.kind == "moment":
            _check(column, where, "times", TIMES)
        else:
            _check(column, where, "texts" if field.kind == "text" else "numbers", NUMBERS)


def check_facts(schema: pa.Schema, where: str, reading: Reading) -> None:
    """UnreadableInput if a fact's column, or the promise's, is of a type that holds none."""
    names = spelt(schema.names, reading.further)
    if reading.promised and PROMISED in names:
        _check(schema.field(names.index(PROMISED)), where, "times", TIMES)
    for fact in reading.facts:
        if fact in names:
            expected, kinds = (
                ("numbers", NUMBERS) if fact in reading.numeric else ("texts", (*NUMBERS, pa.types.is_boolean))
            )
            _check(schema.field(names.index(fact)), where, expected, kinds)


def wishes_in(schema: pa.Schema) -> list[str]:
    """The columns by which rows ask for more. One of a type that can hold no wish is there for its owner's own ends."""
    kinds = {ON_TIME_SHARE: NUMBERS, DELIVER_BY: TIMES}
    names = spelt(schema.names, WISHES)
    return [name for name, field in zip(names, schema, strict=True) if name in kinds and _holds(field, kinds[name])]


def _check(field: pa.Field, where: str, expected: str, accepted: Sequence[Any]) -> None:
    if not _holds(field, accepted):
        raise UnreadableInput(where, f"has {field.type} in column {field.name}: it takes {expected} or strings")


def _holds(field: pa.Field, accepted: Sequence[Any]) -> bool:
    """Whether a column holds values of the accepted types, texts, or nothing."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    return any(fits(kind) for fits in (*accepted, *IS_TEXT, pa.types.is_null))
