"""Small files that would take gigabytes cost a worker little: they are read in pieces, or refused, or set apart."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import UnreadableInput
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from scorer.csv.cutting import pieces
from scorer.csv.needed_columns import GrowsTooMuch, Layout
from scorer.csv.records import RecordTooLong
from scorer.csv.scoring import CutInsideRecord, score_text
from scorer.jobs.reader import Unbounded
from scorer.jobs.source import Source
from scorer.parquet.batches import batches
from scorer.parquet.input import open_parquet
from support.stand_ins.memory_store import MemoryStore

NOW = datetime(2018, 5, 1)  # noqa: DTZ001 (moments are UTC without a zone here)
NAMES = ["seller_zip_code_prefix", "customer_lat", "customer_lng"]
MIB = 2**20


@contextmanager
def bounded(megabytes: float) -> Iterator[None]:
    """Fails if the block takes more memory than this at any moment."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    yield
    assert _status("VmHWM") - before < megabytes


def _status(name: str) -> float:
    return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) / 1_024


@pytest.fixture
def predictor(sample_bundle: Bundle) -> Predictor:
    made = Predictor(sample_bundle)
    score_text(b"9350,-23.5,-46.5\n" * 70_000, Layout.of(NAMES), made, NOW)  # what is made once is made
    return made


def test_a_header_of_very_many_columns_over_short_rows_is_refused(predictor: Predictor) -> None:
    wide = Layout.of([*NAMES, *(f"c{number}" for number in range(100_000))])
    with bounded(300), pytest.raises(GrowsTooMuch):
        score_text(b"x\n" * 8 * MIB, wide, predictor, NOW)


def test_a_few_short_rows_under_many_columns_cost_these_rows(predictor: Predictor) -> None:
    wide = Layout.of([*NAMES, *(f"c{number}" for number in range(1_000))])
    scored = score_text(b"x\n" * 1_000, wide, predictor, NOW)
    assert (scored.rows, scored.rows_failed) == (1_000, 1_000)
    assert scored.body.count(b",") == 1_000 * 1_006


@pytest.mark.parametrize("text", [b"\n", b'"', b'"\n', b'a"\n', b",", b"\r\n", b"x\n", b'""\n', b"1,1,1\n"], ids=repr)
def test_no_text_takes_much_memory(predictor: Predictor, text: bytes) -> None:
    size = 16 * MIB if len(set(text)) == 1 else MIB
    whole = text * (size // len(text))
    with bounded(350), suppress(CutInsideRecord, RecordTooLong, GrowsTooMuch):
        score_text(whole, Layout.of(NAMES), predictor, NOW)


@pytest.mark.parametrize("text", [b"\n", b'"', b'"\n', b",", b'a"\n'], ids=repr)
def test_no_stream_takes_much_memory_to_cut(text: bytes) -> None:
    block = text * (MIB // len(text))
    with bounded(200), suppress(UnreadableInput):
        for _ in pieces(iter([block] * 20), 0, 16 * MIB, 4 * MIB, "a stream"):
            pass


ROWS, LONG = 20_000, "x" * 100_000
REFERENCES = pa.DictionaryArray.from_arrays(pa.array(np.zeros(ROWS, np.int32)), pa.array([LONG]))


def hostile(**columns: Any) -> tuple[MemoryStore, Any]:
    table = pa.table({**{name: np.ones(ROWS) for name in NAMES}, **columns})
    sink = io.BytesIO()
    # a schema without Arrow's own note: a reader then takes the texts as texts
    pq.write_table(table, sink, store_schema=False, row_group_size=ROWS)
    store = MemoryStore()
    return store, store.given("orders.parquet", sink.getvalue(), "parquet")


def read(store: MemoryStore, given: Any) -> int:
    file = open_parquet(store, given)
    return sum(len(batch) for batch in batches(store, file, Source.of(given, 0, file.num_row_groups)))


KINDS = {
    "text": {"note": REFERENCES},
    "dotted": {"a.b": REFERENCES},
    "struct": {"note": pa.StructArray.from_arrays([REFERENCES], ["a"])},
    "list": {"note": pa.ListArray.from_arrays(np.arange(ROWS + 1, dtype=np.int32), REFERENCES)},
    "fixed": {
        "note": pa.DictionaryArray.from_arrays(np.zeros(ROWS, np.int32), pa.array([b"x" * 100_000], pa.binary(100_000)))
    },
    "one row's list": {
        "note": pa.ListArray.from_arrays(pa.array([0] + [ROWS] * ROWS, pa.int32()), REFERENCES),
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_long_text_and_many_references_to_it_are_read_in_pieces_or_set_apart(kind: str) -> None:
    store, given = hostile(**KINDS[kind])
    assert given.size < 500_000
    with bounded(300):
        if kind == "text":
            assert read(store, given) == ROWS
        else:
            with pytest.raises(Unbounded):
                read(store, given)


def test_a_view_of_texts_is_bounded_too() -> None:
    table = pa.table({**{name: np.ones(ROWS) for name in NAMES}, "note": pa.array([LONG] * ROWS, pa.string_view())})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    store = MemoryStore()
    given = store.given("orders.parquet", sink.getvalue(), "parquet")
    del table
    with bounded(300), pytest.raises(Unbounded):
        read(store, given)


def test_texts_that_repeat_the_one_before_are_set_apart() -> None:
    table = pa.table({**{name: np.ones(3_000) for name in NAMES}, "note": [LONG] * 3_000})
    sink = io.BytesIO()
    pq.write_table(table, sink, use_dictionary=False, column_encoding={"note": "DELTA_BYTE_ARRAY"})
    store = MemoryStore()
    given = store.given("orders.parquet", sink.getvalue(), "parquet")
    del table
    assert given.size < 500_000
    with bounded(300), pytest.raises(Unbounded):
        read(store, given)


def test_a_footer_that_lies_about_sizes_changes_nothing() -> None:
    store, given = hostile(note=pa.array([LONG[:50_000]] * ROWS))
    told = open_parquet(store, given).metadata.row_group(0).total_byte_size
    body = store._objects["orders.parquet"].replace(_zigzag(told), _zigzag(5_000, len(_zigzag(told))))
    lying = store.given("orders.parquet", body, "parquet")
    with bounded(300):
        assert read(store, lying) == ROWS


def _zigzag(number: int, length: int = 0) -> bytes:
    """As Thrift writes it, padded to a length."""
    number, written = number << 1, bytearray()
    while number >= 0x80 or len(written) + 1 < length:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def test_a_footer_of_many_mebibytes_is_refused() -> None:
    store = MemoryStore()
    body = b"PAR1" + bytes(17 * MIB) + (17 * MIB).to_bytes(4, "little") + b"PAR1"
    with pytest.raises(Exception, match="has a footer of 17,825,792 bytes"):
        open_parquet(store, store.given("orders.parquet", body, "parquet"))
