"""The feature contract: the same input, the same numbers, one order or many."""

from datetime import UTC, datetime

import numpy as np

from common.model.features import FEATURE_NAMES, features, features_of_one
from common.orders.distances import great_circle_km
from common.orders.fields import Order
from common.orders.places import STATES
from support.model_fixtures import made_up_orders, made_up_places


def test_one_order_has_the_columns_it_has_among_many() -> None:
    orders, places = made_up_orders(500), made_up_places()
    many = features(orders, places)
    for number, (order, purchase) in enumerate(orders.each()):
        values, state, same_state = features_of_one(order, purchase, places)
        np.testing.assert_array_equal(np.array(values, dtype=np.float32), many.columns[number])
        assert (state, same_state) == (many.customer_state[number], many.same_state[number])


def test_the_weekday_counts_from_monday() -> None:
    monday = datetime(2018, 1, 1, tzinfo=UTC)
    order = Order(seller_zip_code_prefix=1_001, customer_lat=-23.5, customer_lng=-46.6)
    values, _, _ = features_of_one(order, monday, made_up_places())
    assert values[FEATURE_NAMES.index("weekday")] == 0


def test_rio_is_360_km_from_sao_paulo() -> None:
    rio, sao_paulo = (np.array([-22.9068]), np.array([-43.1729])), (np.array([-23.5505]), np.array([-46.6333]))
    assert abs(float(great_circle_km(*rio, *sao_paulo)[0]) - 360.7) < 1


def test_a_prefix_without_a_place_takes_the_nearest_ones() -> None:
    places = made_up_places()
    assert not places.known[3_000]
    assert places.lat[3_000] in (places.lat[2_999], places.lat[3_001])


def test_points_take_the_state_of_the_prefixes_around_them() -> None:
    places = made_up_places()
    states = places.state_at(np.array([-12.0, -28.0]), np.array([-41.0, -49.0]))
    assert [STATES[state] for state in states] == ["MG", "SP"]
