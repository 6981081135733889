"""`trainer inspect`: exports of common shop systems become drafts that are right, or say what is left to fill in."""

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from common.errors import InvalidInput
from support.shop_files import HEADER, ROWS, nowhere
from trainer.sources.inspection.aliases import ALIASES, fields_by_alias
from trainer.sources.inspection.command import inspect_files
from trainer.sources.inspection.countries import only_zone
from trainer.sources.inspection.inspect import Inspected, inspect
from trainer.sources.personal import is_personal_name, snake
from trainer.sources.raw.open import Sources

EXPORTS = {
    "Shopify": (
        "Name,Email,Created at,Fulfilled at,Shipping Name,Shipping Street,Shipping Zip,Shipping Province,"
        "Shipping Country,Phone,Id",
        {"purchase_timestamp": "Created at", "shipped_timestamp": "Fulfilled at", "order_id": "Id",
         "destination_postal_code": "Shipping Zip", "destination_region": "Shipping Province",
         "destination_country": "Shipping Country"},
    ),
    "WooCommerce": (
        "order_number,date_created,date_completed,shipping_first_name,shipping_postcode,shipping_state,shipping_country",
        {"order_id": "order_number", "purchase_timestamp": "date_created", "delivered_timestamp": "date_completed",
         "destination_postal_code": "shipping_postcode", "destination_region": "shipping_state",
         "destination_country": "shipping_country"},
    ),
    "Medusa": (
        "id,created_at,shipped_at,delivered_at,shipping_address.postal_code,shipping_address.country_code,"
        "shipping_address.province",
        {"order_id": "id", "purchase_timestamp": "created_at", "shipped_timestamp": "shipped_at",
         "delivered_timestamp": "delivered_at", "destination_postal_code": "shipping_address.postal_code",
         "destination_country": "shipping_address.country_code", "destination_region": "shipping_address.province"},
    ),
    "Amazon": (
        "amazon-order-id\tpurchase-date\tpromise-date\tship-postal-code\tship-state\tship-country\tbuyer-email",
        {"order_id": "amazon-order-id", "purchase_timestamp": "purchase-date", "promised_timestamp": "promise-date",
         "destination_postal_code": "ship-postal-code", "destination_region": "ship-state",
         "destination_country": "ship-country"},
    ),
    "ShipStation": (
        "orderNumber,orderDate,shipDate,shipTo.postalCode,shipTo.state,shipTo.country,carrierCode,warehouseId",
        {"order_id": "orderNumber", "purchase_timestamp": "orderDate", "shipped_timestamp": "shipDate",
         "destination_postal_code": "shipTo.postalCode", "destination_region": "shipTo.state",
         "destination_country": "shipTo.country", "origin_id": "warehouseId"},
    ),
    "Google": (
        "orderId,orderCreatedTime,shippingInfo.shippedTime,shippingInfo.actualDeliveryTime,"
        "shippingInfo.latestDeliveryPromiseTime,shipFromPostalCode,shipFromRegionCode,deliveryPostalCode,deliveryRegionCode",
        {"order_id": "orderId", "purchase_timestamp": "orderCreatedTime",
         "shipped_timestamp": "shippingInfo.shippedTime", "delivered_timestamp": "shippingInfo.actualDeliveryTime",
         "promised_timestamp": "shippingInfo.latestDeliveryPromiseTime", "origin_postal_code": "shipFromPostalCode",
         "origin_country": "shipFromRegionCode", "destination_postal_code": "deliveryPostalCode",
         "destination_country": "deliveryRegionCode"},
    ),
    "Olist": (
        "order_id,order_purchase_timestamp,order_delivered_carrier_date,order_delivered_customer_date,"
        "order_estimated_delivery_date,seller_id,seller_zip_code_prefix,customer_zip_code_prefix,customer_state",
        {"order_id": "order_id", "purchase_timestamp": "order_purchase_timestamp",
         "shipped_timestamp": "order_delivered_carrier_date", "delivered_timestamp": "order_delivered_customer_date",
         "promised_timestamp": "order_estimated_delivery_date", "origin_id": "seller_id",
         "origin_postal_code": "seller_zip_code_prefix", "destination_postal_code": "customer_zip_code_prefix",
         "destination_region": "customer_state"},
    ),
    "a food service": (
        "ID,Order_Date,Restaurant_latitude,Restaurant_longitude,Delivery_location_latitude,"
        "Delivery_location_longitude,Time_taken(min)",
        {"order_id": "ID", "purchase_timestamp": "Order_Date", "origin_lat": "Restaurant_latitude",
         "origin_lng": "Restaurant_longitude", "destination_lat": "Delivery_location_latitude",
         "destination_lng": "Delivery_location_longitude", "delivered_minutes": "Time_taken(min)"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", EXPORTS)
def test_the_columns_of_common_systems_are_known(system: str) -> None:
    header, expected = EXPORTS[system]
    assert fields_by_alias(header.split("\t" if "\t" in header else ",")) == expected


@given(st.lists(st.sampled_from(sorted({alias for names in ALIASES.values() for alias in names})), unique=True))
def test_a_column_gives_one_field_and_a_field_has_one_column(columns: list[str]) -> None:
    found = fields_by_alias(columns)
    assert len(set(found.values())) == len(found)
    assert set(found.values()) <= set(columns)
    assert not any(is_personal_name(column) for column in found.values())


@pytest.mark.parametrize(
    "column", ["Email", "Shipping Name", "phone_number", "buyerEmail", "Customer-Name", "cpf", "Notes"]
)
def test_personal_columns_are_told_by_their_names(column: str) -> None:
    assert is_personal_name(column)


@pytest.mark.parametrize(
    "column", ["carrier_name", "service", "product_name_length", "warehouse", "message_count", "stage"]
)
def test_other_columns_are_not(column: str) -> None:
    assert not is_personal_name(column)


@pytest.mark.parametrize("name", ["Shipping Name", "shippingName", "shipping-name", "SHIPPING_NAME"])
def test_names_in_every_spelling_are_one(name: str) -> None:
    assert snake(name) == "shipping_name"


def inspected(*paths: Path, country: str | None = None, zone: str | None = None) -> Inspected:
    return inspect(paths, country, zone, Sources(os.environ, nowhere), lambda _rows: None)


def orders(tmp_path: Path, text: str, name: str = "orders.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


MANY = "".join(
    f"o{row},{1 + row % 28:02}/03/2021 10:00,{1 + row % 28:02}/04/2021 10:00,{'DE' if row % 3 else 'AT'},"
    f"{'canceled' if row % 9 == 0 else 'done'},{row % 7},{'ab'[row % 2]},a{row}@b.de,{row * 37 % 101}\n"
    for row in range(300)
)
GERMAN = "order_number,order_date,delivery_date,ship_country,status,items,carrier,email,score\n" + MANY


def test_a_draft_holds_columns_formats_status_country_zone_and_facts(tmp_path: Path) -> None:
    found = inspected(orders(tmp_path, GERMAN))
    shop = tomllib.loads(found.draft.text())
    assert (shop["name"], shop["country"], shop["time_zone"]) == ("orders", "DE", "Europe/Berlin") or shop[
        "country"
    ] == "DE"
    assert shop["orders"]["columns"] == {
        "order_id": "order_number", "purchase_timestamp": "order_date", "delivered_timestamp": "delivery_date",
        "destination_country": "ship_country",
    }  # fmt: skip
    assert shop["orders"]["formats"] == dict.fromkeys(("purchase_timestamp", "delivered_timestamp"), "%d/%m/%Y %H:%M")
    assert shop["orders"]["status"] == {"column": "status", "cancelled": ["canceled"], "lost": []}
    assert shop["facts"] == {"numeric": ["items", "score"], "category": ["carrier"]}
    assert found.left_out == {"email": "looks personal (by its name)"}
    assert found.report is not None
    assert found.report.read == 300


@pytest.mark.parametrize(
    ("country", "zone"),
    [("IN", "Asia/Kolkata"), ("DE", "Europe/Berlin"), ("JP", "Asia/Tokyo"), ("BR", None), ("US", None)],
)
def test_a_country_whose_clocks_all_agree_has_one_zone(country: str, zone: str | None) -> None:
    assert only_zone(country) == zone


def test_a_format_in_doubt_stays_to_be_filled_in(tmp_path: Path) -> None:
    found = inspected(orders(tmp_path, f"{HEADER}\na,03/04/2020,2020-03-05\n"))
    assert "formats.purchase_timestamp" in found.draft.open
    assert found.report is None
    assert "can be read as %d/%m/%Y and as %m/%d/%Y, and no row decides" in found.draft.text()
    tomllib.loads(found.draft.text())


def test_country_names_are_a_region_and_the_country_is_left_to_fill_in(tmp_path: Path) -> None:
    found = inspected(orders(tmp_path, f"{HEADER},Country\n" + ROWS.replace("\n", ",Côte d'Ivoire\n")))
    assert found.draft.columns["destination_region"] == "Country"
    assert found.draft.open == ("country", "time_zone")
    assert found.report is not None


def test_texts_in_place_of_dates_and_numbers_are_named_as_missing(tmp_path: Path) -> None:
    rows = "".join(
        f"o{row},{'Date Not Captured' if row % 2 else f'{1 + row % 12}/{13 + row % 15}/06'},"
        f"{1 + row % 28:02}-Dec-06,{'Weighed Separately' if row % 5 == 0 else row},{'Air' if row % 3 else 'Sea'}\n"
        for row in range(200)
    )
    header = "ID,PO Sent to Vendor Date,Delivered to Client Date,Weight (Kilograms),Mode\n"
    found = inspected(orders(tmp_path, header + rows))
    shop = tomllib.loads(found.draft.text())
    assert shop["orders"]["missing"] == ["Date Not Captured", "Weighed Separately"]
    assert shop["orders"]["formats"] == {"purchase_timestamp": "%m/%d/%y", "delivered_timestamp": "%d-%b-%y"}
    assert shop["facts"] == {"numeric": ["Weight (Kilograms)"], "category": ["Mode"]}
    assert found.report is not None
    assert found.report.dropped["no moment of purchase, or one that cannot be read"] == 100


def test_repeated_ids_are_said(tmp_path: Path) -> None:
    found = inspected(orders(tmp_path, f"{HEADER}\n{ROWS}{ROWS}"))
    assert 'shipments = "last"   # 2 rows repeat an order_id' in found.draft.text()


def test_a_table_of_orders_and_one_of_deliveries(tmp_path: Path) -> None:
    first = orders(tmp_path, "order_id,ordered_at\na,2020-03-02\nb,2020-03-02\n")
    second = orders(tmp_path, "order_id,actual_delivery_date\na,2020-03-05\n", "events.csv")
    found = inspected(first, second, country="IN")
    assert found.draft.orders["deliveries"] == str(second)
    assert found.draft.time_zone == "Asia/Kolkata"
    assert found.report is not None
    assert (found.report.kept, found.report.delivered) == (2, 1)


def test_several_files_of_one_table_are_to_be_named_as_one(tmp_path: Path) -> None:
    paths = [orders(tmp_path, f"{HEADER}\n{ROWS}", name) for name in ("a.csv", "b.csv")]
    with pytest.raises(InvalidInput, match="put them into a folder"):
        inspected(*paths)


def test_a_drafted_file_fits_its_data_wherever_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    orders(tmp_path, GERMAN)
    (tmp_path / "shops").mkdir()
    console = Console(record=True, width=100)
    sources = Sources(os.environ, nowhere)
    out = Path("shops/shop.toml")
    inspect_files([Path("orders.csv")], out, "DE", "Europe/Berlin", sources, console)
    assert tomllib.loads(out.read_text())["orders"]["source"] == "../orders.csv"
    inspect_files([out], None, None, None, sources, console)
    assert "shops/shop.toml fits its data: 300 orders" in console.export_text()


def test_a_draft_never_overwrites_a_file(tmp_path: Path) -> None:
    out = orders(tmp_path, "mine", "shop.toml")
    with pytest.raises(InvalidInput, match="exists and is left alone"):
        inspect_files([orders(tmp_path, GERMAN)], out, None, None, Sources(os.environ, nowhere), Console(quiet=True))
    assert out.read_text() == "mine"


def scattered(lat: float, lng: float) -> str:
    rows = [f"o{row},2020-03-02,2020-03-05,{lat + row / 50},{lng - row / 50}\n" for row in range(20)]
    return f"{HEADER},origin_lat,origin_lng\n" + "".join(rows)


@pytest.mark.parametrize(
    ("lat", "lng", "country", "zone"),
    [(13.0, 80.2, "IN", "Asia/Kolkata"), (40.7, -73.9, "US", "America/New_York"), (0.0, -30.0, None, None)],
)
def test_coordinates_tell_country_and_zone(
    tmp_path: Path, lat: float, lng: float, country: str | None, zone: str | None
) -> None:
    draft = inspected(orders(tmp_path, scattered(lat, lng))).draft
    assert (draft.country, draft.time_zone) == (country, zone)


def test_a_country_that_is_given_is_not_overruled_by_where_orders_begin(tmp_path: Path) -> None:
    draft = inspected(orders(tmp_path, scattered(40.7, -73.9)), country="BR").draft
    assert (draft.country, draft.time_zone) == ("BR", None)


def test_a_draft_may_be_completed_with_what_is_said_to_be_assumed(tmp_path: Path) -> None:
    path = orders(tmp_path, f"{HEADER}\n{ROWS}")
    draft = inspect([path], None, None, Sources({}, nowhere), lambda _rows: None, complete=True).draft
    assert draft.open == ()
    assert 'country = "AQ"   # ASSUMED, nothing in the data says it: write yours' in draft.text()
    assert 'time_zone = "UTC"   # ASSUMED' in draft.text()


def test_postal_codes_without_coordinates_ask_for_a_places_file(tmp_path: Path) -> None:
    console = Console(record=True, width=200)
    path = orders(tmp_path, f"{HEADER},ship_postal_code\n" + ROWS.replace("\n", ",01067\n"))
    inspect_files([path], None, "DE", None, Sources({}, nowhere), console)
    assert "name a file with the coordinates of postal codes under [places] in shop.toml" in console.export_text()
