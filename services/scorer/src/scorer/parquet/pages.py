"""How large the pages of a Parquet row group are. A page is decompressed whole, so they say how much memory it takes.

Their sizes stand in the headers between the pages, which pyarrow does not show. A header is a Thrift struct:
PageHeader in https://github.com/apache/parquet-format, encoded as in
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from common.batch.formats import InputObject
from common.errors import UnreadableInput
from common.servers.objects import ObjectStore

PAGES_LIMIT = 96 * 2**20
"""Uncompressed bytes of a page of every column together: a reader that goes through rows has one of each in memory, and
takes up to 2.9 times their size (measured with pyarrow 25, one large uncompressed page)."""

SMALL_BYTES = 2**20
"""A column chunk up to so many uncompressed bytes counts as one page: its headers are not worth the requests."""

WINDOW_BYTES = 64 * 1024
"""How much is read for a header; small pages that follow are in it too."""

UNCOMPRESSED_SIZE, COMPRESSED_SIZE, DATA, DICTIONARY, DATA_V2 = 2, 3, 5, 7, 8
"""Fields of a PageHeader; the first field of each of the last three is the number of values."""

BOOLEANS, BYTE, INTEGERS, DOUBLE, BINARY, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, 12


class Page(NamedTuple):
    """A page: uncompressed bytes, number of values, and whether it is the dictionary of those that follow."""

    bytes: int
    values: int
    dictionary: bool


def widest_row(store: ObjectStore, given: InputObject, group: pq.RowGroupMetaData) -> int:
    """Encoded bytes of a row if it came from the densest page of every column.

    UnreadableInput if the pages are too large to be read, or their headers are damaged.
    """
    largest: dict[str, int] = {}
    width = 0.0
    for column in map(group.column, range(group.num_columns)):
        found = [Page(column.total_uncompressed_size, column.num_values, dictionary=False)]
        if column.total_uncompressed_size > SMALL_BYTES:
            found = list(_pages(store, given, column))
        values_in_row = column.num_values / max(1, group.num_rows)
        width += values_in_row * max(
            (page.bytes / max(1, page.values) for page in found if not page.dictionary), default=0
        )
        largest[column.path_in_schema] = max((page.bytes for page in found), default=0)
    if sum(largest.values()) > PAGES_LIMIT:
        name = max(largest, key=lambda name: largest[name])
        raise UnreadableInput(
            str(given.address),
            f"has pages of {sum(largest.values()):,} bytes together, the largest ({largest[name]:,}) in column {name}: "
            f"a worker takes {PAGES_LIMIT:,}. Write smaller pages, or row groups of fewer rows",
        )
    return int(width)


def _pages(store: ObjectStore, given: InputObject, column: pq.ColumnChunkMetaData) -> Iterator[Page]:
    position = column.data_page_offset
    if column.has_dictionary_page:
        position = min(position, column.dictionary_page_offset)
    end = min(position + column.total_compressed_size, given.size)
    window, offset = b"", position
    while position < end:
        try:
            page, length = _page(Compact(window, position - offset))
        except IndexError:
            if offset == position and window:
                raise _damaged(given, column) from None
            offset, stop = position, min(position + WINDOW_BYTES, end)
            window = store.read(given.address, position, stop, given.etag)
            continue
        except (ValueError, RecursionError):
            raise _damaged(given, column) from None
        yield page
        position += length


def _page(header: "Compact") -> tuple[Page, int]:
    """The page whose header comes next, and how many bytes both take in the file. ValueError if it is none."""
    start, fields = header.position, header.struct()
    kind = next((kind for kind in (DATA, DATA_V2, DICTIONARY) if isinstance(fields.get(kind), dict)), None)
    found = (fields.get(UNCOMPRESSED_SIZE), fields.get(COMPRESSED_SIZE), fields[kind].get(1) if kind else 0)
    numbers = [number for number in found if isinstance(number, int) and number >= 0]
    if len(numbers) != len(found):
        raise ValueError(found)
    size, compressed, values = numbers
    return Page(size, values, kind == DICTIONARY), header.position - start + compressed


class Compact:
    """Reads a struct of Thrift's compact protocol as {field: value}; IndexError if it goes on beyond the data.

    Texts are skipped; lists and maps, which page headers do not have, are a ValueError.
    """

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self.position = position

    def struct(self) -> dict[int, Any]:
        """Fields up to the stop mark. A field's first byte: its type, and how far its number is from the last one's."""
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            fields[number] = self._value(head & 15)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in BOOLEANS:
            return kind == BOOLEANS[0]
        if kind in INTEGERS:
            return self._integer()
        if kind == STRUCT:
            return self.struct()
        if kind not in (BYTE, DOUBLE, BINARY):
            raise ValueError(kind)
        length = self._varint() if kind == BINARY else {BYTE: 1, DOUBLE: 8}[kind]
        self.position += length
        return None

    def _integer(self) -> int:
        number = self._varint()
        return (number >> 1) ^ -(number & 1)

    def _varint(self) -> int:
        number = shift = 0
        while (byte := self._byte()) & 0x80:
            number |= (byte & 0x7F) << shift
            shift += 7
        return number | byte << shift

    def _byte(self) -> int:
        self.position += 1
        return self._data[self.position - 1]


def _damaged(given: InputObject, column: pq.ColumnChunkMetaData) -> UnreadableInput:
    return UnreadableInput(str(given.address), f"is damaged Parquet: column {column.path_in_schema} has no whole pages")
