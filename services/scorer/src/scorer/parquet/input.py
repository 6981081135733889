"""Parquet objects read by range, and what makes one unfit."""

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from common.batch.formats import InputObject
from common.batch.formats.columns import check_columns
from common.batch.prefixes import partitions
from common.errors import DeliveryTimeError, UnreadableInput
from common.orders.fields import INPUTS
from common.servers.objects import ObjectStore

INT96_UNIT = "us"
"""What Spark writes; nanoseconds would end in the year 2262, and wrap round beyond it."""

ROW_GROUP_LIMIT = 2**30
"""Uncompressed bytes of a row group: a batch of it must fit into a worker."""


class RangeFile(io.RawIOBase):
    """An object as a seekable file; each read is one ranged GET of the version with the planned ETag."""

    def __init__(self, store: ObjectStore, given: InputObject) -> None:
        super().__init__()
        self._store = store
        self._given = given
        self._position = 0

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

    def read(self, size: int = -1) -> bytes:
        end = self._given.size if size < 0 else min(self._given.size, self._position + size)
        body = self._store.read(self._given.address, self._position, end, self._given.etag)
        self._position += len(body)
        return body


def open_parquet(store: ObjectStore, given: InputObject) -> pq.ParquetFile:
    """The checked file; UnreadableInput, MissingColumns, InputReplaced, ObjectStoreUnavailable."""
    where = str(given.address)
    try:
        file = pq.ParquetFile(pa.PythonFile(RangeFile(store, given), mode="r"), coerce_int96_timestamp_unit=INT96_UNIT)
    except DeliveryTimeError:
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


def unreadable(where: str, error: Exception) -> UnreadableInput:
    """The error of a file that pyarrow does not take."""
    return UnreadableInput(where, f"is not readable as Parquet ({str(error).splitlines()[0][:200]})")


def _check_types(schema: pa.Schema, given: InputObject) -> None:
    where = str(given.address)
    check_columns(schema.names, where, partitions(given.folder), given.address)
    for field in INPUTS:
        if field.name not in schema.names:
            continue
        if field.kind == "moment":
            _check(schema.field(field.name), where, "times", (pa.types.is_timestamp, pa.types.is_date))
        else:
            numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
            _check(schema.field(field.name), where, "numbers", numbers)


def _check(field: pa.Field, where: str, expected: str, accepted: Sequence[Any]) -> None:
    kinds = (*accepted, pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if not any(fits(kind) for fits in kinds):
        raise UnreadableInput(where, f"has {field.type} in column {field.name}: it takes {expected} or strings")
