"""Each reason against an answer appears where it holds and nowhere else, for one order as for many."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from common.model.bundle import Bundle
from common.model.pace import PaceTable
from common.model.predictor import Predictor
from common.model.uncertainty.confidence import CONFIDENCE, LITTLE, REASONS, STALE_DAYS, Learned
from common.orders.fields import Order
from common.orders.orders import Orders
from support.model_fixtures import made_up_orders

NEWEST = date(2017, 12, 31)
NOW = datetime(2018, 1, 1, 12)  # noqa: DTZ001
KNOWN = {"origin_postal_code": "01001", "destination_lat": -23.5, "destination_lng": -46.6}


@pytest.fixture
def sure(sample_bundle: Bundle) -> Bundle:
    """A bundle with nothing against it: many orders, every route known, a fact, a steady pace until NEWEST."""
    groups = sample_bundle.pace.groups
    steady = PaceTable(groups, NEWEST - timedelta(days=99), np.full((100, len(groups)), 8.0), np.ones((100, 1), int))
    effects = replace(
        sample_bundle.effects, route=np.full_like(sample_bundle.effects.route, 0.1), facts={"carrier": {"a": 0.1}}
    )
    learned = replace(sample_bundle.learned, deliveries=LITTLE)
    shop = replace(sample_bundle.manifest.shop, category=("carrier",))
    manifest = replace(sample_bundle.manifest, shop=shop)
    return replace(sample_bundle, pace=steady, effects=effects, learned=learned, manifest=manifest)


def reasons(bundle: Bundle, now: datetime = NOW, **order: Any) -> list[str]:
    """Those of one order, which are those of the same order among many."""
    predictor, asked = Predictor(bundle), Order(**{**KNOWN, **order})
    alone = predictor.predict_one(asked, now).doubts
    columns = {name: [value] for name, value in asked.model_dump(exclude_none=True, exclude={"facts"}).items()}
    columns |= {name: [value] for name, value in (asked.facts or {}).items()}
    many = Orders.of_columns({**columns, "purchase_timestamp": [np.datetime64(now, "s")]}, (), ("carrier",))
    assert predictor.predict(many).doubts().tolist() == [alone]
    found: list[str] = CONFIDENCE[alone]["reasons"]  # type: ignore[assignment]
    return found


def test_an_order_like_those_learned_from_has_nothing_against_it(sure: Bundle) -> None:
    assert reasons(sure) == []
    assert reasons(sure, facts={"carrier": "a"}) == []


def test_an_origin_never_seen_is_new(sure: Bundle) -> None:
    assert reasons(sure, origin_postal_code="03000") == ["origin_new"]


def test_a_route_that_no_order_took_is_new(sure: Bundle) -> None:
    unknown = replace(sure, effects=replace(sure.effects, route=np.zeros_like(sure.effects.route)))
    assert reasons(unknown) == ["route_new"]


@pytest.mark.parametrize(
    "end", [{"destination_region": "SP"}, {"destination_country": "BR"}, {"destination_postal_code": "99"}]
)
def test_a_destination_without_a_point_or_a_known_code_is_imprecise(sure: Bundle, end: dict[str, str]) -> None:
    vague = {"destination_lat": None, "destination_lng": None, **end}
    assert "destination_imprecise" in reasons(sure, **vague)
    assert "destination_imprecise" not in reasons(sure, **{**vague, "destination_postal_code": "01001"})


@pytest.mark.parametrize(("lat", "lng"), [(-46.6, -23.5), (52.5, 13.4), (-90.0, 0.0), (-23.5, 179.0)])
def test_a_destination_far_from_all_others_is_outside(sure: Bundle, lat: float, lng: float) -> None:
    assert reasons(sure, destination_lat=lat, destination_lng=lng) == ["destination_outside"]


def test_a_value_of_a_fact_never_seen_is_unknown(sure: Bundle) -> None:
    assert reasons(sure, facts={"carrier": "z"}) == ["fact_unknown"]


@pytest.mark.parametrize(("deliveries", "expected"), [(LITTLE - 1, ["little_data"]), (LITTLE, []), (0, [])])
def test_a_model_of_few_deliveries_has_little_data(sure: Bundle, deliveries: int, expected: list[str]) -> None:
    assert reasons(replace(sure, learned=replace(sure.learned, deliveries=deliveries))) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(STALE_DAYS, []), (STALE_DAYS + 1, ["pace_stale"]), (-100, ["pace_stale"])]
)
def test_a_pace_of_another_time_is_stale(sure: Bundle, days: int, expected: list[str]) -> None:
    assert reasons(sure, datetime.combine(NEWEST, NOW.time()) + timedelta(days=days)) == expected


@pytest.mark.parametrize(("factor", "expected"), [(1.4, ["volatile"]), (0.7, ["volatile"]), (1.05, [])])
def test_a_pace_that_has_just_changed_makes_an_answer_volatile(
    sure: Bundle, factor: float, expected: list[str]
) -> None:
    pace = sure.pace.pace.copy()
    pace[-5:] *= factor
    assert reasons(replace(sure, pace=replace(sure.pace, pace=pace))) == expected


def test_a_bundle_that_says_nothing_of_its_orders_gives_no_reason_by_them(sure: Bundle) -> None:
    assert reasons(replace(sure, learned=Learned()), destination_lat=52.5, destination_lng=13.4) == []


def test_many_orders_have_the_reasons_of_each(sample_bundle: Bundle) -> None:
    predictor, orders = Predictor(sample_bundle), made_up_orders(500, seed=4)
    many = predictor.predict(orders).doubts().tolist()
    assert many == [predictor.predict_one(order, purchase).doubts for order, purchase in orders.each()]
    assert len(set(many)) > 1


def test_one_reason_lowers_the_level_and_a_grave_one_or_three_make_it_low() -> None:
    levels = {tuple(each["reasons"]): each["level"] for each in CONFIDENCE}  # type: ignore[arg-type]
    assert levels[()] == "high"
    assert {reason: levels[reason,] for reason in REASONS} == {
        **dict.fromkeys(REASONS, "medium"), "destination_outside": "low", "little_data": "low"
    }  # fmt: skip
    assert levels["origin_new", "route_new"] == "medium"
    assert levels["origin_new", "route_new", "volatile"] == "low"
