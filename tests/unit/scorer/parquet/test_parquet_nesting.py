"""Columns nested so deep that readers end their process are refused before any reader sees them."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.errors import UnreadableInput
from scorer.parquet.input import open_parquet
from scorer.parquet.nesting import DEEPEST, levels
from support.stand_ins.memory_store import MemoryStore

GROUP, LEAF = b"\x35\x02\x18\x01a\x15\x02\x00", b"\x15\x02\x25\x02\x18\x01a\x00"
ROOT, END = b"\x48\x01r\x15\x02\x00", b"\x16\x00\x19\x0c\x00"


def size(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])


def schema(depth: int) -> bytes:
    """A list: a root, so many groups in each other, a number."""
    return b"\xfc" + size(depth + 2) + ROOT + GROUP * depth + LEAF


def file(footer: bytes) -> bytes:
    return b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def opened(body: bytes) -> pq.ParquetFile:
    store = MemoryStore()
    return open_parquet(store, store.given("a.parquet", body, "parquet"))


def test_the_footer_is_one_that_readers_take() -> None:
    assert str(pq.ParquetFile(io.BytesIO(file(b"\x15\x02\x19" + schema(1) + END))).schema_arrow.field(0).type) == (
        "struct<a: int32>"
    )


@pytest.mark.parametrize(
    "footer",
    [
        b"\x15\x02\x19" + schema(50_000) + END,
        b"\x15\x02\x19" + schema(1) + b"\x16\x00\x19\x0c" + b"\x09\x04" + schema(50_000) + b"\x00",
        b"\x29" + schema(1) + b"\x09\x84\x00" + schema(50_000) + END,
    ],
    ids=["deep", "a second schema at the end", "a second schema whose number is written long"],
)
def test_fifty_thousand_levels_in_a_small_file_are_refused(footer: bytes) -> None:
    """Here pyarrow would end the process."""
    with pytest.raises(UnreadableInput, match=f"more than {DEEPEST} levels"):
        opened(file(footer))


NO_FOOTERS = (
    b"\x19" * 2_000,
    b"\x15\x02\x19\xfc\xff\xff\xff\xff\x0f" + b"\x00" * 2_000 + b"\x1c",
    b"\x1c" * 5_000,
    b"\x15\x02" + b"\xff" * 2_000,
    b"\x1b" * 2_000,
)


@pytest.mark.parametrize("footer", NO_FOOTERS)
def test_a_footer_that_is_none_is_damaged(footer: bytes) -> None:
    with pytest.raises(UnreadableInput):
        opened(file(footer))


def test_real_footers_are_gone_through_whole_whatever_their_columns_are() -> None:
    lists = pa.array([[[[[1]]]]])
    columns = {f"c{number}": np.arange(20) for number in range(40)} | {"text": ["x"] * 20, "flag": [True] * 20}
    table = pa.table({**columns, "deep": pa.chunked_array([lists] * 20)})
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=1, write_page_index=True, sorting_columns=[pq.SortingColumn(0)])
    body = sink.getvalue()
    footer = body[-8 - int.from_bytes(body[-8:-4], "little") : -8]
    assert levels(footer) == 2 + 2 * 4
