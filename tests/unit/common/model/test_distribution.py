"""Promises and probabilities are two readings of one distribution: inverse, monotone, alike for one order and many."""

import math
from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.model.predictor import Predictor
from common.model.uncertainty.distribution import FromPurchase, FromPurchases
from common.model.uncertainty.residuals import LOWER, SHARES, UPPER, Residuals
from common.model.working_time import WorkingTime
from support.model_fixtures import made_up_orders

CALENDAR = WorkingTime([date(2017, 1, 1), date(2017, 12, 25), date(2018, 12, 25)])
RESIDUALS = Residuals.of(np.sort(np.random.default_rng(0).standard_t(3, size=(2, len(SHARES))), axis=1))

moments = st.datetimes(datetime(2017, 1, 1), datetime(2020, 1, 1))  # noqa: DTZ001
orders = st.builds(
    lambda days, spread, same, moment: FromPurchase(
        math.log(days), spread, RESIDUALS.curve(0, same), CALENDAR, CALENDAR.start_of_one(moment)
    ),
    st.floats(0.02, 100),
    st.floats(0.1, 1.0),
    st.booleans(),
    moments,
)
shares = st.floats(0.001, 0.999)


@given(orders, shares)
def test_a_promise_is_kept_with_its_own_share_as_probability(order: FromPurchase, share: float) -> None:
    assert order.probability_by(order.days_at(share)) == pytest.approx(share, abs=1e-6)


@given(orders, shares, shares)
def test_a_higher_share_takes_longer(order: FromPurchase, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert order.days_at(low) <= order.days_at(high)


@given(orders, st.floats(-5, 400), st.floats(-5, 400))
def test_a_later_day_is_more_probable(order: FromPurchase, one: float, other: float) -> None:
    early, late = sorted((one, other))
    assert 0 <= order.probability_by(early) <= order.probability_by(late) < 1


@given(orders)
def test_nothing_arrives_before_it_is_bought(order: FromPurchase) -> None:
    assert order.probability_by(0.0) == order.probability_by(-3.0) == 0.0


@given(st.lists(orders, min_size=1, max_size=8), shares, st.floats(-1, 60))
def test_many_orders_have_the_distributions_of_each(each: list[FromPurchase], share: float, days: float) -> None:
    group = np.array([int(order.curve == RESIDUALS.curve(0, True)) for order in each], dtype=np.intp)
    forecast, spread, start = (
        np.array([getattr(one, name) for one in each]) for name in ("forecast", "spread", "start")
    )
    many = FromPurchases(forecast, spread, group, RESIDUALS, [(CALENDAR, slice(None))], start)
    assert many.days_at(share) == pytest.approx([order.days_at(share) for order in each], rel=1e-9, abs=1e-9)
    asked = np.full(len(each), days)
    assert many.probability_by(asked) == pytest.approx([order.probability_by(days) for order in each], abs=1e-6)


def test_an_unasked_day_has_no_probability() -> None:
    none = FromPurchases(np.zeros(1), np.ones(1), np.zeros(1, dtype=np.intp), RESIDUALS, [(CALENDAR, slice(None))],
                         np.zeros(1))  # fmt: skip
    assert np.isnan(none.probability_by(np.array([np.nan]))).all()


def test_the_interval_is_read_from_the_same_distribution(predictor: Predictor) -> None:
    many = predictor.predict(made_up_orders(500, seed=3))
    np.testing.assert_allclose(many.distribution.days_at(LOWER), many.lower_days)
    np.testing.assert_allclose(many.distribution.probability_by(many.upper_days), UPPER, atol=1e-6)


@pytest.fixture
def predictor(sample_bundle: object) -> Predictor:
    return Predictor(sample_bundle)  # type: ignore[arg-type]
