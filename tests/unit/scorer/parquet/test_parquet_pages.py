"""Parquet whose pages or texts are large is read in bounded memory, or refused before it is read."""

import contextlib
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.batch.formats import InputObject
from common.errors import UnreadableInput
from scorer.jobs.source import Source
from scorer.parquet import batches as parquet_batches
from scorer.parquet import footprint as footprints
from scorer.parquet import pages as parquet_pages
from scorer.parquet.batches import batches
from scorer.parquet.footprint import Footprint, footprint
from scorer.parquet.input import open_parquet
from scorer.parquet.pages import Page, Window
from support.stand_ins.memory_store import MemoryStore

ROWS = 3_000


def stored(body: bytes) -> tuple[MemoryStore, InputObject]:
    """A store with one object."""
    store = MemoryStore()
    return store, store.given("orders.parquet", body, "parquet")


def file(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def orders(rows: int = ROWS, **columns: Any) -> pa.Table:
    base = {name: np.ones(rows) for name in ("seller_zip_code_prefix", "customer_lat", "customer_lng")}
    return pa.table({**base, **columns})


def notes(rows: int = ROWS) -> pa.Array:
    return pa.array([None if number % 7 == 0 else f"note {number}" for number in range(rows)])


def pages_of(store: MemoryStore, source: InputObject, column: pq.ColumnChunkMetaData) -> list[Page]:
    def read(start: int, end: int) -> bytes:
        return store.read(source.address, start, end, source.etag)

    return list(parquet_pages.pages(Window(read, source.size), source.size, column))


def footprint_of(store: MemoryStore, source: InputObject, folded: frozenset[str] = frozenset()) -> Footprint:
    def read(start: int, end: int) -> bytes:
        return store.read(source.address, start, end, source.etag)

    opened = open_parquet(store, source)
    return footprint(read, source, opened, opened.metadata.row_group(0), folded)


@pytest.mark.parametrize("window", [300, 64 * 1024])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_every_page_is_found(
    monkeypatch: pytest.MonkeyPatch, window: int, version: str, compression: str, dictionary: bool
) -> None:
    options = {"compression": compression, "data_page_version": version, "use_dictionary": dictionary}
    table = orders(note=notes(), tags=[["a", "b"]] * ROWS)
    store, source = stored(file(table, **options, max_rows_per_page=500, write_batch_size=100, data_page_size=1_000))
    monkeypatch.setattr(parquet_pages, "WINDOW_BYTES", window)
    group = open_parquet(store, source).metadata.row_group(0)
    for column in map(group.column, range(group.num_columns)):
        pages = pages_of(store, source, column)
        data = [page for page in pages if not page.dictionary]
        assert sum(page.values for page in data) == column.num_values
        assert len(data) >= ROWS // 500
        assert len(pages) - len(data) == dictionary
        headers = column.total_uncompressed_size - sum(page.bytes for page in pages)
        assert 0 < headers < 100 * len(pages)


@settings(deadline=None)
@given(noise=st.binary(min_size=1, max_size=60), where=st.floats(0, 1))
def test_damaged_page_headers_are_a_clear_error_or_harmless(noise: bytes, where: float) -> None:
    body = file(orders(note=notes()), compression="none", use_dictionary=False)
    store, source = stored(body)
    group = open_parquet(store, source).metadata.row_group(0)
    column = group.column(3)
    at = column.data_page_offset + int(where * column.total_compressed_size)
    store, source = stored(body[:at] + noise + body[at + len(noise) :])
    with contextlib.suppress(ValueError):
        assert len(pages_of(store, source, column)) <= column.total_compressed_size


def test_a_row_is_as_wide_as_where_its_columns_are_densest() -> None:
    uneven = pa.array(["" if number < ROWS - 100 else "x" * 5_000 for number in range(ROWS)])
    store, source = stored(file(orders(note=uneven), use_dictionary=False, max_rows_per_page=50, write_batch_size=50))
    assert 5_000 < footprint_of(store, source).encoded < 5_100


def test_pages_that_a_worker_cannot_hold_are_refused_before_they_are_read() -> None:
    rows = 1_000
    table = orders(rows, note=pa.array(["x" * 150_000] * rows))
    whole = {"use_dictionary": False, "data_page_size": 2**30, "max_rows_per_page": rows, "write_batch_size": rows}
    store, source = stored(file(table, compression="zstd", **whole))
    assert source.size < 1_000_000
    with pytest.raises(UnreadableInput, match=r"has pages of 150,0.* in column note: .* Write smaller pages"):
        next(batches(store, open_parquet(store, source), Source.of(source, 0, 1)))


@pytest.mark.parametrize("whole", [True, False])
def test_columns_of_any_kind_come_as_they_are(monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    monkeypatch.setattr(parquet_batches, "GROUP_BYTES", 2**30 if whole else 0)
    note = notes()
    table = orders(
        text=note,
        large=note.cast(pa.large_string()),
        binary=note.cast(pa.binary()),
        view=note.cast(pa.string_view()),
        category=note.dictionary_encode(),
        nothing=pa.nulls(ROWS),
        empty=pa.nulls(ROWS, pa.string()),
        nested=pa.array([[{"a": "x" * (number % 5), "b": [1, 2]}] for number in range(ROWS)]),
        fixed=pa.array([b"abcd"] * ROWS, pa.binary(4)),
        **{"a.b": note, "a": pa.array([{"b": "x"}] * ROWS)},
    )
    store, source = stored(file(table, row_group_size=700))
    found = list(batches(store, open_parquet(store, source), Source.of(source, 0, 5)))
    assert pa.Table.from_batches(found).equals(table)


def test_long_texts_that_repeat_come_in_pieces() -> None:
    rows = 40_000
    text = pa.array([None if number % 9 == 0 else "abc"[number % 3] * 3_000 for number in range(rows)])
    table = orders(rows, note=text, other=notes(rows))
    store, source = stored(file(table, row_group_size=rows // 2))
    assert source.size < 500_000
    found = list(batches(store, open_parquet(store, source), Source.of(source, 0, 2)))
    assert pa.Table.from_batches(found) == table
    assert max(batch.nbytes for batch in found) < 1.5 * parquet_batches.BYTES_AT_ONCE


@settings(deadline=None)
@given(lengths=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=20), cut=st.integers(0, 3))
def test_the_longest_text_of_a_dictionary_is_found(lengths: list[tuple[int, int]], cut: int) -> None:
    texts = [bytes(length) for length, times in lengths for _ in range(times)]
    body = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    assert footprints._longest_in(memoryview(body + bytes(cut))) == max(map(len, texts), default=0)
