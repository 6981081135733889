"""Results with promises, dates and confidence: those of the gateway, in every format, and nothing more unasked."""

import csv
import gzip
import io
from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from common.batch.further import DETAILS, Further
from common.errors import UnreadableInput
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from common.model.uncertainty.confidence import CONFIDENCE
from common.orders.fields import Order
from support.scorer.in_process import NOW, scored
from support.stand_ins.memory_store import MemoryStore

CSV = b"""seller_zip_code_prefix,customer_lat,customer_lng,note
9350,-23.5,-46.5,a
x,-23.5,-46.5,b
3000,-80,-46.5,c
"""
ASKED = Further.asked([0.9, 0.975, 0.9], details=True)
NAMES = ["promise_90", "promise_97.5", *DETAILS]


def kept(key: str, body: bytes) -> MemoryStore:
    store = MemoryStore()
    store.keep(key, body)
    return store


@pytest.fixture
def predictor(sample_bundle: Bundle) -> Predictor:
    return Predictor(sample_bundle)


def parquet(text: bytes) -> bytes:
    types = {name: pa.string() for name in ("seller_zip_code_prefix", "customer_lat", "customer_lng", "note")}
    table = pa_csv.read_csv(pa.BufferReader(text), convert_options=pa_csv.ConvertOptions(column_types=types))
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def rows_of(key: str, body: bytes) -> list[dict[str, str]]:
    """The rows as texts, whatever the format."""
    if key.endswith(".parquet"):
        rows = pq.read_table(io.BytesIO(body)).to_pylist()
        texts = {True: "true", False: "false", None: ""}
        return [{name: texts[value] if value in (None, True, False) else str(value) for name, value in row.items()}
                for row in rows]  # fmt: skip
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


@pytest.mark.parametrize(("key", "made"), [("a.csv", bytes), ("a.csv.gz", gzip.compress), ("a.parquet", parquet)])
def test_each_row_has_what_the_gateway_says_of_its_order(
    predictor: Predictor, key: str, made: Callable[[bytes], bytes]
) -> None:
    store = kept(key, made(CSV))
    result = scored(store, key, predictor, further=ASKED)
    good, bad, far = rows_of(key, result.body)
    assert list(good)[-len(NAMES) :] == NAMES
    assert [bad[name] for name in NAMES] == [""] * len(NAMES)
    moment = NOW.replace(tzinfo=None)
    for row, order in (
        (good, Order(seller_zip_code_prefix=9350, customer_lat=-23.5, customer_lng=-46.5)),
        (far, Order(seller_zip_code_prefix=3000, customer_lat=-80, customer_lng=-46.5)),
    ):
        alone = predictor.predict_one(order, moment)
        assert float(row["promise_90"]) == pytest.approx(alone.distribution.days_at(0.9), abs=0.006)
        assert float(row["promise_97.5"]) == pytest.approx(alone.distribution.days_at(0.975), abs=0.006)
        assert [row["delivery_date"], row["lower_date"], row["upper_date"]] == predictor.clock.dates_of_one(
            moment, (alone.days, alone.lower_days, alone.upper_days)
        )
        confidence = CONFIDENCE[alone.doubts]
        assert (row["confidence"], row["reasons"].split()) == (confidence["level"], confidence["reasons"])
        assert row["seller_known"] == str(alone.seller_known).lower()
    assert "destination_outside" in far["reasons"]


def test_parquet_has_dates_and_flags_as_such(predictor: Predictor) -> None:
    store = kept("a.parquet", parquet(CSV))
    result = scored(store, "a.parquet", predictor, further=ASKED)
    (first, *_) = pq.read_table(io.BytesIO(result.body)).to_pylist()
    assert isinstance(first["delivery_date"], date)
    assert isinstance(first["seller_known"], bool)
    assert np.isfinite(first["promise_90"])


@pytest.mark.parametrize("key", ["a.csv", "a.parquet"])
def test_without_being_asked_a_result_is_as_it_was(predictor: Predictor, key: str) -> None:
    store = kept(key, CSV if key.endswith("csv") else parquet(CSV))
    plain, detailed = (scored(store, key, predictor, further=further).body for further in (Further(), ASKED))
    (row, *_), (more, *_) = rows_of(key, plain), rows_of(key, detailed)
    assert list(row) == list(more)[: -len(NAMES)]
    assert row.items() <= more.items()


@pytest.mark.parametrize("key", ["a.csv", "a.parquet"])
def test_a_column_of_such_a_name_is_refused_only_where_it_would_be_added(predictor: Predictor, key: str) -> None:
    text = CSV.replace(b"note", b"reasons")
    store = kept(key, text if key.endswith("csv") else parquet(text))
    assert scored(store, key, predictor, further=Further.asked([0.9], details=False)).rows == 3
    with pytest.raises(UnreadableInput, match="reasons, which the result adds: rename"):
        scored(store, key, predictor, further=ASKED)


def test_all_rows_may_be_bad(predictor: Predictor) -> None:
    text = CSV.splitlines()[0] + b"\nx,1,2,\n"
    result = scored(kept("a.csv", text), "a.csv", predictor, further=ASKED)
    assert (result.rows, result.rows_failed) == (1, 1)
    assert result.body.endswith(b"," * len(NAMES) + b"\n")
