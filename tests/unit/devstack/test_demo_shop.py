"""Whose orders the demo runs on, and what it asks for them."""

from pathlib import Path

import pytest

from common.errors import InvalidInput
from common.orders.shop.prepared_shop import PreparedShop
from devstack.demo.figures import errors
from devstack.demo.shop import DemoShop, requested

SHOP = PreparedShop.model_validate(
    {
        "name": "test", "country": "GB", "time_zone": "Europe/London", "weekend": None, "promise_barred": False,
        "as_of": "2023-01-01T00:00:00Z", "synthetic": True,
        "facts": {"numeric": ["weight"], "category": ["carrier", "service"]},
    }
)  # fmt: skip


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "my orders.csv"
    path.touch()
    return path


def demo(tmp_path: Path, **environment: str) -> DemoShop:
    return DemoShop.of({"DATA_DIR": str(tmp_path / "store"), **environment})


def test_without_a_shop_the_demo_is_olist_s(tmp_path: Path) -> None:
    assert demo(tmp_path, ORDERS="", SHOP="").environment == {}


def test_a_table_is_drafted_once_and_its_draft_used_again(tmp_path: Path, orders: Path) -> None:
    first = demo(tmp_path, ORDERS=str(orders))
    assert first.tables == (orders,)
    assert first.file == tmp_path / "store" / "shops" / "my orders.toml"
    first.file.parent.mkdir(parents=True)
    first.file.write_text('[orders]\nsource = "../../my orders.csv"')
    assert demo(tmp_path, ORDERS=str(orders)).tables == ()
    first.file.write_text('[orders]\nsource = "another.csv"')
    assert demo(tmp_path, ORDERS=str(orders)).tables == (orders,)


def test_a_table_of_deliveries_may_stand_beside_it(tmp_path: Path, orders: Path) -> None:
    events = tmp_path / "events.csv"
    events.touch()
    assert demo(tmp_path, ORDERS=f"'{orders}' {events}").tables == (orders, events)


def test_a_shop_file_is_told_to_every_service(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.touch()
    assert demo(tmp_path, SHOP=str(file)).environment == {"SHOP_FILE": str(file)}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ORDERS": "a.csv", "SHOP": "shop.toml"}, "both name a shop: leave one of them out"),
        ({"SHOP": "nowhere.toml"}, "nowhere.toml does not exist, seen from"),
        ({"SHOP": "shop.toml", "STACK": "compose"}, "ORDERS and SHOP need the embedded stack"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        demo(tmp_path, **environment)


def test_a_row_becomes_a_request_with_the_order_s_names_and_its_facts() -> None:
    rows = (
        b"purchase_timestamp,origin_postal_code,destination_lat,destination_lng,carrier,service,weight,delivery_time\n"
        b"2022-05-01T10:00:00Z,01067,1.5,-2,DHL,,0.25,3.5\n"
    )
    body, days = requested(rows, SHOP)
    assert body == {
        "purchase_timestamp": "2022-05-01T10:00:00Z", "origin_postal_code": "01067", "destination_lat": 1.5,
        "destination_lng": -2.0, "facts": {"weight": 0.25, "carrier": "DHL"},
    }  # fmt: skip
    assert days == 3.5


def test_errors_are_set_against_what_was_to_be_beaten_but_no_promise() -> None:
    metrics = {"mae": 2.0, "rmse": 3.0, "mae_of_constant_median": 2.5, "mae_of_shops_promise": 4.12345}
    assert errors(metrics) == {"delivery-time": "2.00 days", "constant median": "2.50 days"}


def test_errors_of_a_shop_that_delivers_within_the_hour_are_minutes() -> None:
    assert errors({"mae": 0.003, "mae_of_constant_median": 0.005}) == {
        "delivery-time": "4.32 minutes", "constant median": "7.20 minutes"
    }  # fmt: skip
