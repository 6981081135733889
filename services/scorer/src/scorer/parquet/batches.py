"""Reads a Parquet object in batches that fit into memory, however the file is laid out."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from itertools import pairwise
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.servers.objects import ObjectStore
from scorer.jobs.reader import Unbounded
from scorer.jobs.source import Source
from scorer.parquet.footprint import footprint
from scorer.parquet.input import INT96_UNIT, RangeFile
from scorer.parquet.texts import whole_texts

BATCH_ROWS = 131_072
"""Rows in memory at once, and of each row group of the output."""

CELLS_AT_ONCE = 4_000_000
BYTES_AT_ONCE = 16 * 2**20
"""Fewer rows at once where there are very many columns, or wide ones."""

GROUP_BYTES = 64 * 2**20
"""Row groups up to so many uncompressed bytes are fetched whole, by few requests; of larger ones, a piece at a time of
each column, as far as STREAM_BYTES go.
"""

STREAM_BYTES = 16 * 2**20
LEAST_PIECE = 16 * 2**10

WORST_BYTES = 128 * 2**20
"""What a batch may take at worst; files whose batches may take more are scored in a process of their own."""

FEWEST_ROWS = 8_192
"""Batches are not cut smaller than this for the worst that may be: each makes a row group of the output."""

one_large_group = Lock()
"""A page of every column of a large group is in memory at once: a worker reads one such group at a time."""


def batches(
    store: ObjectStore, file: pq.ParquetFile, source: Source, limited: bool = False
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of row groups [start, end) in order, with the file's schema. Close it if you stop early.

    limited: the memory of this process is. If not, Unbounded may be raised before the first batch.
    UnreadableInput if a worker cannot hold their pages; what pyarrow and the store raise.
    """
    numbers = [number for number in range(source.start, source.end) if file.metadata.row_group(number).num_rows]
    if not numbers:
        return
    groups = list(map(file.metadata.row_group, numbers))
    start, end = _span(groups, source.object.size)
    whole = all(group.total_byte_size <= GROUP_BYTES for group in groups) and end - start <= GROUP_BYTES
    with nullcontext() if whole else one_large_group:
        opened = RangeFile(store, source.object)
        if whole:
            opened.keep(start, end)
        texts = _texts(file)
        prints = [footprint(opened.part, source.object, file, group, texts) for group in groups]
        if whole:
            width = sum(group.total_byte_size for group in groups) // max(1, sum(group.num_rows for group in groups))
        else:
            width = max(group.encoded for group in prints)
        rows = min(BATCH_ROWS, CELLS_AT_ONCE // len(file.schema_arrow.names), BYTES_AT_ONCE // max(1, width))
        worst = max(group.row for group in prints)
        rows = max(min(rows, WORST_BYTES // max(1, worst)), min(rows, FEWEST_ROWS), 1)
        if not limited and rows * worst + max(group.lists for group in prints) > WORST_BYTES:
            raise Unbounded
        reader = _reader(file, opened, frozenset.intersection(*(group.folded for group in prints)), whole)
        for batch in reader.iter_batches(rows, row_groups=numbers, use_threads=False):
            yield from _unfolded(batch, file.schema_arrow)


def _span(groups: Sequence[pq.RowGroupMetaData], size: int) -> tuple[int, int]:
    """Where the groups begin and end in a file of this size."""
    starts, ends = [size], [0]
    for group in groups:
        for column in map(group.column, range(group.num_columns)):
            begin = column.data_page_offset
            if column.has_dictionary_page:
                begin = min(begin, column.dictionary_page_offset)
            starts.append(begin)
            ends.append(min(begin + column.total_compressed_size, size))
    return max(min(starts), 0), max(ends)


def _reader(file: pq.ParquetFile, opened: RangeFile, folded: frozenset[str], whole: bool) -> pq.ParquetFile:
    """The file, opened so that texts which are references to a dictionary stay so: they may be long, and repeat."""
    return pq.ParquetFile(
        pa.PythonFile(opened, mode="r"),
        metadata=file.metadata,
        coerce_int96_timestamp_unit=INT96_UNIT,
        read_dictionary=sorted(folded),
        pre_buffer=False,
        buffer_size=0 if whole else max(LEAST_PIECE, STREAM_BYTES // file.metadata.num_columns),
    )


def _texts(file: pq.ParquetFile) -> frozenset[str]:
    """Text columns, which can be read as references. A dot would name a field inside another column."""
    return frozenset(field.name for field in file.schema_arrow if _is_text(field.type) and "." not in field.name)


def _is_text(kind: pa.DataType) -> bool:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(fits(kind) for fits in kinds)


def _unfolded(batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The batch with texts for references, in pieces whose texts take BYTES_AT_ONCE or are those of one row."""
    folded = [column for column, field in zip(batch.columns, schema, strict=True) if column.type != field.type]
    if not folded:
        yield batch
        return
    sizes = sum(
        pc.take(pc.binary_length(column.dictionary), column.indices).fill_null(0).to_numpy().astype(np.int64)
        for column in folded
    )
    piece = np.cumsum(sizes) // BYTES_AT_ONCE
    cuts = [0, *(np.flatnonzero(np.diff(piece)) + 1).tolist(), len(batch)]
    for start, end in pairwise(cuts):
        part = batch.slice(start, end - start)
        pairs = zip(part.columns, schema, strict=True)
        columns = [column if column.type == field.type else whole_texts(column, field.type) for column, field in pairs]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
