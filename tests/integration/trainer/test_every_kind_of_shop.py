"""Shops that deliver in minutes, and in months to countries alone: from their orders to answers by request and file."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
import pytest

from common.batch.formats.csv_text import parse_header
from common.model.predictor import Predictor
from common.orders.names import COORDINATES
from common.orders.shop.read import read_shop
from gateway.routes.answers import SingleAnswer
from gateway.routes.prediction_bodies import Order
from scorer.csv.needed_columns import Layout
from scorer.csv.scoring import score_text
from support.olist_folder import nowhere
from trainer.data.history import end_of
from trainer.data.prepare import prepare
from trainer.data.prepared import read_prepared
from trainer.data.synthetic.shops.generate import synthesize_shop
from trainer.model.bundling import write_bundle
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable
from trainer.sources.raw.open import Sources

ORDERS = 1_000
ROWS = 100
LABEL = "delivery_time"
NOW = datetime(2024, 1, 1, tzinfo=UTC)
TYPICAL_DAYS = {"minutes": 27 / 1_440, "months": 80.0}


@dataclass(frozen=True)
class Served:
    """A model of the shop, and orders of it as a file has them, with the days that they took."""

    kind: str
    predictor: Predictor
    file: bytes

    @property
    def rows(self) -> Iterator[dict[str, str]]:
        return csv.DictReader(self.file.decode().splitlines())


@pytest.fixture(scope="module", params=sorted(TYPICAL_DAYS))
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Served:
    folder = tmp_path_factory.mktemp(request.param)
    synthesize_shop(request.param, ORDERS, 7, folder / "shop")
    prepare(read_shop(folder / "shop" / "shop.toml", {}), Sources({}, nowhere), folder / "prepared")
    table = TrainingTable.of(read_prepared(folder / "prepared"))
    model = fit(table, end_of(table.history), Params.usual(ORDERS, table.scale))
    lines = (folder / "prepared" / "valid_dataset.csv").read_bytes().splitlines(keepends=True)
    bundle = write_bundle(folder / "bundle", model, table, {}, "")
    return Served(request.param, Predictor(bundle), b"".join(lines[: ROWS + 1]))


def asked(row: dict[str, str], predictor: Predictor) -> dict[str, Any]:
    """The row as a request's body, its facts apart."""
    numbers = {*COORDINATES, *predictor.reading.numeric}
    said = {name: float(text) if name in numbers else text for name, text in row.items() if text and name != LABEL}
    facts = {name: said.pop(name) for name in predictor.reading.facts if name in said}
    return {**said, "facts": facts, "on_time_share": [0.5, 0.9, 0.95]}


def answered(row: dict[str, str], predictor: Predictor) -> dict[str, Any]:
    order = Order.model_validate(asked(row, predictor))
    assert order.purchase_timestamp is not None
    purchase = order.purchase_timestamp.astimezone(UTC).replace(tzinfo=None)
    prediction = predictor.predict_one(order, purchase)
    promised = [(share, prediction.distribution.days_at(share)) for share in order.on_time_share or ()]
    answer = SingleAnswer("request", order, purchase, predictor, prediction, promised, None, 0.0, 0.0)
    found: dict[str, Any] = orjson.loads(answer.json())
    return found


def test_answers_are_on_the_shops_scale_with_digits_enough_to_tell_orders_apart(served: Served) -> None:
    answers = [answered(row, served.predictor) for row in served.rows]
    days = np.array([[answer[f"{name}_days"] for name in ("lower", "delivery_time", "upper")] for answer in answers])
    assert (np.diff(days) > 0).all()
    assert np.median(days[:, 1]) == pytest.approx(TYPICAL_DAYS[served.kind], rel=0.4)
    assert len(set(days[:, 1])) > ROWS / 2
    actual = np.array([float(row[LABEL]) for row in served.rows])
    assert 0.75 < ((days[:, 0] <= actual) & (actual <= days[:, 2])).mean() <= 1
    assert np.abs(days[:, 1] - actual).mean() < np.abs(np.median(actual) - actual).mean()


def test_promises_are_longer_the_more_often_they_must_hold(served: Served) -> None:
    for answer in (answered(row, served.predictor) for row in served.rows):
        half, often, nearly = (promise["days"] for promise in answer["promises"])
        assert half < often <= nearly
        dates = [promise["date"] for promise in answer["promises"]]
        assert dates == sorted(dates)


def test_a_file_gets_the_answers_that_requests_get(served: Served) -> None:
    header = parse_header(served.file, "orders.csv", whole=True)
    scored = score_text(served.file[header.length :], Layout.of(header.names), served.predictor, NOW)
    of_file = [float(line.split(",")[len(header.names)]) for line in scored.body.decode().splitlines()]
    assert of_file == [answered(row, served.predictor)["delivery_time_days"] for row in served.rows]
