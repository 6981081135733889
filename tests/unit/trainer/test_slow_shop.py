"""A shop that delivers in months to countries alone, its orders told apart by texts: what the trees see of them."""

from datetime import UTC, datetime

import numpy as np
import pytest

from common.model.features import FEATURE_NAMES
from common.model.predictor import Predictor
from common.orders.orders import Orders
from common.orders.shop.prepared_shop import PreparedShop
from common.orders.shop.sections import Facts
from trainer.data.history import History, TrainingData, end_of
from trainer.model.bundling import write_bundle
from trainer.model.fit import Model, fit
from trainer.model.forecast import weights
from trainer.model.params import Params
from trainer.model.table import TrainingTable

ORDERS = 1_500
SLOWER = {"DE": 0.8, "FR": 1.0, "US": 1.6}
MADE = {"sofa": 0.8, "kitchen": 1.5}
SHOP = PreparedShop(
    name="furniture",
    country="DE",
    time_zone="Europe/Berlin",
    weekend=None,
    facts=Facts(category=("kind",)),
    promise_barred=False,
    as_of=datetime(2022, 12, 31, tzinfo=UTC),
    synthetic=True,
)


@pytest.fixture(scope="module")
def table() -> TrainingTable:
    rng = np.random.default_rng(3)
    countries, kinds = (rng.choice(list(names), ORDERS) for names in (SLOWER, MADE))
    bought = np.datetime64("2020-01-01", "s") + np.sort(rng.integers(0, 1_000 * 86_400, ORDERS))
    days = 80 * np.array([SLOWER[name] for name in countries]) * np.array([MADE[name] for name in kinds])
    days *= rng.lognormal(0, 0.2, ORDERS)
    delivered = bought + (days * 86_400).astype("timedelta64[s]")
    delivered[delivered > np.datetime64("2022-12-01")] = np.datetime64("NaT")
    orders = Orders.of_columns(
        {"purchase_timestamp": bought, "destination_country": countries, "kind": kinds}, category=("kind",)
    )
    return TrainingTable.of(TrainingData(History(orders, delivered, np.full(ORDERS, np.nan)), SHOP))


@pytest.fixture(scope="module")
def model(table: TrainingTable) -> Model:
    return fit(table, end_of(table.history), Params.usual(ORDERS, table.scale))


@pytest.fixture(scope="module")
def predictor(table: TrainingTable, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """Of the bundle, as it is read again."""
    return Predictor(write_bundle(tmp_path_factory.mktemp("bundle") / "1", model, table, {}, ""))


def test_the_trees_see_countries_and_texts_as_what_they_usually_take(model: Model) -> None:
    assert model.feature_names == [*FEATURE_NAMES, "usual.destination", "usual.kind"]
    usual = model.forecast.usual.facts["kind"]
    assert usual["kitchen"] - usual["sofa"] == pytest.approx(np.log(1.5 / 0.8), abs=0.1)


def test_they_tell_orders_apart(table: TrainingTable, predictor: Predictor) -> None:
    known = np.isfinite(table.history.days)
    days = table.history.days[known]
    missed = np.abs(predictor.predict(table.history.orders.where(known)).days - days).mean()
    assert missed < 0.5 * np.abs(np.median(days) - days).mean()


def test_one_order_gets_the_answer_that_it_gets_among_many_unknown_texts_included(predictor: Predictor) -> None:
    orders = Orders.of_columns(
        {
            "purchase_timestamp": np.full(4, np.datetime64("2022-11-02T10:00:00")),
            "destination_country": ["DE", "JP", None, "US"],
            "kind": ["sofa", "boat", None, "kitchen"],
        },
        category=("kind",),
    )
    many = predictor.predict(orders)
    singles = [predictor.predict_one(order, bought) for order, bought in orders.each()]
    np.testing.assert_allclose([one.days for one in singles], many.days, atol=1e-9)
    assert many.days[0] < many.days[1] < many.days[3]


def test_an_order_that_took_long_counts_more_where_few_could_be_known_to_take_so_long(table: TrainingTable) -> None:
    days, weight = table.history.days, weights(table, end_of(table.history), Params(half_life_days=1e9))
    long, short = days > 150, days < 60
    assert weight[long].mean() > 1.1 * weight[short].mean()
    assert weight[short].mean() == pytest.approx(1.0, abs=0.1)
