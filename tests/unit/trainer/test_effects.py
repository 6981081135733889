"""What an origin, a route or a fact adds is shrunk, parent first; what is unknown has its parent's: nothing more."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from common.model.effects import Effects
from common.model.geography import Geography
from common.orders.orders import Orders
from common.orders.regions import Regions
from trainer.map.places import WITH_REGION, place_table
from trainer.model.effects import ORIGIN_PRIOR, learn_effects, shrunken
from trainer.model.located import Located

ROWS = 4_000
SHOPS: list[tuple[Any, ...]] = [
    ("BR", code, shop, "SP", -20.0 - number, -46.0, 0)
    for number, (shop, code) in enumerate((("slow", "01001"), ("usual", "01002"), ("afar", "02001")))
]


@pytest.fixture(scope="module")
def geography() -> Geography:
    rows = pl.DataFrame(SHOPS, schema=list(WITH_REGION), orient="row")
    regions = Regions(("SP",), np.zeros(2, dtype=np.int8), np.zeros(0, dtype=np.int16), 0, 0.0, 0.0, 1.0)
    return Geography(place_table(rows, rows.clear(), "BR", 5), regions, "BR", 5)


def located(geography: Geography, **columns: Any) -> Located:
    rows = len(next(iter(columns.values())))
    given = columns | {"destination_region": ["SP"] * rows, "purchase_timestamp": ["2018-01-01"] * rows}
    return Located.of(Orders.of_columns(given, category=("carrier",)), geography, ("carrier",))


def learned(orders: Located, error: np.ndarray) -> Effects:
    return learn_effects(orders, np.ones(len(error), dtype=bool), error, np.ones(len(error)))


def effect(effects: Effects, orders: Located) -> np.ndarray:
    return effects.of(orders.origin, orders.destination, orders.categories)


def test_an_effect_is_a_mean_shrunk_towards_none_and_the_unknown_have_none() -> None:
    index, error = np.array([0, 0, 1]), np.array([0.2, 0.4, 1.0])
    found = shrunken(index, error, np.ones(3), 3, prior=8.0)
    assert found == pytest.approx([0.6 / 10, 1 / 9, 0, 0])


def test_a_slow_origin_s_orders_are_slower_and_a_new_one_s_like_its_code_s(geography: Geography) -> None:
    names = ["slow", "usual"] * (ROWS // 2)
    codes = ["01001", "01002"] * (ROWS // 2)
    orders = located(geography, origin_id=names, origin_postal_code=codes)
    effects = learned(orders, np.where(np.array(names) == "slow", 0.3, -0.1))
    asked = located(
        geography, origin_id=["slow", "usual", "new", "new"], origin_postal_code=["01001", "01002", "01001", "02001"]
    )
    slow, usual, new_at_the_slow_code, new_elsewhere = effect(effects, asked)
    assert slow - usual == pytest.approx(0.4, abs=0.02)
    assert slow >= new_at_the_slow_code > new_elsewhere
    assert new_elsewhere == pytest.approx(effect(effects, located(geography, origin_id=["nobody"]))[0], abs=0.05)


def test_few_orders_of_an_origin_say_little(geography: Geography) -> None:
    names = ["slow"] * 4 + ["usual"] * (ROWS - 4)
    effects = learned(located(geography, origin_id=names), np.where(np.array(names) == "slow", 0.5, 0.0))
    found = effect(effects, located(geography, origin_id=["slow"]))[0]
    assert 0 < found < 0.5 * 4 / (4 + ORIGIN_PRIOR) + 0.2


def test_a_fact_s_value_has_its_effect_and_an_unknown_one_has_none(geography: Geography) -> None:
    carriers = ["fast", "sloth", None, "x"] * (ROWS // 4)
    error = np.array([-0.2, 0.2, 0.0, 0.0] * (ROWS // 4))
    effects = learned(located(geography, origin_id=["usual"] * ROWS, carrier=carriers), error)
    asked = located(geography, origin_id=["usual"] * 4, carrier=["fast", "sloth", "new", None])
    fast, sloth, new, none = effect(effects, asked)
    assert (sloth - new, fast - new) == (pytest.approx(0.2, abs=0.03), pytest.approx(-0.2, abs=0.03))
    assert new == none


def test_one_order_has_the_effect_it_has_among_many(geography: Geography) -> None:
    names, carriers = ["slow", "usual", "afar", "new"] * (ROWS // 4), ["a", "b", None, "c", "a"] * (ROWS // 5)
    rng = np.random.default_rng(0)
    orders = located(geography, origin_id=names, carrier=carriers)
    effects = learned(orders, rng.normal(0, 0.3, ROWS))
    given = Orders.of_columns(
        {"origin_id": names[:20], "carrier": carriers[:20], "destination_region": ["SP"] * 20,
         "purchase_timestamp": ["2018-01-01"] * 20}, category=("carrier",)
    )  # fmt: skip
    singles = [
        effects.of_one(geography.end(order, "origin"), geography.end(order, "destination"), order.facts)
        for order, _ in given.each()
    ]
    assert singles == pytest.approx(effect(effects, orders)[:20].tolist(), abs=1e-12)
