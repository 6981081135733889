"""Once more is known than at the purchase, the answer follows: the hand-over, and that an order has not arrived yet."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from common.arrays import Floats
from common.errors import DamagedBundle, InvalidInput
from common.model import bundle
from common.model.bundle import Bundle
from common.model.predictor import Predictions, Predictor
from common.orders.fields import Order
from common.orders.orders import Orders
from support.model_fixtures import made_up_orders

SHARES = (0.5, 0.75, 0.9, 0.99)
DAY = np.timedelta64(86_400, "s")
ORDERS = made_up_orders(300, seed=7)


@pytest.fixture(scope="module")
def predictor(sample_bundle: Bundle) -> Predictor:
    return Predictor(sample_bundle)


def later(shipped: Floats | None = None, under_way: Floats | None = None) -> Orders:
    """The orders, handed over and still under way so many days after their purchase; NaN where nothing is said."""
    said = {"shipped_timestamp": shipped, "under_way_at": under_way}
    moments = {
        name: ORDERS.purchase_timestamp + np.where(np.isnan(days), np.timedelta64("NaT"), _seconds(days))
        for name, days in said.items()
        if days is not None
    }
    return replace(ORDERS, later=moments)


def _seconds(days: Floats) -> np.ndarray:
    return (np.nan_to_num(days) * 86_400).astype("timedelta64[s]")


def every(days: float) -> Floats:
    return np.full(len(ORDERS), days)


@pytest.mark.parametrize("handed_over", [None, 1.5])
@pytest.mark.parametrize("age", [2.0, 12.0, 40.0, 400.0, 20_000.0])
def test_what_has_not_arrived_arrives_later(predictor: Predictor, age: float, handed_over: float | None) -> None:
    shipped = None if handed_over is None else every(handed_over)
    given = predictor.predict(later(shipped, every(age)))
    for days in (given.days, given.lower_days, given.upper_days):
        assert np.isfinite(days).all()
        assert (days >= age).all()
    assert (given.upper_days > age).all()
    promises = [given.distribution.days_at(share) for share in SHARES]
    assert (np.diff(promises, axis=0) >= 0).all()
    assert (given.distribution.probability_by(every(age)) == 0).all()
    for share, promise in zip(SHARES, promises, strict=True):
        np.testing.assert_allclose(given.distribution.probability_by(promise), share, atol=1e-6)


def test_at_a_steady_pace_an_order_waits_the_longer_the_older_it_is(sample_bundle: Bundle) -> None:
    steady = Predictor(
        sample_bundle, pace=replace(sample_bundle.pace, pace=np.full_like(sample_bundle.pace.pace, 10.0))
    )
    forecasts = [steady.predict(later(under_way=every(age))).days for age in (0.5, 5.0, 10.0, 20.0, 60.0)]
    assert (np.diff(forecasts, axis=0) > 0).all()


def test_what_has_not_arrived_goes_on_at_the_pace_of_then(sample_bundle: Bundle) -> None:
    table = sample_bundle.pace
    days = np.arange(len(table.pace))[:, None] + np.array(table.first, dtype="datetime64[D]").astype(int)
    middle = np.datetime64("2017-07-01").astype(int)
    slower = replace(table, pace=np.where(days < middle, table.pace, 2 * table.pace))
    before, after = (Predictor(sample_bundle, pace=pace) for pace in (table, slower))
    orders = later(under_way=every(5.0))
    moved = orders.later["under_way_at"] >= np.datetime64("2017-07-02")
    as_it_was, as_it_is = before.predict(orders).days, after.predict(orders).days
    assert moved.any()
    assert (as_it_is > as_it_was)[moved].all()
    np.testing.assert_array_equal(
        as_it_is[~moved & (orders.later["under_way_at"] < np.datetime64("2017-06-30"))],
        as_it_was[~moved & (orders.later["under_way_at"] < np.datetime64("2017-06-30"))],
    )


def test_without_an_age_a_hand_over_alone_moves_the_answer(predictor: Predictor) -> None:
    early, late = (predictor.predict(later(every(days))).days for days in (0.5, 6.0))
    assert late.mean() > early.mean() + 1
    assert (late > 6.0).all()


def test_what_nothing_more_is_said_of_is_answered_as_before(predictor: Predictor) -> None:
    nothing = every(np.nan)
    before, same = predictor.predict(ORDERS), predictor.predict(later(nothing, nothing))
    assert_alike(before, same)


def test_a_file_may_have_orders_of_all_kinds(predictor: Predictor) -> None:
    kinds = np.arange(len(ORDERS)) % 4
    shipped, age = np.where(kinds % 2, 1.0, np.nan), np.where(kinds >= 2, 9.0, np.nan)
    mixed = predictor.predict(later(shipped, age))
    for kind, apart in enumerate(
        (ORDERS, later(every(1.0)), later(under_way=every(9.0)), later(every(1.0), every(9.0)))
    ):
        chosen = kinds == kind
        assert_alike(predictor.predict(apart.where(chosen)), mixed, chosen)


def test_one_order_is_answered_as_among_many(predictor: Predictor) -> None:
    together = predictor.predict(later(every(2.0), every(8.0)))
    for row, (order, purchase) in enumerate(ORDERS.each()):
        if row % 30:
            continue
        said = {
            "shipped_timestamp": purchase + timedelta(days=2.0), "under_way_at": purchase + timedelta(days=8.0)
        }  # fmt: skip
        one = predictor.predict_one_later(order.model_copy(update=said), purchase)
        assert one.days == pytest.approx(together.days[row])
        assert one.distribution.days_at(0.9) == pytest.approx(together.distribution.days_at(0.9)[row])
        assert one.distribution.probability_by(15.0) == pytest.approx(
            together.distribution.probability_by(every(15.0))[row]
        )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"shipped_timestamp": -1}, "shipped_timestamp must not be before the purchase (got 2017-05-09"),
        ({"shipped_timestamp": 365_00}, "shipped_timestamp must not be in the future (got 2117-04-16"),
        ({"under_way_at": -1}, "under_way_at must not be before the purchase (got 2017-05-09"),
        ({"shipped_timestamp": 3, "under_way_at": 2}, "under_way_at must not be before the hand-over (got 2017-05-12"),
    ],
)
def test_moments_that_cannot_be_are_refused_with_their_reason(
    predictor: Predictor, said: dict[str, int], reason: str
) -> None:
    purchase = datetime(2017, 5, 10)  # noqa: DTZ001
    moments = {name: purchase + timedelta(days=days) for name, days in said.items()}
    order = Order(origin_postal_code="00001", destination_lat=-23.0, destination_lng=-46.0)
    with pytest.raises(InvalidInput, match=re.escape(reason)):
        predictor.predict_one_later(order.model_copy(update=moments), purchase)


def test_a_bundle_without_the_second_model_answers_as_if_nothing_was_said_of_the_hand_over(
    sample_bundle: Bundle, tmp_path: Path
) -> None:
    manifest = replace(sample_bundle.manifest, after_hand_over=None, under_way=[])
    first_alone = replace(sample_bundle, manifest=manifest, after_hand_over=None)
    for file in sample_bundle.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    bundle.write_arrays(tmp_path, first_alone)
    bundle.save(tmp_path, manifest)
    older = Predictor(bundle.load(tmp_path, version="older"))
    assert not older.knows_hand_overs
    assert Predictor(sample_bundle).knows_hand_overs
    assert_alike(older.predict(ORDERS), older.predict(later(every(2.0))))


def test_a_bundle_that_announces_a_second_model_must_hold_it(sample_bundle: Bundle, tmp_path: Path) -> None:
    for file in sample_bundle.folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    bundle.write_arrays(tmp_path, replace(sample_bundle, after_hand_over=None))
    bundle.save(tmp_path, sample_bundle.manifest)
    with pytest.raises(DamagedBundle):
        bundle.load(tmp_path, version="1")


def assert_alike(one: Predictions, other: Predictions, chosen: np.ndarray | slice = slice(None)) -> None:
    for name in ("days", "lower_days", "upper_days"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name)[chosen], atol=1e-9)
