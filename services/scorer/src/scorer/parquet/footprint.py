"""How much memory the rows of a Parquet row group take at worst, whatever its footer says of it.

A file of a kilobyte may hold gigabytes: by a dictionary of one long text and many references to it, by values that
repeat the one before, by lists of which a single row has all, or by plain compression.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from common.batch.formats import InputObject
from common.errors import UnreadableInput
from scorer.parquet.pages import DELTA_BYTE_ARRAY, Page, Read, Window, pages

PAGES_LIMIT = 96 * 2**20
"""Uncompressed bytes of a page of every column together: a reader that goes through rows has one of each in memory, and
takes up to 2.9 times their size (measured with pyarrow 25, one large uncompressed page)."""

DICTIONARY_BYTES = 16 * 2**20
"""A larger dictionary is not looked into: it may be a single value."""

VALUE_BYTES = 8
"""A value takes so much besides its text: its levels, offset or reference."""

LENGTH = struct.Struct("<I")
LONG_RUN, MOST_OF_RUN = 16, 4_096

WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}


@dataclass(frozen=True)
class Footprint:
    """Bytes at worst. row: of a row without its lists. lists: of all lists of the group, which may be one row's.

    encoded: bytes of a row in the file, where its columns are densest. folded: paths of columns all of whose values
    are references to a dictionary.
    """

    row: int
    lists: int
    encoded: int
    folded: frozenset[str]


def footprint(
    read: Read, given: InputObject, file: pq.ParquetFile, group: pq.RowGroupMetaData, foldable: frozenset[str]
) -> Footprint:
    """Of a row group. Columns of `foldable` paths are read as references where all their values are.

    UnreadableInput if its pages are too large to be read, or damaged.
    """
    window, largest, folded = Window(read, given.size), dict[str, int](), set[str]()
    row = lists = 0
    encoded = 0.0
    for number in range(group.num_columns):
        column, leaf = group.column(number), file.schema.column(number)
        path = column.path_in_schema
        try:
            found = list(pages(window, given.size, column))
        except ValueError:
            raise _damaged(given, path) from None
        data = [page for page in found if not page.dictionary]
        largest[path] = max((page.bytes for page in found), default=0)
        if path in foldable and data and all(page.refers for page in data):
            folded.add(path)
            row += VALUE_BYTES
        else:
            widths = list(_widths(read, column, leaf, found))
            if leaf.max_repetition_level:
                lists += sum(page.values * width for page, width in zip(data, widths, strict=True))
            else:
                row += max(widths, default=0)
        in_row = column.num_values / max(1, group.num_rows)
        encoded += in_row * max((page.bytes / max(1, page.values) for page in data), default=0)
    if sum(largest.values()) > PAGES_LIMIT:
        name = max(largest, key=lambda name: largest[name])
        raise UnreadableInput(
            str(given.address),
            f"has pages of {sum(largest.values()):,} bytes together, the largest ({largest[name]:,}) in column {name}: "
            f"a worker takes {PAGES_LIMIT:,}. Write smaller pages, or row groups of fewer rows",
        )
    return Footprint(row, lists, int(encoded), frozenset(folded))


def _widths(read: Read, column: pq.ColumnChunkMetaData, leaf: pq.ColumnSchema, found: Sequence[Page]) -> Iterator[int]:
    """Bytes of a value of each data page: the mean where a value takes what it takes in the page, else the most."""
    fixed = leaf.length if leaf.physical_type == "FIXED_LEN_BYTE_ARRAY" else WIDTHS.get(leaf.physical_type)
    longest = 0
    for page in found:
        if page.dictionary:
            longest = _longest(read, column, page) if fixed is None else fixed
        elif fixed is not None:
            yield VALUE_BYTES + fixed
        elif page.refers:
            yield VALUE_BYTES + longest
        elif page.encoding == DELTA_BYTE_ARRAY:
            yield VALUE_BYTES + page.bytes
        else:
            yield VALUE_BYTES + page.bytes // max(1, page.values)


def _longest(read: Read, column: pq.ColumnChunkMetaData, page: Page) -> int:
    """Bytes of the longest text of a dictionary, or of all where it cannot be looked into."""
    if page.bytes > DICTIONARY_BYTES or page.end - page.start > DICTIONARY_BYTES:
        return page.bytes
    body: bytes | memoryview | pa.Buffer = read(page.start, page.end)
    with suppress(pa.ArrowException, OSError, ValueError):
        if column.compression != "UNCOMPRESSED":
            body = pa.Codec(column.compression.lower()).decompress(body, decompressed_size=page.bytes)
        return _longest_in(memoryview(body))
    return page.bytes


def _longest_in(texts: memoryview) -> int:
    """Each text is its length in four bytes, and itself. Runs of equal lengths, as of ids, are passed over at once."""
    position = longest = alike = 0
    last = -1
    while position + 4 <= len(texts):
        (length,) = LENGTH.unpack_from(texts, position)
        if length != last:
            longest, last, alike = max(longest, length), length, 0
        elif (alike := alike + 1) == LONG_RUN:
            position, alike = position + (4 + length) * _run(texts, position, length), 0
            continue
        position += 4 + length
    return min(longest, len(texts))


def _run(texts: memoryview, position: int, length: int) -> int:
    """How many texts of this length follow each other from a position on, up to MOST_OF_RUN."""
    count = min((len(texts) - position) // (4 + length), MOST_OF_RUN)
    entries = np.frombuffer(texts, np.uint8, count * (4 + length), position).reshape(count, 4 + length)
    other = np.flatnonzero((entries[:, :4] != np.frombuffer(LENGTH.pack(length), np.uint8)).any(axis=1))
    return int(other[0]) if len(other) else max(count, 1)


def _damaged(given: InputObject, path: str) -> UnreadableInput:
    return UnreadableInput(str(given.address), f"is damaged Parquet: column {path} has no whole pages")
