"""One order and many get one answer; the interval holds together; strangers get a sound forecast."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from catboost import CatBoost

from common.errors import DamagedBundle
from common.model.bundle import Bundle, load
from common.model.pace import GROUPS, PaceTable
from common.model.predictor import Predictor
from common.orders.fields import Order, Orders
from support.model_fixtures import made_up_orders, write_sample_bundle

ROWS = 2_000


def order_from(prefix: int) -> Order:
    return Order(seller_zip_code_prefix=prefix, customer_lat=-23.5, customer_lng=-46.6)


@pytest.fixture
def predictor(sample_bundle: Bundle) -> Predictor:
    return Predictor(sample_bundle)


def test_one_order_alone_gets_the_answer_it_gets_among_thousands(predictor: Predictor) -> None:
    orders = made_up_orders(ROWS, seed=5)
    many = predictor.predict(orders)
    singles = [predictor.predict_one(order, purchase) for order, purchase in orders.each()]
    for name in ("days", "lower_days", "upper_days", "seller_known"):
        np.testing.assert_allclose([getattr(one, name) for one in singles], getattr(many, name), atol=1e-9)


def test_catboosts_bulk_path_gets_the_same_answers(sample_bundle: Bundle, predictor: Predictor) -> None:
    model = CatBoost()
    model.load_model(str(sample_bundle.folder / "model.cbm"))
    orders = made_up_orders(ROWS, seed=6)
    bulk = Predictor(sample_bundle, raw=model.predict).predict(orders)
    np.testing.assert_allclose(predictor.predict(orders).days, bulk.days, atol=1e-9)
    np.testing.assert_allclose(predictor.predict(orders).upper_days, bulk.upper_days, atol=1e-9)


def test_the_interval_holds_the_forecast_and_starts_after_the_purchase(predictor: Predictor) -> None:
    predictions = predictor.predict(made_up_orders(ROWS, seed=7))
    assert (predictions.lower_days > 0).all()
    assert (predictions.lower_days <= predictions.days).all()
    assert (predictions.days <= predictions.upper_days).all()


def test_a_higher_on_time_share_takes_a_longer_promise(predictor: Predictor) -> None:
    orders = made_up_orders(ROWS, seed=8)
    assert (predictor.promise(orders, 0.8) < predictor.promise(orders, 0.95)).all()


def test_a_zip_prefix_never_seen_gets_a_sound_forecast(predictor: Predictor) -> None:
    now = datetime(2017, 6, 1, tzinfo=UTC)
    stranger, neighbour = (predictor.predict_one(order_from(prefix), now) for prefix in (3_000, 3_001))
    assert (stranger.seller_known, neighbour.seller_known) == (False, True)
    assert stranger.days == pytest.approx(neighbour.days, rel=0.3)


def test_a_point_far_from_brazil_still_gets_days(predictor: Predictor) -> None:
    predictions = predictor.predict(
        Orders(
            np.array([1, 99_999]),
            np.array([-90.0, 90.0]),
            np.array([180.0, -180.0]),
            np.array(["1980-01-01", "2100-01-01"], dtype="datetime64[s]"),
        )
    )
    assert np.isfinite(predictions.upper_days).all()


def test_a_slower_present_pace_makes_forecasts_longer(predictor: Predictor) -> None:
    slow = PaceTable(date(2018, 3, 1), np.full((1, len(GROUPS)), 29.0), np.full((1, len(GROUPS)), 100))
    orders = made_up_orders(ROWS, seed=9)
    slower, usual = predictor.with_pace(slow).predict(orders), predictor.predict(orders)
    assert (slower.days > usual.days).mean() > 0.99
    assert (slower.upper_days > usual.upper_days).mean() > 0.99
    assert predictor.with_pace(slow).pace_day == date(2018, 3, 1)


def test_a_bundle_with_a_changed_file_is_not_loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("damaged") / "bundle"
    write_sample_bundle(folder)
    with (folder / "arrays.npz").open("r+b") as file:
        file.seek(-1_000, 2)
        file.write(b"changed")
    with pytest.raises(DamagedBundle, match=r"arrays\.npz differs"):
        load(folder, "1")


def test_a_known_slow_seller_gets_a_longer_forecast(sample_bundle: Bundle) -> None:
    effect = np.zeros_like(sample_bundle.seller_effect)
    effect[1_001] = 0.5
    slowed = replace(sample_bundle, seller_effect=effect)
    now = datetime(2017, 6, 1, tzinfo=UTC)
    slow, usual = (Predictor(slowed).predict_one(order_from(prefix), now) for prefix in (1_001, 1_000))
    assert slow.days == pytest.approx(usual.days * np.exp(0.5), rel=0.2)
