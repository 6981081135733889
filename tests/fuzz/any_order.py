"""An order means the same in a request, in CSV, in Parquet and to the model that MLflow serves: the same days, or none.

Not part of `make test` (see `make fuzz`).
"""

import asyncio
import csv
import io
from dataclasses import dataclass, field
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from starlette.types import Receive, Scope, Send

from common.model.predictor import Predictor
from common.orders.names import COUNTRY_NAMES, POSTAL_CODES
from gateway.http.direct_route import Direct, DirectRoutes
from gateway.routes import predictions
from scorer.csv.scoring import LONGEST_DAYS
from support.fuzzed_columns import CODES, COLUMNS, COUNTRIES, FACTS, ODD_MOMENTS, WORDS, needed
from support.fuzzing import made_up
from support.scorer.in_process import scored
from support.stand_ins.memory_store import MemoryStore
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


def values(name: str) -> st.SearchStrategy[Any]:
    """JSON values of a field's type."""
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
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        row = {name: draw(values(name)) for name in names if name == "purchase_timestamp" or draw(st.integers(0, 9))}
        rows.append(row)
    return names, rows


@dataclass
class Log:
    """Takes what is logged."""

    answers: list[Any] = field(default_factory=list)

    def put(self, answer: Any) -> None:
        self.answers.append(answer)

    def count_invalid(self) -> None:
        pass


@dataclass
class Model:
    """The champion, and the metrics of its answers."""

    predictor: Predictor

    def current(self) -> Predictor:
        return self.predictor

    def predicted(self, days: Any) -> None:
        pass


class Routes:
    """The gateway's routes of predictions, without servers."""

    def __init__(self, predictor: Predictor) -> None:
        routes, model = DirectRoutes(), Model(predictor)
        predictions.add_routes(FastAPI(), routes, model, Log(), model)  # type: ignore[arg-type]
        self._direct = Direct(FastAPI(), routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._direct({**scope, "request_id": "1", "key": None, "state": {}}, receive, send)

    def ask(self, path: str, body: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self), base_url="http://x") as client:
                return await client.post(path, json=body)

        return asyncio.run(asked())


@pytest.fixture(scope="session")
def routes(predictor: Predictor) -> Routes:
    return Routes(predictor)


def as_request(row: Row) -> Row:
    facts = {each.name: row[each.name] for each in FACTS if each.name in row}
    return {name: value for name, value in row.items() if name not in facts} | ({"facts": facts} if facts else {})


Answer = tuple[float, float, float] | None
"""Days and their interval; None for an order that was refused."""


def by_request(routes: Routes, rows: list[Row]) -> list[Answer]:
    answers: list[Answer] = []
    for row in rows:
        answer = routes.ask("/delivery_time", as_request(row))
        assert answer.status_code in (200, 422), answer.text
        body = answer.json()
        known = answer.status_code == 200
        answers.append((body["delivery_time_days"], body["lower_days"], body["upper_days"]) if known else None)
    together = routes.ask("/delivery_times", {"orders": [as_request(row) for row in rows]})
    assert together.status_code == (422 if None in answers else 200), together.text
    if None not in answers:
        bulk = [(body["delivery_time_days"], body["lower_days"], body["upper_days"]) for body in together.json()]
        assert_alike(bulk, answers)
    return answers


def by_csv(predictor: Predictor, names: list[str], rows: list[Row]) -> tuple[list[Answer], Any]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([["" if row.get(name) is None else row[name] for name in names] for row in rows])
    store = MemoryStore()
    store.keep("a.csv", text.getvalue().encode())
    result = scored(store, "a.csv", predictor)
    records = list(csv.reader(io.StringIO(result.body.decode(), newline="")))[1:]
    return [tuple(map(float, record[-4:-1])) if not record[-1] else None for record in records], result.errors  # type: ignore[misc]


def by_parquet(predictor: Predictor, names: list[str], rows: list[Row]) -> list[Answer]:
    kinds = {"whole": pa.float64(), "number": pa.float64(), "moment": pa.string(), "text": pa.string()}
    columns = {name: pa.array([row.get(name) for row in rows], kinds[COLUMNS[name].kind]) for name in names}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    store = MemoryStore()
    store.keep("a.parquet", sink.getvalue())
    table = pq.read_table(io.BytesIO(scored(store, "a.parquet", predictor).body))
    added = (table.column(name).to_pylist() for name in ("prediction", "prediction_lower", "prediction_upper"))
    return [None if None in days else days for days in zip(*added, strict=True)]


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
            answers.append((found["delivery_time_days"][0], found["lower_days"][0], found["upper_days"][0]))
    return answers


def clipped(days: tuple[float, float, float]) -> list[float]:
    return [min(each, LONGEST_DAYS) for each in days]


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
