"""Files name the ends of orders as requests do: by codes, countries, regions or points; facts are columns."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.batch.formats.csv_text import parse_header
from common.errors import MissingColumns, UnreadableInput
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from common.orders.clock import Clock
from common.orders.fields import Order
from common.orders.reading import Reading
from common.orders.validation import Validated, validate
from scorer.csv.needed_columns import Layout
from scorer.csv.scoring import score_text
from support.scorer.in_process import Result
from support.scorer.in_process import scored as result_of
from support.stand_ins.memory_store import MemoryStore

NOW = datetime(2017, 6, 1, 12, tzinfo=UTC)
READING = Reading(Clock("UTC"), ("weight",), ("carrier",))
HERE = {"destination_lat": [-23.5], "destination_lng": [-46.5]}


def validated(columns: dict[str, Any]) -> Validated:
    arrays = {name: column if isinstance(column, pa.Array) else pa.array(column) for name, column in columns.items()}
    return validate(arrays, NOW, READING)


def of(columns: dict[str, Any], rows: int) -> dict[str, Any]:
    return {name: values * rows for name, values in columns.items()}


@pytest.fixture(scope="module")
def predictor(sample_bundle: Bundle) -> Predictor:
    """A shop with two facts that have an effect."""
    shop = replace(sample_bundle.manifest.shop, numeric=("weight",), category=("carrier",))
    effects = replace(sample_bundle.effects, facts={"carrier": {"sloth": 0.5, "007": 0.7}})
    return Predictor(replace(sample_bundle, manifest=replace(sample_bundle.manifest, shop=shop), effects=effects))


def scored(predictor: Predictor, text: str) -> list[str]:
    """The four added fields of each row."""
    header = parse_header(text.encode(), "x", whole=True)
    layout = replace(Layout.of(header.names), delimiter=header.delimiter)
    result = score_text(text.encode()[header.length :], layout, predictor, NOW)
    return [line.split(header.delimiter, len(header.names))[-1] for line in result.body.decode().splitlines()]


@pytest.mark.parametrize(
    "codes",
    [
        pa.array(["01001", " 01-001 ", None]),
        pa.array(["01001", "01001", ""], pa.large_string()),
        pa.array(["01001", "01001", None]).dictionary_encode().dictionary_decode(),
    ],
    ids=["texts", "large texts", "dictionary"],
)
def test_codes_are_texts_whose_zeros_count_and_a_row_without_any_origin_costs_its_row(codes: pa.Array) -> None:
    found = validated({"origin_postal_code": codes, **of(HERE, 3)})
    assert found.orders.texts["origin_postal_code"].tolist() == ["01001", "01001"]
    assert found.reasons == {2: "the origin is missing: fill origin_postal_code"}


def test_a_fact_with_a_decimal_comma_is_one_number_whatever_stands_in_the_rows_beside_it(predictor: Predictor) -> None:
    """`12,000` is twelve where commas are decimal marks; a blank elsewhere has the block read another way."""
    rows = ["9350;-23,5;-46,5;12,000;", "9350;-23,5; ;12,000;"]
    layout = replace(Layout.of(["seller_zip_code_prefix", "customer_lat", "customer_lng", "weight", "note"]),
                     delimiter=";", decimal=",")  # fmt: skip
    alone, among = (
        score_text("".join(f"{row}\n" for row in given).encode(), layout, predictor, NOW).body.splitlines()[0]
        for given in (rows[:1], rows)
    )
    assert alone == among
    assert alone.endswith(b";")


@pytest.mark.parametrize("half", ["customer_lat", "customer_lng"])
def test_half_a_point_is_none_even_where_another_column_could_say_where(half: str) -> None:
    columns = {"seller_zip_code_prefix": [9350.0] * 3, "destination_postal_code": [None, "01001", None]}
    points = {"customer_lat": [None, None, -23.5], "customer_lng": [None, None, -46.5], half: [1.0, None, -20.0]}
    found = validated(columns | points)
    (other,) = {"customer_lat", "customer_lng"} - {half}
    assert found.reasons == {0: f"{other} is missing"}


@pytest.mark.parametrize("kind", [pa.int64(), pa.int32(), pa.float64()])
def test_codes_that_are_numbers_are_the_codes_of_these_digits(predictor: Predictor, kind: pa.DataType) -> None:
    found = validated({"origin_postal_code": pa.array([1_001, 99_998, None], kind), **of(HERE, 3)})
    assert found.orders.texts["origin_postal_code"].tolist() == ["1001", "99998"]
    now = NOW.replace(tzinfo=None)
    for order, code in zip(found.orders.each(), ("01001", "99998"), strict=True):
        whole = Order(origin_postal_code=code, destination_lat=-23.5, destination_lng=-46.5)
        assert predictor.predict_one(order[0], now) == predictor.predict_one(whole, now)


def test_a_number_that_is_none_is_no_code() -> None:
    numbers = pa.array(np.array([1_001.0, np.nan]), from_pandas=False)
    found = validated({"origin_postal_code": numbers, **of(HERE, 2)})
    assert list(found.reasons) == [1]


def test_countries_are_taken_with_two_letters_or_three_and_others_cost_their_row() -> None:
    found = validated({"origin_country": ["BR", "bra", " PRT ", "Atlantis", None, ""], **of(HERE, 6)})
    assert found.orders.texts["origin_country"].tolist() == ["BR", "BR", "PT"]
    assert "origin_country" in found.reasons[3]
    assert "'Atlantis'" in found.reasons[3]
    assert list(found.reasons) == [3, 4, 5]


def test_each_row_may_name_its_ends_in_its_own_way() -> None:
    found = validated(
        {
            "origin_id": ["a", None, None, None], "origin_region": [None, "SP", None, None],
            "destination_lat": [None, None, -23.5, -23.5], "destination_lng": [None, None, -46.5, None],
            "destination_country": ["BR", None, None, None],
        }
    )  # fmt: skip
    assert found.good.tolist() == [True, False, False, False]
    assert found.reasons[1].startswith("the destination is missing: fill destination_lat or destination_country")
    assert found.reasons[2] == "the origin is missing: fill origin_id or origin_region"
    assert found.reasons[3] == "destination_lng is missing"


def test_a_text_that_is_too_long_costs_its_row() -> None:
    found = validated({"origin_id": ["a" * 64, "a" * 65], **of(HERE, 2)})
    assert list(found.reasons) == [1]
    assert "origin_id must have up to 64 characters" in found.reasons[1]


def test_facts_are_columns_and_what_is_no_number_costs_its_row() -> None:
    facts = {"weight": ["1.5", "", "heavy"], "carrier": ["dhl", None, "ups"], "colour": ["red"] * 3}
    found = validated({"origin_id": ["a"] * 3, **facts, **of(HERE, 3)})
    np.testing.assert_array_equal(found.orders.numbers["weight"], [1.5, np.nan])
    assert found.orders.texts["carrier"].tolist() == ["dhl", None]
    assert found.reasons == {2: "weight is not a number (got 'heavy')"}
    assert "colour" not in found.orders.texts


def test_old_and_new_names_score_alike(predictor: Predictor) -> None:
    old = "seller_zip_code_prefix,customer_lat,customer_lng\n1001,-23.5,-46.5\n9350,-12,-41\n"
    new = "origin_postal_code;destination_lat;destination_lng\n01001;-23.5;-46.5\n9350;-12;-41\n"
    assert scored(predictor, old) == [line.replace(";", ",") for line in scored(predictor, new)]


def test_a_file_may_have_a_country_and_a_region_alone(predictor: Predictor) -> None:
    (known,) = scored(predictor, "origin_country,destination_region\nBRA,SP\n")
    assert known.count(",") == 3
    assert known.endswith(",")
    assert float(known.split(",")[0]) > 0


def test_a_fact_s_value_makes_a_row_slower_and_keeps_its_zeros(predictor: Predictor) -> None:
    rows = [f"01001,-23.5,-46.5,{carrier}" for carrier in ("", "sloth", "007", "7", "unheard of")]
    text = "origin_postal_code,destination_lat,destination_lng,carrier\n" + "\n".join(rows)
    none, sloth, agent, seven, unknown = (float(line.split(",")[0]) for line in scored(predictor, text))
    assert agent > sloth > none
    assert none == seven == unknown


def test_a_name_and_its_old_name_in_one_file_are_refused_by_both_names() -> None:
    with pytest.raises(UnreadableInput, match="seller_zip_code_prefix and origin_postal_code both say the same"):
        parse_header(b"seller_zip_code_prefix,origin_postal_code,destination_lat,destination_lng\n", "x", whole=True)


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        (b"origin_id,note\n", "destination_postal_code"),
        (b"destination_postal_code,note\n", "origin_postal_code"),
        (b"origin_id,destination_lat\n", "destination_lng"),
        (b"seller_zip_code_prefix,customer_lat\n", "customer_lng"),
        (b"note\n", "seller_zip_code_prefix"),
    ],
)
def test_a_file_that_cannot_say_an_end_is_refused_by_what_is_missing(header: bytes, missing: str) -> None:
    with pytest.raises(MissingColumns, match=missing):
        parse_header(header, "x", whole=True)


@pytest.mark.parametrize(
    ("fact", "column", "said"),
    [
        ("weight", pa.array([[1], [2]]), "has list<element: int64> in column weight: it takes numbers or strings"),
        ("Weight", pa.array([True, False]), "has bool in column Weight: it takes numbers or strings"),
        ("carrier", pa.array([{"a": 1}, None]), "in column carrier: it takes texts or strings"),
    ],
)
def test_a_fact_of_a_type_that_holds_none_is_named(
    predictor: Predictor, fact: str, column: pa.Array, said: str
) -> None:
    with pytest.raises(UnreadableInput) as refused:
        scored_parquet(predictor, fact, column)
    assert said in str(refused.value)


def test_a_fact_may_be_true_or_false(predictor: Predictor) -> None:
    assert scored_parquet(predictor, "CARRIER", pa.array([True, False])).rows_failed == 0


def scored_parquet(predictor: Predictor, fact: str, column: pa.Array) -> Result:
    orders = {"seller_zip_code_prefix": [9350, 1001], "customer_lat": [-23.5, -22.9], "customer_lng": [-46.5, -43.2]}
    store, sink = MemoryStore(), io.BytesIO()
    pq.write_table(pa.table({**orders, fact: column}), sink)
    store.keep("a.parquet", sink.getvalue())
    return result_of(store, "a.parquet", predictor)
