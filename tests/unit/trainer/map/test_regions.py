"""The map is divided as the shop names its regions, else by where its orders go, else by countries."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from common.model.pace import RELATIONS
from common.model.time_scale import TimeScale
from common.orders.orders import Orders
from common.orders.places import NOWHERE
from support.model_fixtures import SHOP
from trainer.data.history import NO_PLACES, History, TrainingData
from trainer.map.draw import DrawnMap, draw_map
from trainer.map.pace_groups import pace_groups

ROWS = 2_000


def drawn(places: pl.DataFrame | None = None, **columns: Any) -> DrawnMap:
    """The map of orders over a year, ten days each, to `columns`."""
    purchase = np.datetime64("2017-01-01", "s") + np.linspace(0, 365 * 86_400, ROWS).astype("timedelta64[s]")
    orders = Orders.of_columns(columns | {"purchase_timestamp": purchase})
    history = History(orders, purchase + np.timedelta64(10, "D"), np.full(ROWS, np.nan))
    return draw_map(TrainingData(history, SHOP, NO_PLACES if places is None else places), TimeScale(10.0))


def scattered(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"destination_lat": rng.uniform(-30, -10, ROWS), "destination_lng": rng.uniform(-55, -40, ROWS)}


def test_named_regions_are_the_shop_s_and_rare_ones_are_none() -> None:
    names = np.where(np.arange(ROWS) % 3 == 0, "north", "south").astype(object)
    names[:5] = "rare"
    regions = drawn(destination_region=list(names), origin_id=["a"] * ROWS).geography.regions
    assert regions.names == ("north", "south")
    assert len(regions.group) == 3


def test_without_names_regions_are_cells_of_about_as_many_orders_each() -> None:
    chart, points = drawn(**scattered(), origin_id=["a"] * ROWS), scattered(seed=1)
    regions = chart.geography.regions
    assert len(regions.names) == 16
    assert regions.names[0].startswith("around -")
    lying = regions.of_cell(regions.cell(points["destination_lat"], points["destination_lng"]))
    shares = np.bincount(lying, minlength=16) / ROWS
    assert (shares > 0.03).all()
    assert (shares < 0.1).all()


def test_points_take_the_region_of_the_named_places_around_them() -> None:
    rng = np.random.default_rng(2)
    lat, lng = rng.uniform(-30, -10, 500), rng.uniform(-55, -40, 500)
    places = pl.DataFrame(
        {
            "country": "BR",
            "postal_code": [f"{code:05d}" for code in range(500)],
            "lat": lat,
            "lng": lng,
            "region": np.where(lat > -20, "MG", "SP"),
        }
    )
    regions = drawn(places, **scattered(), origin_postal_code=["00001"] * ROWS).geography.regions
    assert regions.names == ("MG", "SP")
    found = regions.of_cell(regions.cell(np.array([-12.0, -28.0]), np.array([-45.0, -50.0])))
    assert [regions.names[region] for region in found] == ["MG", "SP"]


def test_countries_are_the_regions_where_that_is_all_there_is() -> None:
    countries = ["BR", "PT", "PT", "AR"] * (ROWS // 4)
    chart = drawn(origin_country=["BR"] * ROWS, destination_country=countries)
    assert chart.geography.regions.names == ("AR", "BR", "PT")
    assert not len(chart.geography.regions.cells)
    orders = Orders.of_columns({"destination_country": ["PT", "DE"], "purchase_timestamp": ["2018-01-01"] * 2})
    region = chart.geography.ends(orders, "destination").region.tolist()
    assert [chart.geography.regions.names[region[0]], region[1]] == ["PT", NOWHERE]


def test_the_groups_of_the_pace_end_with_the_relations() -> None:
    chart = drawn(**scattered(), origin_id=["a"] * ROWS)
    assert chart.pace_groups[-2:] == RELATIONS
    assert 2 <= len(chart.pace_groups) - len(RELATIONS) <= 8
    assert chart.geography.regions.group.max() == len(chart.pace_groups) - len(RELATIONS) - 1


@pytest.mark.parametrize(("in_window", "groups"), [(10_000.0, 4), (100.0, 2), (1.0, 1)])
def test_neighbours_are_merged_until_each_group_has_enough_orders(in_window: float, groups: int) -> None:
    names, lat = ("a", "b", "c", "d"), np.array([0.0, 1.0, 50.0, 51.0])
    group, labels = pace_groups(names, np.full(4, 100), lat, np.zeros(4), in_window)
    assert len(labels) == len(set(group)) == groups
    if groups == 2:
        assert (group[0] == group[1], group[2] == group[3]) == (True, True)


def test_the_map_of_a_shop_does_not_depend_on_how_the_rows_stand() -> None:
    one = drawn(**scattered(), origin_id=["a"] * ROWS)
    assert one.pace_groups == drawn(**scattered(), origin_id=["a"] * ROWS).pace_groups
