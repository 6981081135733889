"""Gateway, batch job and MLflow model make the same promises of an order, and refuse the same wishes."""

import csv
import io
from typing import Any

import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from common.model.answers.further import Further
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from support.example import ORDER
from support.scorer.in_process import scored
from support.stand_ins.memory_store import MemoryStore
from support.stand_ins.routes import Routes
from trainer.registry.pyfunc_model import DeliveryTimeModel

BOUGHT = {**ORDER, "purchase_timestamp": "2018-02-10T10:00:00"}
SHARES, DETAILED = [0.9, 0.975], Further.asked([0.9, 0.975], details=True)
DATES = ("delivery_date", "lower_date", "upper_date")

Row = dict[str, Any]


@pytest.fixture(scope="module")
def predictor(sample_bundle: Bundle) -> Predictor:
    return Predictor(sample_bundle)


@pytest.fixture(scope="module")
def routes(predictor: Predictor) -> Routes:
    return Routes(predictor)


@pytest.fixture(scope="module")
def model(predictor: Predictor) -> DeliveryTimeModel:
    model = DeliveryTimeModel()
    model.predictor = predictor
    return model


def by_batch(predictor: Predictor, order: Row) -> Row:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, order)
    writer.writeheader()
    writer.writerow(order)
    store = MemoryStore()
    store.keep("a.csv", text.getvalue().encode())
    result = scored(store, "a.csv", predictor, further=DETAILED)
    (row,) = csv.DictReader(io.StringIO(result.body.decode(), newline=""))
    return row


def by_mlflow(model: DeliveryTimeModel, order: Row) -> Row:
    found = model.predict(None, pd.DataFrame([order]), {"on_time_shares": SHARES, "details": True})
    (row,) = found.to_dict("records")
    return row


@pytest.mark.parametrize(
    "wishes",
    [
        {"on_time_share": 0.8, "deliver_by": "2018-02-24"},
        {"on_time_share": 0.5},
        {"deliver_by": "2018-02-24T10:00:00-03:00", "under_way_at": "2018-02-20"},
        {"on_time_share": 0.99, "shipped_timestamp": "2018-02-11", "deliver_by": "2018-02-12 00:00"},
    ],
    ids=str,
)
def test_an_order_gets_the_same_promises_by_every_way(
    predictor: Predictor, routes: Routes, model: DeliveryTimeModel, wishes: Row
) -> None:
    order = BOUGHT | wishes
    answer = routes.ask("/delivery_time", order).json()
    of_all = routes.ask("/delivery_time", {**order, "on_time_share": SHARES}).json()["promises"]
    for row in (by_batch(predictor, order), by_mlflow(model, order)):
        assert [row[name] for name in DATES] == [answer[name] for name in DATES]
        assert (row["confidence"], row["reasons"].split()) == (
            answer["confidence"]["level"],
            answer["confidence"]["reasons"],
        )
        assert [float(row[name]) for name in ("promise_90", "promise_97.5")] == [each["days"] for each in of_all]
        for (promise,) in filter(None, [answer.get("promises")]):
            assert (float(row["promise"]), row["promise_date"]) == (promise["days"], promise["date"])
        if "deliver_by" in wishes:
            assert float(row["deliver_by_probability"]) == answer["deliver_by_probability"]
        assert ("promise" in row, "deliver_by_probability" in row) == (
            "on_time_share" in wishes,
            "deliver_by" in wishes,
        )


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"on_time_share": 0.4}, "on_time_share must be a share from 0.5 to 0.99"),
        ({"on_time_share": 90}, "on_time_share must be a share from 0.5 to 0.99"),
        ({"deliver_by": "Friday"}, "deliver_by must be a date or an ISO 8601 time"),
        ({"deliver_by": "2018-02-09"}, "deliver_by must not be before the purchase (got 2018-02-09, bought 2018-02-10"),
    ],
)
def test_a_wish_that_none_can_have_is_refused_by_every_way(
    predictor: Predictor, routes: Routes, model: DeliveryTimeModel, wishes: Row, reason: str
) -> None:
    order = BOUGHT | wishes
    refused = routes.ask("/delivery_time", order)
    assert refused.status_code == 422
    assert all(word in refused.text for word in reason.split()[:2])
    assert by_batch(predictor, order)["error"].startswith(reason)
    with pytest.raises(MlflowException) as error:
        by_mlflow(model, order)
    assert f"row 0: {reason}" in str(error.value)


@pytest.mark.parametrize("shares", [[0.4], [0.9] * 6, [float("nan")], ["often"]])
def test_parameters_of_the_model_are_checked_as_those_of_jobs(model: DeliveryTimeModel, shares: list[Any]) -> None:
    with pytest.raises(MlflowException, match=r"on_time_shares must be a share from 0\.5 to 0\.99"):
        model.predict(None, pd.DataFrame([ORDER]), {"on_time_shares": shares})


def test_one_share_needs_no_list(model: DeliveryTimeModel) -> None:
    assert "promise_90" in model.predict(None, pd.DataFrame([ORDER]), {"on_time_shares": 0.9})
