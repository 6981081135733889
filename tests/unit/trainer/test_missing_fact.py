"""A numeric fact that an order omits, although every order that taught had it, is taken to be the usual one."""

import numpy as np
import pytest

from common.model.predictor import Predictor
from common.orders.orders import Orders
from common.orders.shop.sections import Facts
from support.model_fixtures import PARAMS, SHOP
from trainer.data.history import History, TrainingData, end_of
from trainer.model.bundling import write_bundle
from trainer.model.fit import fit
from trainer.model.table import TrainingTable

ORDERS = 800
WITH_WEIGHT = SHOP.model_copy(update={"facts": Facts(numeric=("weight",))})


def orders_of(weight: np.ndarray) -> Orders:
    bought = np.datetime64("2017-01-01", "s") + np.linspace(0, 300 * 86_400, len(weight)).astype(np.int64)
    columns = {"purchase_timestamp": bought, "destination_country": ["BR"] * len(weight), "weight": weight}
    return Orders.of_columns(columns, numeric=("weight",))


def table_of(weight: np.ndarray) -> TrainingTable:
    """What is heavy takes long: 4 to 20 days."""
    rng = np.random.default_rng(2)
    days = 4 * (1 + np.nan_to_num(weight, nan=1.5)) * rng.lognormal(0, 0.1, len(weight))
    orders = orders_of(weight)
    delivered = orders.purchase_timestamp + (days * 86_400).astype("timedelta64[s]")
    return TrainingTable.of(TrainingData(History(orders, delivered, np.full(len(weight), np.nan)), WITH_WEIGHT))


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """Of the bundle, as it is read again."""
    table = table_of(np.random.default_rng(1).uniform(0, 4, ORDERS))
    model = fit(table, end_of(table.history), PARAMS)
    return Predictor(write_bundle(tmp_path_factory.mktemp("bundle") / "1", model, table, {}, ""))


def test_an_order_without_it_is_answered_like_a_usual_one(predictor: Predictor) -> None:
    orders = orders_of(np.array([0.1, np.nan, 2.0, 3.9]))
    light, unknown, usual, heavy = predictor.predict(orders).days
    assert light < 0.6 * usual
    assert usual < 0.8 * heavy
    assert unknown == pytest.approx(usual, rel=0.1)
    singles = [predictor.predict_one(order, bought).days for order, bought in orders.each()]
    assert singles == pytest.approx([light, unknown, usual, heavy], abs=1e-9)


def test_where_many_lack_it_its_lack_says_something_itself() -> None:
    weight = np.random.default_rng(1).uniform(0, 4, ORDERS)
    weight[::10] = np.nan
    assert table_of(weight).further.stand_ins == {}
