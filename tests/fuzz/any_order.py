"""An order means the same in a request, in CSV, in Parquet and to the model that MLflow serves: the same days, or none.

Not part of `make test` (see `make fuzz`).
"""

import csv
import io
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException

from common.model.predictor import Predictor
from common.orders.names import COUNTRY_NAMES, POSTAL_CODES
from scorer.csv.scoring import LONGEST_DAYS
from support.fuzzed_columns import CODES, COLUMNS, COUNTRIES, FACTS, ODD_MOMENTS, WORDS, needed
from support.fuzzing import made_up
from support.scorer.in_process import scored
from support.stand_ins.memory_store import MemoryStore
from support.stand_ins.routes import Routes
from trainer.registry.pyfunc_model import DeliveryTimeModel

ROUNDED = 0.0051
"""Answers have two decimals, and a half may go either way."""

Row = dict[str, Any]


def moments(name: str) -> st.SearchStrategy[str]:
    """Purchases in one month, what comes later mostly in the next, and odd ones."""
    month = 1 if name == "purchase_timestamp" else 2
    usual = st.builds("2018-{:02}-{:02}T{:02}:00:00{}".format, st.just(month), st.integers(1, 28), st.integers(0, 23),
                      st.sampled_from(["", "Z", "-03:00", "+05:30", " UTC"]))  # fmt: skip
    return st.one_of(usual, usual, usual, st.sampled_from(ODD_MOMENTS))


WISHES: dict[str, st.SearchStrategy[Any]] = {
    "on_time_share": st.one_of(st.floats(0.5, 0.99), st.sampled_from([0.5, 0.9, 0.99, 0.4999, 1, 90, -1])),
    "deliver_by": st.one_of(moments("deliver_by"), st.dates(date(2017, 12, 1), date(2018, 6, 1)).map(str)),
}


def values(name: str) -> st.SearchStrategy[Any]:
    """JSON values of a field's type."""
    if name in WISHES:
        return WISHES[name]
    match COLUMNS[name].kind:
        case "whole":
            return st.one_of(st.integers(1, 99_999), st.integers(-1, 100_001), st.just(9350.0), st.just(9350.5))
        case "number":
            return st.one_of(st.floats(-95, 95), st.integers(-181, 181))
        case "moment":
            return moments(name)
    if name in COUNTRY_NAMES:
        return COUNTRIES
    return CODES if name in POSTAL_CODES else WORDS


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[str], list[Row]]:
    """Columns, and orders that have most of them."""
    names = draw(needed())
    if "purchase_timestamp" not in names:
        names.append("purchase_timestamp")
    names += draw(st.lists(st.sampled_from([*WISHES]), unique=True))
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        row = {name: draw(values(name)) for name in names if name == "purchase_timestamp" or draw(st.integers(0, 9))}
        rows.append(row)
    return names, rows


@pytest.fixture(scope="session")
def routes(predictor: Predictor) -> Routes:
    return Routes(predictor)


def as_request(row: Row) -> Row:
    facts = {each.name: row[each.name] for each in FACTS if each.name in row}
    return {name: value for name, value in row.items() if name not in facts} | ({"facts": facts} if facts else {})


Answer = tuple[float | None, ...] | None
"""Days and their interval, the promise's days, the probability; None for an order that was refused."""

DAYS = ("delivery_time_days", "lower_days", "upper_days")


def answered(row: Row) -> Answer:
    """Of a row of a result."""
    return (*(float(row[name]) for name in ("prediction", "prediction_lower", "prediction_upper")), *granted(row))


def granted(row: Row) -> list[float | None]:
    return [None if row.get(name) in (None, "") else float(row[name]) for name in ("promise", "deliver_by_probability")]


def of_body(body: Row) -> Answer:
    (promise,) = body.get("promises") or [{"days": None}]
    return (*(body[name] for name in DAYS), promise["days"], body.get("deliver_by_probability"))


def by_request(routes: Routes, rows: list[Row]) -> list[Answer]:
    answers: list[Answer] = []
    for row in rows:
        answer = routes.ask("/delivery_time", as_request(row))
        assert answer.status_code in (200, 422), answer.text
        answers.append(of_body(answer.json()) if answer.status_code == 200 else None)
    together = routes.ask("/delivery_times", {"orders": [as_request(row) for row in rows]})
    assert together.status_code == (422 if None in answers else 200), together.text
    if None not in answers:
        assert_alike(list(map(of_body, together.json())), answers)
    return answers


def by_csv(predictor: Predictor, names: list[str], rows: list[Row]) -> tuple[list[Answer], Any]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([["" if row.get(name) is None else row[name] for name in names] for row in rows])
    store = MemoryStore()
    store.keep("a.csv", text.getvalue().encode())
    result = scored(store, "a.csv", predictor)
    records = csv.DictReader(io.StringIO(result.body.decode(), newline=""))
    return [None if record["error"] else answered(record) for record in records], result.errors


def by_parquet(predictor: Predictor, names: list[str], rows: list[Row]) -> list[Answer]:
    kinds = {"whole": pa.float64(), "number": pa.float64(), "moment": pa.string(), "text": pa.string()}
    of_wishes = {"on_time_share": pa.float64(), "deliver_by": pa.string()}
    types = {name: of_wishes[name] if name in WISHES else kinds[COLUMNS[name].kind] for name in names}
    columns = {name: pa.array([row.get(name) for row in rows], kind) for name, kind in types.items()}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    store = MemoryStore()
    store.keep("a.parquet", sink.getvalue())
    table = pq.read_table(io.BytesIO(scored(store, "a.parquet", predictor).body))
    return [None if row["prediction"] is None else answered(row) for row in table.to_pylist()]


def by_mlflow(predictor: Predictor, names: list[str], rows: list[Row]) -> list[Answer]:
    model = DeliveryTimeModel()
    model.predictor = predictor
    answers: list[Answer] = []
    for row in rows:
        frame = pd.DataFrame([{name: row.get(name) for name in names}])
        try:
            found = model.predict(None, frame)
        except MlflowException:
            answers.append(None)
        else:
            (said,) = found.replace({float("nan"): None}).to_dict("records")
            answers.append((*(said[name] for name in DAYS), *granted(said)))
    return answers


def clipped(answer: tuple[float | None, ...]) -> list[float]:
    return [-1.0 if each is None else min(each, LONGEST_DAYS) for each in answer]


def assert_alike(some: list[Answer], others: list[Answer]) -> None:
    assert [each is None for each in some] == [each is None for each in others]
    for one, other in zip(some, others, strict=True):
        assert one is None or other is None or clipped(one) == pytest.approx(clipped(other), abs=ROUNDED)


@made_up()
@given(table=orders())
def test_an_order_means_the_same_by_every_way(
    predictor: Predictor, routes: Routes, table: tuple[list[str], list[Row]]
) -> None:
    names, rows = table
    asked = by_request(routes, rows)
    from_csv, errors = by_csv(predictor, names, rows)
    assert_alike(from_csv, asked)
    assert len(errors) == asked.count(None)
    assert_alike(by_parquet(predictor, names, rows), asked)
    assert_alike(by_mlflow(predictor, names, rows), asked)
