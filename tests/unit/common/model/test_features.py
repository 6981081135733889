"""The feature contract: the same input, the same numbers, one order or many."""

from datetime import UTC, datetime

import numpy as np

from common.model.bundle import Bundle
from common.model.features import FEATURE_NAMES, Further, features, features_of_one, same_region
from common.model.geography import Geography
from common.orders.distances import great_circle_km
from common.orders.fields import Order
from common.orders.places import NOWHERE
from support.model_fixtures import made_up_orders

FURTHER = Further(hour=True, facts=("weight",))


def one(geography: Geography, order: Order, purchase: datetime) -> list[float]:
    origin, destination = geography.end(order, "origin"), geography.end(order, "destination")
    same = origin.region == destination.region != NOWHERE
    return features_of_one(origin, destination, same, purchase, order.facts, FURTHER)


def test_one_order_has_the_columns_it_has_among_many(sample_bundle: Bundle) -> None:
    orders, geography = made_up_orders(500), sample_bundle.geography
    origin, destination = geography.ends(orders, "origin"), geography.ends(orders, "destination")
    same = same_region(origin, destination)
    weight = np.arange(500) / 4
    many = features(origin, destination, same, orders.purchase_timestamp, {"weight": weight}, FURTHER)
    assert same.any()
    assert not same.all()
    for number, (order, purchase) in enumerate(orders.each()):
        order.facts = {"weight": number / 4}
        np.testing.assert_array_equal(np.array(one(geography, order, purchase), dtype=np.float32), many[number])


def test_a_fact_that_is_not_told_is_no_number(sample_bundle: Bundle) -> None:
    monday = datetime(2018, 1, 1, tzinfo=UTC)
    for facts in (None, {"weight": None}, {"weight": "heavy"}):
        order = Order(origin_postal_code="01001", destination_lat=-23.5, destination_lng=-46.6, facts=facts)
        assert np.isnan(one(sample_bundle.geography, order, monday)[-1])


def test_the_weekday_counts_from_monday(sample_bundle: Bundle) -> None:
    monday = datetime(2018, 1, 1, tzinfo=UTC)
    order = Order(seller_zip_code_prefix=1_001, customer_lat=-23.5, customer_lng=-46.6)
    assert one(sample_bundle.geography, order, monday)[FEATURE_NAMES.index("weekday")] == 0


def test_the_columns_names_say_which_they_are() -> None:
    assert FURTHER.names == ("hour", "facts.weight")
    assert Further.among([*FEATURE_NAMES, *FURTHER.names, "usual.carrier"]) == FURTHER
    assert Further.among(FEATURE_NAMES) == Further()


def test_rio_is_360_km_from_sao_paulo() -> None:
    rio, sao_paulo = (np.array([-22.9068]), np.array([-43.1729])), (np.array([-23.5505]), np.array([-46.6333]))
    assert abs(float(great_circle_km(*rio, *sao_paulo)[0]) - 360.7) < 1


def test_a_fact_that_every_learned_order_had_is_the_usual_one_where_it_is_missing() -> None:
    further = Further(facts=("weight",), stand_ins={"weight": 2.5})
    assert further.number("weight", None) == further.number("weight", "heavy") == 2.5
    assert further.number("weight", 7) == 7.0
    np.testing.assert_array_equal(further.numbers("weight", {"weight": np.array([7.0, np.nan])}), [7.0, 2.5])
    assert further.numbers("weight", {}) == 2.5
