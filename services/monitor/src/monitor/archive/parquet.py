"""Rows of Postgres as a Parquet file, and back: COPY's CSV through Arrow, in blocks, whatever there is of them."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from sqlalchemy import Connection, text

BLOCK_BYTES = 4 * 2**20
MOMENT = pa.timestamp("us", "UTC")
TYPES = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp with time zone": MOMENT,
    "date": pa.date32(),
}
"""Of columns, by Postgres' name of their type. Every other one is kept as its text."""


@dataclass(frozen=True)
class Content:
    """How many rows, and the SHA-256 of them in their order, as CSV."""

    rows: int
    checksum: str


def write(connection: Connection, table: str, condition: str, file: Path) -> Content:
    """Write the rows of a table, called `part`, for which the condition holds, and say what was written."""
    types = columns_of(connection, table)
    chosen = ", ".join(_selected(name, kind) for name, kind in types.items())
    query = f"SELECT {chosen} FROM {table} AS part WHERE {condition}"  # noqa: S608 (names of ours)
    schema = pa.schema([(name, TYPES.get(kind, pa.string())) for name, kind in types.items()])
    digest = _Digest()
    with pq.ParquetWriter(file, schema, compression="zstd") as writer, _copied(connection, query) as source:
        for batch in _read_csv(source, schema):
            digest.add(batch)
            writer.write_batch(batch)
    return digest.content


def read(file: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a file in batches."""
    with pq.ParquetFile(file) as parquet:
        yield from parquet.iter_batches()


def content_of(file: Path) -> Content:
    """What a file holds."""
    digest = _Digest()
    for batch in read(file):
        digest.add(batch)
    return digest.content


def columns_of(connection: Connection, table: str) -> dict[str, str]:
    """The columns of a table with Postgres' names of their types."""
    rows = connection.execute(_COLUMNS, {"table": table}).all()
    return {row.attname: row.kind for row in rows}


class _Digest:
    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        sink = pa.BufferOutputStream()
        pa_csv.write_csv(batch, sink, pa_csv.WriteOptions(include_header=False))
        self._hash.update(sink.getvalue())
        self._rows += len(batch)

    @property
    def content(self) -> Content:
        return Content(self._rows, self._hash.hexdigest())


def _selected(name: str, kind: str) -> str:
    """Microseconds of a moment: Arrow reads no zone that Postgres writes."""
    if kind == "timestamp with time zone":
        return f"(extract(epoch FROM {name}) * 1000000)::bigint AS {name}"
    return name if kind in TYPES else f"{name}::text AS {name}"


def _read_csv(source: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """COPY's CSV in batches of the schema: NULL is an empty field, an empty text is quoted."""
    if not source.peek(1):
        return
    read = {field.name: pa.int64() if field.type == MOMENT else field.type for field in schema}
    reader = pa_csv.open_csv(
        source,
        pa_csv.ReadOptions(column_names=schema.names, block_size=BLOCK_BYTES, use_threads=False),
        pa_csv.ParseOptions(newlines_in_values=True),
        pa_csv.ConvertOptions(
            column_types=read,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    with closing(reader):
        for batch in reader:
            yield pa.RecordBatch.from_arrays(
                [column.cast(field.type) for column, field in zip(batch.columns, schema, strict=True)], schema=schema
            )


@contextmanager
def _copied(connection: Connection, query: str) -> Iterator[Any]:
    """The query's rows as CSV, while a thread copies them out."""
    failures: list[Exception] = []
    outlet, inlet = os.pipe()

    def copy() -> None:
        try:
            with os.fdopen(inlet, "wb") as sink, cursor:
                cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", sink)
        except Exception as error:  # told by the thread that reads
            failures.append(error)

    cursor: Any = connection.connection.cursor()
    thread = threading.Thread(target=copy, name="copy", daemon=True)
    thread.start()
    try:
        with os.fdopen(outlet, "rb") as source:
            yield source
    finally:
        thread.join()
    if failures:
        raise failures[0]


_COLUMNS = text("""
    SELECT attname, format_type(atttypid, NULL) AS kind FROM pg_attribute
    WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
""")
