"""What a shop declares of its deliveries before it has any."""

from pathlib import Path

import numpy as np
import pytest

from common.orders.shop.declared import Declared, Transit
from common.orders.shop.errors import InvalidShop
from common.orders.shop.read import read_shop
from common.orders.shop.sections import Shop

NEW = 'name = "new"\ncountry = "DE"\ntime_zone = "Europe/Berlin"\n'


def shop(folder: Path, text: str) -> Shop:
    (folder / "shop.toml").write_text(NEW + text)
    return read_shop(folder / "shop.toml", {})


def test_the_first_line_that_fits_an_order_counts_else_the_last() -> None:
    declared = Declared(
        handling_days=1,
        transit=(
            Transit(days=1, up_to_km=100, service="express"),
            Transit(days=2, up_to_km=100),
            Transit(days=4, up_to_km=500),
        ),
    )
    km = np.array([50.0, 50.0, 100.0, 300.0, 900.0, np.nan])
    services = ["express", None, "other", "express", None, None]
    assert declared.days(km, services).tolist() == [2, 3, 3, 5, 5, 3]


def test_a_shop_that_declares_its_days_needs_no_orders(tmp_path: Path) -> None:
    new = shop(tmp_path, "[declared]\nhandling_days = 1\ntransit = [{ days = 3 }]\n")
    assert not new.has_orders
    assert new.declared == Declared(handling_days=1, transit=(Transit(days=3),))
    (tmp_path / "orders.csv").touch()
    assert shop(tmp_path, '[orders]\nsource = "orders.csv"\n[declared]\ntransit = [{ days = 3 }]\n').has_orders


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"orders: is missing"),
        ("[declared]\n", r"declared.transit: is missing"),
        ("[declared]\ntransit = []\n", r"declared.transit: .*at least 1"),
        ("[declared]\ntransit = [{ days = 0 }]\n", r"declared.transit.0.days: .*greater than 0"),
        ("[declared]\ntransit = [{ days = 2, upto = 5 }]\n", r"declared.transit.0.upto: unknown key"),
        ('[declared]\ntransit = [{ days = 2, service = "x" }]\n', r'write category = \["service"\] under \[facts\]'),
    ],
)
def test_what_is_wrong_with_it_is_said_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidShop, match=said):
        shop(tmp_path, text)
