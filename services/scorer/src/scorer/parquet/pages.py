"""The pages of a Parquet file, from their own headers: the footer may say anything.

The headers stand between the pages, and pyarrow does not show them. A header is a Thrift struct:
PageHeader in https://github.com/apache/parquet-format, encoded as in
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pyarrow.parquet as pq

WINDOW_BYTES = 64 * 1024
"""How much is read for a header; small pages that follow are in it too."""

UNCOMPRESSED_SIZE, COMPRESSED_SIZE, DATA, DICTIONARY, DATA_V2 = 2, 3, 5, 7, 8
"""Fields of a PageHeader; the first field of each of the last three is the number of values."""

ENCODING = {DATA: 2, DATA_V2: 4, DICTIONARY: 2}
"""Which of their fields is the encoding."""

PLAIN_DICTIONARY, DELTA_BYTE_ARRAY, RLE_DICTIONARY = 2, 7, 8
"""Encodings whose values are longer than what stands for them: references to a dictionary, and to the value before."""

BOOLEANS, BYTE, INTEGERS, DOUBLE, BINARY, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, 12

Read = Callable[[int, int], bytes | memoryview]
"""Bytes [start, end) of a file."""


class Page(NamedTuple):
    """A page: uncompressed bytes, number of values, whether it is the dictionary of those that follow, how its values
    are written, and where what follows its header begins and ends."""

    bytes: int
    values: int
    dictionary: bool
    encoding: int
    start: int
    end: int

    @property
    def refers(self) -> bool:
        """Whether its values are references to a dictionary."""
        return self.encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY)


class Window:
    """Reads a file front to back, a window at a time."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._size = size
        self._start: int = 0
        self._bytes: bytes | memoryview = b""

    def at(self, position: int, anew: bool) -> tuple[bytes | memoryview, int]:
        """Bytes with those from a position on, as many as are there, and where the position is in them."""
        if anew or not 0 <= position - self._start < len(self._bytes):
            self._start, self._bytes = position, self._read(position, min(position + WINDOW_BYTES, self._size))
        return self._bytes, position - self._start


def pages(window: Window, size: int, column: pq.ColumnChunkMetaData) -> Iterator[Page]:
    """The pages of a column chunk of a file of `size` bytes; ValueError if they are damaged."""
    position = column.data_page_offset
    if column.has_dictionary_page:
        position = min(position, column.dictionary_page_offset)
    end = min(position + column.total_compressed_size, size)
    anew = False
    while position < end:
        data, offset = window.at(position, anew)
        try:
            page = _page(Compact(data, offset), position - offset)
        except IndexError:
            if anew:
                raise ValueError(column.path_in_schema) from None
            anew = True
            continue
        except RecursionError:
            raise ValueError(column.path_in_schema) from None
        yield page
        position, anew = page.end, False


def _page(header: "Compact", origin: int) -> Page:
    """The page whose header comes next in data that begins at `origin` in the file. ValueError if it is none."""
    fields = header.struct()
    kind = next((kind for kind in (DATA, DATA_V2, DICTIONARY) if isinstance(fields.get(kind), dict)), None)
    about = fields[kind] if kind else {1: 0, 2: 0}
    found = (
        fields.get(UNCOMPRESSED_SIZE),
        fields.get(COMPRESSED_SIZE),
        about.get(1),
        about.get(ENCODING.get(kind or DATA)),
    )
    numbers = [number for number in found if isinstance(number, int) and number >= 0]
    if len(numbers) != len(found):
        raise ValueError(found)
    size, compressed, values, encoding = numbers
    start = origin + header.position
    return Page(size, values, kind == DICTIONARY, encoding, start, start + compressed)


class Compact:
    """Reads a struct of Thrift's compact protocol as {field: value}; IndexError if it goes on beyond the data.

    Texts are skipped; lists and maps, which page headers do not have, are a ValueError.
    """

    def __init__(self, data: bytes | memoryview, position: int) -> None:
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
