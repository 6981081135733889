"""Reads a Parquet object in batches that fit into memory, however the file is laid out."""

from collections.abc import Generator, Iterator
from contextlib import nullcontext
from itertools import pairwise
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from common.servers.objects import ObjectStore
from scorer.jobs.source import Source
from scorer.parquet.input import INT96_UNIT, RangeFile
from scorer.parquet.pages import widest_row

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

REFERENCE_BYTES, DICTIONARY_BYTES = 8, 2 * 2**20
"""A column chunk that takes no more, for each value and in all, holds references to a dictionary throughout."""

one_large_group = Lock()
"""A page of every column of a large group is in memory at once: a worker reads one such group at a time."""


def batches(store: ObjectStore, file: pq.ParquetFile, source: Source) -> Generator[pa.RecordBatch, None, None]:
    """The rows of row groups [start, end) in order, with the file's schema. Close it if you stop early.

    UnreadableInput if a worker cannot hold their pages; what pyarrow and the store raise.
    """
    groups = [file.metadata.row_group(number) for number in range(source.start, source.end)]
    whole = all(group.total_byte_size <= GROUP_BYTES for group in groups)
    with nullcontext() if whole else one_large_group:
        if whole:
            width = sum(group.total_byte_size for group in groups) // max(1, sum(group.num_rows for group in groups))
        else:
            width = max(widest_row(store, source.object, group) for group in groups)
        rows = min(BATCH_ROWS, CELLS_AT_ONCE // len(file.schema_arrow.names), BYTES_AT_ONCE // max(1, width))
        numbers = list(range(source.start, source.end))
        reader = _reader(store, file, source, whole)
        for batch in reader.iter_batches(max(1, rows), row_groups=numbers, use_threads=False):
            yield from _unfolded(batch, file.schema_arrow)


def _reader(store: ObjectStore, file: pq.ParquetFile, source: Source, whole: bool) -> pq.ParquetFile:
    """The file, opened so that texts which are references to a dictionary stay so: they may be long, and repeat."""
    return pq.ParquetFile(
        pa.PythonFile(RangeFile(store, source.object), mode="r"),
        metadata=file.metadata,
        coerce_int96_timestamp_unit=INT96_UNIT,
        read_dictionary=_repeating(file, source),
        pre_buffer=whole,
        buffer_size=0 if whole else max(LEAST_PIECE, STREAM_BYTES // file.metadata.num_columns),
    )


def _repeating(file: pq.ParquetFile, source: Source) -> list[str]:
    """Text columns that hold references to a dictionary in all the groups. A dot would name a field inside another."""
    texts = {field.name for field in file.schema_arrow if _is_text(field.type) and "." not in field.name}
    paths = [file.schema.column(number).path for number in range(file.metadata.num_columns)]
    groups = [file.metadata.row_group(number) for number in range(source.start, source.end)]
    return [
        path
        for number, path in enumerate(paths)
        if path in texts and all(_holds_references(group.column(number)) for group in groups)
    ]


def _holds_references(chunk: pq.ColumnChunkMetaData) -> bool:
    most = REFERENCE_BYTES * chunk.num_values + DICTIONARY_BYTES
    return chunk.total_uncompressed_size <= most and any("DICTIONARY" in encoding for encoding in chunk.encodings)


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
        columns = [column.cast(field.type) for column, field in zip(part.columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
