"""Made-up Parquet files with columns of every type that Arrow can write. Not part of `make test` (see `make fuzz`)."""

import io
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from common.errors import DeliveryTimeError
from common.model.predictor import Predictor
from common.orders.fields import Kind
from scorer.readers import row_groups
from support.fuzzed_columns import COLUMNS, needed, texts
from support.fuzzing import made_up
from support.scorer.in_process import scored
from support.stand_ins.memory_store import MemoryStore

ADDED = ["prediction", "prediction_lower", "prediction_upper", "error"]
ZONES = (None, "UTC", "America/Sao_Paulo", "+05:30", "Asia/Kathmandu")

NUMBERS = [
    pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float16(),
    pa.float32(), pa.float64(), pa.decimal32(9, 4), pa.decimal64(18, 6), pa.decimal128(38, 10), pa.decimal256(76, 10),
    pa.decimal128(5, -2),
]  # fmt: skip
TIMES = [
    *(pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in ZONES),
    pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"),
    *(pa.duration(unit) for unit in ("s", "ms", "us", "ns")),
]  # fmt: skip
TEXTS = [pa.string(), pa.large_string(), pa.string_view()]
BYTES = [pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(3)]
PLAIN = [pa.null(), pa.bool_(), *NUMBERS, *TIMES, *TEXTS, *BYTES]
BITS = {8: "int8", 16: "int16", 32: "int32", 64: "int64"}


class Labelled(pa.ExtensionType):
    """An extension type of somebody's own."""

    def __init__(self, storage: pa.DataType) -> None:
        super().__init__(storage, "somebody.labelled")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, serialized: bytes) -> "Labelled":
        return cls(storage)


def nested(of: st.SearchStrategy[pa.DataType]) -> st.SearchStrategy[pa.DataType]:
    return st.one_of(
        of.map(pa.list_),
        of.map(pa.large_list),
        of.map(lambda kind: pa.list_(kind, 2)),
        of.map(pa.list_view),
        of.map(lambda kind: pa.map_(pa.string(), kind)),
        st.lists(of, min_size=1, max_size=3).map(lambda kinds: pa.struct([(f"f{n}", k) for n, k in enumerate(kinds)])),
    )


KEYS = st.sampled_from([pa.int8(), pa.int32(), pa.uint16()])
DICTIONARIES = st.builds(
    pa.dictionary, KEYS, st.sampled_from([*TEXTS[:2], *BYTES[:2], pa.int64(), pa.float64(), *TIMES[:4]])
)
EXTENSIONS = st.one_of(
    st.sampled_from([pa.uuid(), pa.json_()]), st.sampled_from([pa.int64(), pa.string()]).map(Labelled)
)
TYPES = st.one_of(st.recursive(st.sampled_from(PLAIN), nested, max_leaves=4), DICTIONARIES, EXTENSIONS)

WIDE = Context(prec=100)
EDGES = st.sampled_from([0, 1, -1, 2**7, 2**15, 2**31, 2**63, -(2**63), 9350, 1_520_000_000])


def values(kind: pa.DataType) -> st.SearchStrategy[Any]:
    """Values of a type, or texts and integers that it is made of (see `array`)."""
    if pa.types.is_null(kind):
        return st.none()
    if pa.types.is_boolean(kind):
        return st.booleans()
    if pa.types.is_floating(kind):
        return st.floats(width=kind.bit_width)  # type: ignore[arg-type]
    if pa.types.is_decimal(kind):
        digits = kind.precision
        return st.integers(-(10**digits) + 1, 10**digits - 1).map(lambda n: Decimal(n).scaleb(-kind.scale, WIDE))
    if pa.types.is_unsigned_integer(kind):
        return st.one_of(st.integers(0, 2**kind.bit_width - 1), st.just(1_001 % 2**kind.bit_width))
    if pa.types.is_date64(kind):
        return st.integers(-(10**5), 10**5).map(lambda day: day * 86_400_000)
    if pa.types.is_time(kind):
        most = {"s": 86_400, "ms": 86_400_000, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}[kind.unit]
        return st.integers(0, most - 1)
    if pa.types.is_integer(kind) or pa.types.is_temporal(kind):
        low, high = -(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1
        return st.one_of(st.integers(low, high), EDGES.map(lambda n: min(max(n, low), high)))
    if kind in TEXTS:
        return st.one_of(
            st.text(max_size=6), st.sampled_from(["9350", "-23.5", "-23,5", "", "nan", "2018-01-01", "x" * 300])
        )
    if pa.types.is_fixed_size_binary(kind):
        return st.binary(min_size=kind.byte_width, max_size=kind.byte_width)
    return st.binary(max_size=6)


@st.composite
def arrays(draw: st.DrawFn, kind: pa.DataType, rows: int, name: str = "") -> pa.Array:
    """An array of a type, nulls among its values. name: of the column, where texts are to be such as belong there."""
    missing = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
    mask = pa.array(missing, pa.bool_())
    if isinstance(kind, pa.ExtensionType | pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, draw(arrays(kind.storage_type, rows)))
    if pa.types.is_dictionary(kind):
        dictionary = draw(arrays(kind.value_type, 3)).drop_null()
        assume(len(dictionary))
        found = draw(st.lists(st.integers(0, len(dictionary) - 1), min_size=rows, max_size=rows))
        return pa.DictionaryArray.from_arrays(pa.array(found, kind.index_type, mask=mask.to_numpy(False)), dictionary)
    if pa.types.is_struct(kind):
        fields = [draw(arrays(field.type, rows)) for field in kind]
        return pa.StructArray.from_arrays(fields, fields=list(kind), mask=mask)
    if pa.types.is_nested(kind):
        fixed = pa.types.is_fixed_size_list(kind)
        size = st.just(2) if fixed else st.integers(0, 3)
        sizes = draw(st.lists(size, min_size=rows, max_size=rows))
        offsets = [sum(sizes[:n]) for n in range(rows + 1)]
        if pa.types.is_map(kind):
            keys = pa.array([f"k{n}" for n in range(offsets[-1])], pa.string())
            return pa.MapArray.from_arrays(
                pa.array(offsets, pa.int32()), keys, draw(arrays(kind.item_type, offsets[-1]))
            )
        items = draw(arrays(kind.value_type, offsets[-1]))
        if fixed:
            return pa.FixedSizeListArray.from_arrays(items, 2)
        if pa.types.is_list_view(kind):
            starts, lengths = pa.array(offsets[:-1], pa.int32()), pa.array(sizes, pa.int32())
            return pa.ListViewArray.from_arrays(starts, lengths, items)
        make = pa.LargeListArray if pa.types.is_large_list(kind) else pa.ListArray
        return make.from_arrays(
            pa.array(offsets, pa.int64() if make is pa.LargeListArray else pa.int32()), items, mask=mask
        )
    each = values(kind)
    if name and (kind in TEXTS or kind in BYTES[:2]):
        each = st.one_of(each, texts(name, st.nothing()).map(str.encode if kind in BYTES[:2] else str))
    given_values = draw(st.lists(each, min_size=rows, max_size=rows))
    found = [None if gone else value for gone, value in zip(missing, given_values, strict=True)]
    if pa.types.is_temporal(kind):
        return pa.array(found, getattr(pa, BITS[kind.bit_width])()).view(kind)
    return pa.array(found, kind)


TAKEN: dict[Kind, list[pa.DataType]] = {
    "whole": [pa.int32(), pa.int64(), pa.float64(), pa.string(), *NUMBERS],
    "number": [pa.float64(), pa.float32(), pa.string_view(), pa.large_string(), pa.binary(), *NUMBERS],
    "moment": [*TIMES[:20], pa.date32(), pa.string(), pa.binary(), pa.null()],
    "text": [*TEXTS, pa.binary(), pa.large_binary(), pa.int32(), pa.float64(), pa.decimal128(38, 0), pa.null()],
}
"""Types that a column may have, by what it holds."""


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A table with the needed columns, of types that a file may have, and others of any type."""
    rows = draw(st.integers(1, 6))
    columns: dict[str, pa.Array] = {}
    for name in draw(needed()):
        right = st.sampled_from(TAKEN[COLUMNS[name].kind])
        columns[name] = draw(arrays(draw(TYPES if draw(st.integers(0, 9)) == 0 else right), rows, name))
    for number in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from([f"c{number}", f"a.b{number}", f"größe {number}", f"{number}", f"%2F{number}"]))
        columns[name] = draw(arrays(draw(TYPES), rows))
    return pa.table({name: columns[name] for name in draw(st.permutations(list(columns)))})


OPTIONS = st.fixed_dictionaries(
    {
        "version": st.sampled_from(["1.0", "2.4", "2.6"]),
        "data_page_version": st.sampled_from(["1.0", "2.0"]),
        "compression": st.sampled_from(["none", "snappy", "gzip", "zstd", "lz4", "brotli"]),
        "use_dictionary": st.booleans(),
        "store_schema": st.booleans(),
        "row_group_size": st.sampled_from([1, 2, 100]),
        "use_deprecated_int96_timestamps": st.booleans(),
        "write_statistics": st.booleans(),
    }
)


def written(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    if table.num_rows and options.get("version") == "1.0":
        options["coerce_timestamps"], options["allow_truncated_timestamps"] = None, True
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def shown(table: pa.Table) -> str:
    """Every value, so that NaN equals itself; the schema without metadata."""
    columns = [column.combine_chunks().to_string(window=1_000, container_window=1_000) for column in table.columns]
    return "\n".join([str(table.schema.remove_metadata()), *columns])


def readable(read: Callable[[io.BytesIO], Any], body: bytes) -> bool:
    try:
        read(io.BytesIO(body))
    except (Exception, pl.exceptions.PanicException):
        return False
    return True


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_groups, "GROUP_ROWS", 3)


@made_up()
@given(table=tables(), options=OPTIONS)
def test_a_file_of_any_types_comes_back_with_every_value(
    predictor: Predictor, table: pa.Table, options: dict[str, Any]
) -> None:
    try:
        body = written(table, **options)
        before = pq.ParquetFile(io.BytesIO(body), coerce_int96_timestamp_unit="us").read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        assume(False)
    store = MemoryStore()
    store.keep("in.parquet", body)
    try:
        result = scored(store, "in.parquet", predictor)
    except DeliveryTimeError as error:
        assert "it takes" in str(error), error
        return
    parts = [pq.read_table(io.BytesIO(part)) for _, part in result.outputs]
    after = pa.concat_tables(parts)
    assert after.num_rows == result.rows == before.num_rows
    assert after.column_names == [*before.column_names, *ADDED]
    assert shown(after.select(before.column_names)) == shown(before)
    for days, low, high, reason in zip(*(after.column(name).to_pylist() for name in ADDED), strict=True):
        assert (days is None) == (low is None) == (high is None) == bool(reason)
    assert result.rows_failed == after.column("prediction").null_count
    for read in (pl.read_parquet, pd.read_parquet):
        if not options["use_deprecated_int96_timestamps"] and readable(read, body):  # which they let wrap around
            assert sum(len(read(io.BytesIO(part))["prediction"]) for _, part in result.outputs) == before.num_rows
