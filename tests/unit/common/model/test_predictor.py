"""One order and many get one answer; the interval holds together; strangers get a sound forecast."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from catboost import CatBoost

from common.errors import DamagedBundle, InvalidInput
from common.model.bundle import Bundle, load
from common.model.pace import RELATIONS, PaceTable
from common.model.predictor import Predictor
from common.model.time_scale import TimeScale
from common.orders.fields import Order
from common.orders.orders import Orders
from support.model_fixtures import made_up_orders, write_sample_bundle

ROWS = 2_000
NOW = datetime(2017, 6, 1)  # noqa: DTZ001


def order_from(code: str, **further: Any) -> Order:
    return Order(origin_postal_code=code, destination_lat=-23.5, destination_lng=-46.6, **further)


def pace_of(groups: tuple[str, ...], days: float) -> PaceTable:
    return PaceTable(groups, date(2018, 3, 1), np.full((1, len(groups)), days), np.full((1, len(groups)), 100))


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
    distribution = predictor.predict(made_up_orders(ROWS, seed=8)).distribution
    assert (distribution.days_at(0.8) < distribution.days_at(0.95)).all()


def test_old_names_and_new_ones_get_one_answer(predictor: Predictor) -> None:
    old = Order(seller_zip_code_prefix=1_001, customer_lat=-23.5, customer_lng=-46.6)
    assert predictor.predict_one(old, NOW) == predictor.predict_one(order_from("01001"), NOW)
    assert predictor.predict_one(order_from("1001"), NOW) == predictor.predict_one(order_from("01001"), NOW)


def test_a_postal_code_never_seen_gets_a_sound_forecast(predictor: Predictor) -> None:
    stranger, neighbour = (predictor.predict_one(order_from(prefix), NOW) for prefix in ("03000", "03001"))
    assert (stranger.seller_known, neighbour.seller_known) == (False, True)
    assert stranger.days == pytest.approx(neighbour.days, rel=0.3)


def test_a_point_far_from_brazil_still_gets_days(predictor: Predictor) -> None:
    predictions = predictor.predict(
        Orders.of_columns(
            {
                "origin_postal_code": ["00001", "99999"],
                "destination_lat": [-90.0, 90.0],
                "destination_lng": [180.0, -180.0],
                "purchase_timestamp": np.array(["1980-01-01", "2100-01-01"], dtype="datetime64[s]"),
            }
        )
    )
    assert np.isfinite(predictions.upper_days).all()


def test_a_slower_present_pace_makes_forecasts_longer(predictor: Predictor) -> None:
    horizon = TimeScale(predictor.manifest.typical_days).horizon
    slow = pace_of(predictor.pace.groups, 1.1 * horizon)
    orders = made_up_orders(ROWS, seed=9)
    slower, usual = predictor.with_pace(slow).predict(orders), predictor.predict(orders)
    assert (slower.days > usual.days).mean() > 0.99
    assert (slower.upper_days > usual.upper_days).mean() > 0.99
    assert predictor.with_pace(slow).pace_day == date(2018, 3, 1)


def test_a_present_pace_without_the_models_groups_is_not_used(predictor: Predictor) -> None:
    own = predictor.pace.groups
    assert predictor.with_present_pace(pace_of(("elsewhere", *RELATIONS), 29.0)).pace is predictor.pace
    beside_others = predictor.with_present_pace(pace_of(("elsewhere", *own), 29.0))
    assert beside_others.pace.groups == own
    assert beside_others.predict_one(order_from("01001"), NOW).days > 0


def test_a_bundle_with_a_changed_file_is_not_loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("damaged") / "bundle"
    write_sample_bundle(folder)
    with (folder / "arrays.npz").open("r+b") as file:
        file.seek(-1_000, 2)
        file.write(b"changed")
    with pytest.raises(DamagedBundle, match=r"arrays\.npz differs"):
        load(folder, "1")


def test_a_known_slow_seller_gets_a_longer_forecast(sample_bundle: Bundle) -> None:
    seller = sample_bundle.geography.end(order_from("01001"), "origin").place
    effect = np.zeros_like(sample_bundle.effects.origin)
    effect[seller] = 0.5
    unslowed, slowed = (
        replace(sample_bundle, effects=replace(sample_bundle.effects, origin=origin))
        for origin in (np.zeros_like(effect), effect)
    )
    usual, slow = (Predictor(bundle).predict_one(order_from("01001"), NOW) for bundle in (unslowed, slowed))
    assert slow.days == pytest.approx(usual.days * np.exp(0.5), rel=0.2)
    others = (Predictor(bundle).predict_one(order_from("01000"), NOW) for bundle in (slowed, unslowed))
    assert len({other.days for other in others}) == 1


@pytest.mark.parametrize(
    ("zone", "utc"), [("America/Sao_Paulo", "2017-06-02T01:30"), ("Asia/Kolkata", "2017-05-31T20:30")]
)
def test_an_evening_s_purchase_has_the_weekday_and_the_pace_of_the_shop_s_clock(
    sample_bundle: Bundle, zone: str, utc: str
) -> None:
    """What a model in UTC answers at the time that the shop's clock shows."""
    local = Predictor(sample_bundle)
    there = Predictor(in_zone(sample_bundle, zone))
    shown = there.clock.local_of_one(datetime.fromisoformat(utc))
    assert shown.date() != datetime.fromisoformat(utc).date()
    answers = (
        there.predict_one(order_from("01001"), datetime.fromisoformat(utc)),
        local.predict_one(order_from("01001"), shown),
    )
    assert answers[0].days == answers[1].days
    assert answers[0].upper_days == answers[1].upper_days
    orders = made_up_orders(200, seed=10)
    shifted = replace(orders, purchase_timestamp=there.clock.local(orders.purchase_timestamp))
    np.testing.assert_array_equal(there.predict(orders).days, local.predict(shifted).days)


def in_zone(bundle: Bundle, zone: str) -> Bundle:
    return replace(bundle, manifest=replace(bundle.manifest, shop=replace(bundle.manifest.shop, time_zone=zone)))


def with_facts(bundle: Bundle) -> Predictor:
    shop = replace(bundle.manifest.shop, numeric=("weight",), category=("carrier",))
    effects = replace(bundle.effects, facts={"carrier": {"sloth": 0.5}})
    return Predictor(replace(bundle, manifest=replace(bundle.manifest, shop=shop), effects=effects))


def test_a_fact_s_unknown_value_counts_as_none_and_an_unknown_fact_is_refused(sample_bundle: Bundle) -> None:
    predictor = with_facts(sample_bundle)
    none, slow, new, number = (
        predictor.predict_one(order_from("01001", facts=facts), NOW).days
        for facts in (None, {"carrier": "sloth"}, {"carrier": "new"}, {"weight": 1})
    )
    assert slow > none == new == number
    for facts, said in (
        ({"colour": "red"}, "facts.colour is no fact of this shop: leave it out .facts: weight, carrier."),
        ({"carrier": 7}, "facts.carrier must be a text"),
        ({"weight": "heavy"}, "facts.weight must be a number"),
    ):
        with pytest.raises(InvalidInput, match=said):
            predictor.predict_one(order_from("01001", facts=facts), NOW)


def test_a_destination_s_calendar_is_its_country_s(sample_bundle: Bundle) -> None:
    holidays = {"BR": [], "PT": [f"2017-06-{day:02}" for day in range(1, 31)]}
    calendar = replace(sample_bundle.manifest.calendar, holidays=holidays)
    manifest, no_places = replace(sample_bundle.manifest, calendar=calendar), np.zeros(1)
    effects = replace(sample_bundle.effects, destination=no_places)
    predictor = Predictor(replace(sample_bundle, manifest=manifest, effects=effects))
    orders = [order_from("01001", destination_country=country) for country in ("BR", "PT", "JP")]
    own, slow, unknown = (predictor.predict_one(order, NOW).days for order in orders)
    assert slow > own == unknown
    columns = {
        "origin_postal_code": ["01001"] * 3, "destination_lat": [-23.5] * 3, "destination_lng": [-46.6] * 3,
        "destination_country": ["BR", "PT", "JP"], "purchase_timestamp": [NOW] * 3,
    }  # fmt: skip
    np.testing.assert_allclose(predictor.predict(Orders.of_columns(columns)).days, [own, slow, unknown], atol=1e-9)
