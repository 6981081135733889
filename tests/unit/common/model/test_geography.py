"""Where an order comes from and goes to, by whatever it says of it: one order or many."""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from common.model.geography import End, Geography, OneEnd
from common.orders.fields import Order
from common.orders.orders import Orders
from common.orders.places import NOWHERE
from common.orders.regions import Regions
from trainer.map.grid import draw_grid
from trainer.map.places import WITH_REGION, place_table

NOW = datetime(2018, 1, 1)  # noqa: DTZ001
NORTH, SOUTH, ABROAD = 0, 1, 2
ROWS: list[tuple[Any, ...]] = [
    ("BR", "01001", "shop", "SP", -23.0, -46.0, SOUTH),
    ("BR", "01099", None, "SP", -25.0, -48.0, SOUTH),
    ("BR", "69005", None, "AM", -3.0, -60.0, NORTH),
    ("PT", "01001", "depot", "Lisboa", 38.7, -9.1, ABROAD),
]
ENDS: tuple[End, ...] = ("origin", "destination")


@pytest.fixture(scope="module")
def geography() -> Geography:
    """Codes of two countries, of which the shop's own has numbers of five digits."""
    return geography_of(digits=5)


def geography_of(digits: int) -> Geography:
    rows = pl.DataFrame(ROWS, schema=list(WITH_REGION), orient="row")
    grid = draw_grid(rows["lat"].to_numpy(), rows["lng"].to_numpy(), rows["number"].to_numpy())
    regions = Regions(("AM", "SP", "Lisboa"), np.zeros(4, dtype=np.int8), *grid)
    return Geography(place_table(rows, rows.clear(), "BR", digits), regions, "BR", digits)


def at(geography: Geography, end: End, **said: Any) -> OneEnd:
    """Where one end of an order is, the same for one as for many; `said` without the end's prefix."""
    named = {
        name if name.startswith(("seller", "customer")) else f"{end}_{name}": value for name, value in said.items()
    }
    order = Order.model_construct(**named)
    one = geography.end(order, end)
    columns: dict[str, Any] = {name: [value] for name, value in named.items()}
    many = geography.ends(Orders.of_columns(columns | {"purchase_timestamp": [NOW]}), end)
    for name in OneEnd._fields:
        np.testing.assert_array_equal(getattr(many, name)[0], getattr(one, name), err_msg=f"{end} {named}: {name}")
    return one


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("said", "lat", "region", "known"),
    [
        ({"postal_code": "01001"}, -23.0, SOUTH, True),
        ({"postal_code": "1001"}, -23.0, SOUTH, True),
        ({"postal_code": "01050"}, -24.0, SOUTH, False),
        ({"postal_code": "69999"}, -3.0, NORTH, False),
        ({"postal_code": "01001", "country": "PT"}, 38.7, ABROAD, True),
        ({"postal_code": "01077", "country": "PT"}, 38.7, ABROAD, False),
        ({"region": "SP"}, -24.0, SOUTH, False),
        ({"region": "Lisboa", "country": "PT"}, 38.7, ABROAD, False),
        ({"country": "PT"}, 38.7, ABROAD, False),
        ({"lat": -3.5, "lng": -61.0}, -3.5, NORTH, True),
        ({"lat": -3.5, "lng": -61.0, "postal_code": "01001"}, -3.5, NORTH, True),
    ],
    ids=str,
)
def test_either_end_is_found_by_whatever_is_said(
    geography: Geography, end: End, said: dict[str, Any], lat: float, region: int, known: bool
) -> None:
    found = at(geography, end, **said)
    assert (found.lat, found.region) == (pytest.approx(lat), region)
    if "lat" not in said:
        assert found.known == known


def test_an_origin_s_own_place_goes_before_its_code(geography: Geography) -> None:
    assert at(geography, "origin", id="depot", postal_code="69005").lat == 38.7
    assert at(geography, "origin", id="depot").known


def test_an_unknown_origin_lies_where_its_code_does(geography: Geography) -> None:
    found = at(geography, "origin", id="new", postal_code="69005")
    assert (found.lat, found.region) == (-3.0, NORTH)


@pytest.mark.parametrize("end", ENDS)
def test_an_unknown_code_lies_in_its_region(geography: Geography, end: End) -> None:
    found = at(geography, end, postal_code="88000", region="AM")
    assert (found.lat, found.region) == (-3.0, NORTH)


@pytest.mark.parametrize("said", [{"postal_code": "88000"}, {"region": "Bahia"}, {"id": "new"}], ids=str)
def test_a_complete_stranger_lies_in_the_country_s_middle_and_is_not_known(
    geography: Geography, said: dict[str, Any]
) -> None:
    found = at(geography, "origin", **said)
    assert found.lat == -23.0
    assert not found.known


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("said", [{"country": "DE"}, {"country": "DE", "postal_code": "01001"}], ids=str)
def test_an_unknown_country_is_nowhere(geography: Geography, end: End, said: dict[str, Any]) -> None:
    found = at(geography, end, **said)
    assert (found.place, found.region, found.known) == (NOWHERE, NOWHERE, False)
    assert np.isnan(found.lat)


@pytest.mark.parametrize("digits", [0, 5])
@pytest.mark.parametrize(("number", "code"), [(1_001, "01001"), (69_005, "69005"), (69_999, "69999"), (1, "00001")])
def test_a_code_as_a_number_is_the_code_with_its_zeros(digits: int, number: int, code: str) -> None:
    drawn = geography_of(digits)
    if digits:
        assert at(drawn, "origin", seller_zip_code_prefix=number) == at(drawn, "origin", postal_code=code)
    elif number > 9_999:
        assert at(drawn, "origin", seller_zip_code_prefix=number) == at(drawn, "origin", postal_code=str(number))


def test_the_old_names_of_coordinates_mean_the_destination(geography: Geography) -> None:
    old = at(geography, "destination", customer_lat=-3.5, customer_lng=-61.0)
    assert old == at(geography, "destination", lat=-3.5, lng=-61.0)


def test_orders_that_say_it_differently_are_found_as_each_alone(geography: Geography) -> None:
    """One column each, of which an order fills a few: what one leaves out is not taken from another."""
    said: list[dict[str, Any]] = [
        {"seller_zip_code_prefix": 1_001, "customer_lat": -3.5, "customer_lng": -61.0},
        {"origin_postal_code": "69005", "destination_lat": -24.0, "destination_lng": -47.0},
        {"origin_id": "depot", "destination_postal_code": "01001", "destination_country": "PT"},
        {"origin_region": "AM", "destination_region": "SP"},
        {"origin_lat": -3.0, "origin_lng": -60.0, "destination_country": "PT"},
        {"origin_country": "DE", "destination_country": "DE"},
    ]
    names = sorted({name for each in said for name in each})
    columns: dict[str, Any] = {name: [each.get(name) for each in said] for name in names}
    orders = Orders.of_columns(columns | {"purchase_timestamp": [NOW] * len(said)})
    for end in ENDS:
        many = geography.ends(orders, end)
        for row, each in enumerate(said):
            one = geography.end(Order.model_validate(each), end)
            for name in OneEnd._fields:
                np.testing.assert_array_equal(getattr(many, name)[row], getattr(one, name), err_msg=f"{each}: {name}")
