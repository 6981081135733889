"""Results with promises, dates and confidence: those of the gateway, in every format, and nothing more unasked."""

import csv
import gzip
import io
from collections.abc import Callable
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from common.errors import UnreadableInput
from common.model.answers.further import DETAILS, Further
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from common.model.uncertainty.confidence import CONFIDENCE
from common.orders.fields import Order
from common.orders.promises import days_until, deliver_by_of
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


def as_text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {True: "true", False: "false", None: ""}[value]
    return str(value)


def rows_of(key: str, body: bytes) -> list[dict[str, str]]:
    """The rows as texts, whatever the format."""
    if key.endswith(".parquet"):
        rows = pq.read_table(io.BytesIO(body)).to_pylist()
        return [{name: as_text(value) for name, value in row.items()} for row in rows]
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


WISHES = b"""seller_zip_code_prefix,customer_lat,customer_lng,purchase_timestamp,on_time_share,deliver_by
9350,-23.5,-46.5,2018-02-10T10:00:00,0.9,2018-02-20
9350,-23.5,-46.5,2018-02-10T10:00:00, 0.5 ,2018-02-20T12:00:00-03:00
9350,-23.5,-46.5,2018-02-10T10:00:00,,
9350,-23.5,-46.5,2018-02-10T10:00:00,90,2018-02-20
9350,-23.5,-46.5,2018-02-10T10:00:00,0.9,Friday
9350,-23.5,-46.5,2018-02-10T10:00:00,0.4,2018-02-09
9350,-23.5,-46.5,2018-02-10T10:00:00,,2018-02-10
x,-23.5,-46.5,2018-02-10T10:00:00,7,2018-02-10
"""
GRANTED = ["promise", "promise_date", "deliver_by_probability"]
SAID = [
    "on_time_share must be a share from 0.5 to 0.99 (got 90)",
    "deliver_by must be a date or an ISO 8601 time from 2000 to 2099 (got 'Friday')",
    "on_time_share must be a share from 0.5 to 0.99 (got 0.4); deliver_by must not be before the "
    "purchase (got 2018-02-09, bought 2018-02-10T10:00:00 on the shop's clock)",
    "seller_zip_code_prefix is not a number (got 'x')",
]


def texts(body: bytes) -> bytes:
    names = body.split(b"\n")[0].decode().split(",")
    convert = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True)
    sink = io.BytesIO()
    pq.write_table(pa_csv.read_csv(pa.BufferReader(body), convert_options=convert), sink)
    return sink.getvalue()


@pytest.mark.parametrize(("key", "made"), [("a.csv", bytes), ("a.csv.gz", gzip.compress), ("a.parquet", texts)])
def test_each_row_may_have_a_promise_and_a_date_of_its_own(
    predictor: Predictor, key: str, made: Callable[[bytes], bytes]
) -> None:
    result = scored(kept(key, made(WISHES)), key, predictor)
    rows = rows_of(key, result.body)
    assert list(rows[0])[-7:] == ["prediction", "prediction_lower", "prediction_upper", "error", *GRANTED]
    bought = datetime(2018, 2, 10, 10)  # noqa: DTZ001
    alone = predictor.predict_one(Order(seller_zip_code_prefix=9350, customer_lat=-23.5, customer_lng=-46.5), bought)
    for row, share, day in ((rows[0], 0.9, "2018-02-20"), (rows[1], 0.5, "2018-02-20T12:00:00-03:00")):
        days = alone.distribution.days_at(share)
        assert float(row["promise"]) == pytest.approx(days, abs=0.006)
        assert [row["promise_date"]] == predictor.clock.dates_of_one(bought, [days])
        by_days = days_until(deliver_by_of(day), bought, predictor.clock)
        probability = alone.distribution.probability_by(by_days)
        assert float(row["deliver_by_probability"]) == pytest.approx(probability, abs=0.00006)
    assert [rows[2][name] for name in ("error", *GRANTED)] == [""] * 4
    assert float(rows[6]["deliver_by_probability"]) < 0.1
    assert [row["error"] for row in (*rows[3:6], rows[7])] == SAID
    assert [error["row"] for error in result.errors] == [4, 5, 6, 8]
    assert all(row[name] == "" for row in (*rows[3:6], rows[7]) for name in ("prediction", *GRANTED))


@pytest.mark.parametrize(
    ("name", "column", "granted"),
    [
        ("ON_TIME_SHARE", pa.array([0.9, 0.9, None]), ["promise", "promise_date"]),
        ("on_time_share", pa.array([[0.9]] * 3), []),
        ("on_time_share", pa.array([True] * 3), []),
        ("deliver_by", pa.array([date(2018, 4, 1)] * 3), ["deliver_by_probability"]),
        ("deliver_by", pa.array([datetime(2018, 4, 1)] * 3, pa.timestamp("ns", "UTC")), ["deliver_by_probability"]),  # noqa: DTZ001
        ("deliver_by", pa.array([20180401] * 3), []),
        ("deliver_by", pa.array([None] * 3, pa.null()), ["deliver_by_probability"]),
    ],
    ids=str,
)
def test_a_column_of_a_type_that_holds_no_wish_passes_through(
    predictor: Predictor, name: str, column: pa.Array, granted: list[str]
) -> None:
    table = pa.table({"seller_zip_code_prefix": [9350] * 3, "customer_lat": [-23.5] * 3, "customer_lng": [-46.5] * 3})
    sink = io.BytesIO()
    pq.write_table(table.append_column(name, column), sink)
    result = pq.read_table(io.BytesIO(scored(kept("a.parquet", sink.getvalue()), "a.parquet", predictor).body))
    assert result.column(name).to_pylist() == column.to_pylist()
    assert result.column_names[8:] == granted
    assert result.column("error").null_count == 3


def test_a_folder_may_ask_for_all_its_rows(predictor: Predictor) -> None:
    key = "in/on_time_share=0.75/deliver_by=2018-03-20/a.csv"
    result = scored(kept(key, CSV), "in/", predictor, further=Further.asked([0.75], details=False))
    first, bad, _ = rows_of("a.csv", result.body)
    assert list(first)[-4:] == ["promise_75", *GRANTED]
    assert first["promise"] == first["promise_75"]
    assert 0 < float(first["deliver_by_probability"]) <= 1
    assert bad["promise"] == ""


def test_decimal_commas_stay_so_in_shares_and_probabilities(predictor: Predictor) -> None:
    head = b"seller_zip_code_prefix;customer_lat;customer_lng;on_time_share;deliver_by\n"
    text = head + b"9350;-23,5;-46,5;0,9;2018-03-20\n"
    (row,) = csv.DictReader(io.StringIO(scored(kept("a.csv", text), "a.csv", predictor).body.decode()), delimiter=";")
    assert row["error"] == ""
    assert "," in row["promise"]
    assert len(row["deliver_by_probability"].partition(",")[2]) == 4


@pytest.mark.parametrize("key", ["a.csv", "a.parquet"])
def test_a_file_that_has_a_promise_of_its_own_keeps_it(predictor: Predictor, key: str) -> None:
    """Without a wish it passes through; beside one it is refused by name: nothing is replaced."""
    made: Callable[[bytes], bytes] = texts if key == "a.parquet" else bytes
    text = CSV.replace(b"note", b"promise")
    assert rows_of(key, scored(kept(key, made(text)), key, predictor).body)[0]["promise"] == "a"
    with pytest.raises(UnreadableInput, match=r"already has column\(s\) promise, which the result adds: rename"):
        scored(kept(key, made(WISHES.replace(b"purchase_timestamp", b"promise"))), key, predictor)
