"""What `prepare-data` makes of good folders."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from common.orders.shop.prepared_shop import PreparedShop
from common.orders.shop.sections import Facts
from support.olist_folder import nowhere, prepare_olist
from trainer.data.prepare import prepare
from trainer.sources.build import ORDERS, PLACES
from trainer.sources.olist import read
from trainer.sources.olist.files import FILES
from trainer.sources.olist.join import FACTS
from trainer.sources.olist.shop import olist_shop
from trainer.sources.orders.rows import SCHEMA
from trainer.sources.raw.open import Sources

Replace = Callable[[Path, str, str, str], None]

CUTOFF = datetime(2018, 2, 1)  # noqa: DTZ001


def prepared_orders(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / ORDERS)


def test_every_column_is_what_one_works_out_by_hand(by_hand: Path, tmp_path: Path) -> None:
    prepare_olist(by_hand, tmp_path / "prepared", CUTOFF)
    orders = prepared_orders(tmp_path / "prepared")
    assert tuple(orders.columns) == tuple(SCHEMA)
    assert orders.row(0, named=True) == {
        "order_id": "one",
        "purchase_timestamp": datetime(2018, 1, 1, 14, tzinfo=UTC),
        "shipped_timestamp": datetime(2018, 1, 2, 15, tzinfo=UTC),
        "delivered_timestamp": datetime(2018, 1, 4, 2, tzinfo=UTC),
        "promised_timestamp": datetime(2018, 1, 21, 14, tzinfo=UTC),
        "origin_id": "north",
        "origin_country": "BR",
        "destination_country": "BR",
        "origin_postal_code": "66001",
        "destination_postal_code": "01001",
        "origin_lat": None,
        "origin_lng": None,
        "destination_lat": -23.6,
        "destination_lng": -46.7,
        "origin_region": "PA",
        "destination_region": "SP",
    }


def test_facts_of_a_basket_are_sums_over_its_items(by_hand: Path, tmp_path: Path) -> None:
    shop = olist_shop(by_hand).model_copy(update={"facts": Facts(numeric=FACTS)})
    prepare(shop, Sources({}, nowhere), tmp_path / "prepared", CUTOFF)
    assert prepared_orders(tmp_path / "prepared").select(FACTS).row(0) == (2, 30_500, 3.25, 30.5)


def test_the_shop_beside_the_orders_says_what_a_model_must_know(by_hand: Path, tmp_path: Path) -> None:
    prepare_olist(by_hand, tmp_path / "prepared", CUTOFF)
    shop = PreparedShop.read(tmp_path / "prepared")
    assert (shop.name, shop.country, shop.time_zone, shop.weekend) == ("olist", "BR", "America/Sao_Paulo", None)
    assert (shop.facts.numeric, shop.facts.category) == ((), ())
    assert (shop.promise_barred, shop.synthetic) == (False, False)
    assert shop.as_of == datetime(2018, 3, 5, 9, tzinfo=UTC)


def test_clocks_that_change_are_handled_and_counted(by_hand: Path, tmp_path: Path, replace_in: Replace) -> None:
    """In São Paulo 2017-10-15 began at one o'clock, and 2018-02-17 had its last hour twice."""
    orders = "olist_orders_dataset.csv"
    replace_in(by_hand, orders, "2018-02-21 00:00:00", "2017-10-15 00:30:00")
    replace_in(by_hand, orders, "2018-02-01 08:00:00", "2017-10-01 08:00:00")
    replace_in(by_hand, orders, "2018-01-04 00:00:00", "2018-02-17 23:30:00")
    report = prepare_olist(by_hand, tmp_path / "prepared", datetime(2018, 2, 20))  # noqa: DTZ001
    one, two, _ = prepared_orders(tmp_path / "prepared").iter_rows(named=True)
    assert one["delivered_timestamp"] == datetime(2018, 2, 18, 1, 30, tzinfo=UTC)
    assert two["promised_timestamp"] == datetime(2017, 10, 15, 3, 30, tzinfo=UTC)
    assert {
        "promised_timestamp: 1 in the hour that clocks skip in spring, read with the offset before it",
        "delivered_timestamp: 1 in the hour that comes twice in autumn, read as the first",
    } <= set(report.read.notes)


def test_an_order_under_way_is_kept_without_a_label(by_hand: Path, tmp_path: Path) -> None:
    report = prepare_olist(by_hand, tmp_path / "prepared", CUTOFF)
    orders = prepared_orders(tmp_path / "prepared")
    assert orders["delivered_timestamp"].is_null().to_list() == [False, True, False]
    assert (report.orders, report.read.delivered, report.read.further["orders_of_several_sellers"]) == (3, 2, 1)


def test_points_outside_brazil_do_not_move_a_prefix(by_hand: Path, tmp_path: Path) -> None:
    report = prepare_olist(by_hand, tmp_path / "prepared", CUTOFF)
    places = pl.read_parquet(tmp_path / "prepared" / PLACES)
    assert tuple(places.columns) == ("country", "postal_code", "lat", "lng", "region", "points")
    assert places.rows() == [("BR", "01001", -23.6, -46.7, "SP", 3), ("BR", "20001", -22.9, -43.2, "RJ", 1)]
    assert report.read.further["geolocation_points_outside_brazil"] == 1


def test_the_two_csv_files_are_split_in_time(by_hand: Path, tmp_path: Path) -> None:
    prepare_olist(by_hand, tmp_path / "prepared", CUTOFF)
    header = "seller_zip_code_prefix,customer_lat,customer_lng,purchase_timestamp,delivery_time\n"
    train, valid = ((tmp_path / "prepared" / f"{part}_dataset.csv").read_text() for part in ("train", "valid"))
    assert train == header + "66001,-23.6,-46.7,2018-01-01 12:00:00,2.5\n"
    assert valid == header + "90001,-23.6,-46.7,2018-03-01 00:00:00,4.25\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("olist_order_items_dataset.csv", "two,1,", "other,1,", "no item"),
        ("olist_order_items_dataset.csv", "two,1,lamp,south", "two,1,lamp,gone", "seller not in the sellers file"),
        ("olist_customers_dataset.csv", "bob,", "bert,", "customer not in the customers file"),
        ("olist_geolocation_dataset.csv", "20001,", "20002,", "customer's zip prefix has no location"),
        ("olist_orders_dataset.csv", "bob,shipped", "bob,canceled", "cancelled or otherwise never to be delivered"),
        ("olist_orders_dataset.csv", "bob,shipped", "bob,delivered", "delivered, but without a date"),
        ("olist_orders_dataset.csv", "08:00:00,,,,", "08:00:00,,,2018-01-31 07:00:00,", "negative delivery time"),
    ],
)
def test_an_order_that_cannot_be_used_is_dropped_and_counted(
    by_hand: Path, tmp_path: Path, replace_in: Replace, name: str, old: str, new: str, reason: str
) -> None:
    replace_in(by_hand, name, old, new)
    report = prepare_olist(by_hand, tmp_path / "prepared", CUTOFF)
    assert report.read.dropped == {reason: 1}
    assert prepared_orders(tmp_path / "prepared")["order_id"].to_list() == ["one", "three"]


def test_one_wrong_year_is_set_aside_counted_and_named(generated: Path, tmp_path: Path) -> None:
    """Each wrong date alone would otherwise be learned from, or decide where the data ends."""
    orders = generated / "olist_orders_dataset.csv"
    table = pl.read_csv(orders, infer_schema=False)
    delivered = (table["order_delivered_customer_date"].is_not_null()).arg_true()
    wrong = {
        "delivery": (int(delivered[10]), {"order_delivered_customer_date": "2081-03-01 10:00:00"}),
        "promise": (int(delivered[20]), {"order_estimated_delivery_date": "2016-01-01 00:00:00"}),
        "everything": (
            int(delivered[30]),
            {
                "order_purchase_timestamp": "2099-01-01 10:00:00",
                "order_delivered_customer_date": "2099-01-08 10:00:00",
                "order_estimated_delivery_date": "2099-01-20 00:00:00",
            },
        ),
    }
    for row, values in wrong.values():
        for column, value in values.items():
            table[row, column] = value
    table.write_csv(orders)
    report = prepare_olist(generated, tmp_path / "prepared")
    counted = (
        "delivery time above 365 days",
        "promise outside 0..365 days",
        "bought months apart from all other orders",
    )
    assert [report.read.dropped[reason] for reason in counted] == [1, 1, 1]
    named = "\n".join(report.read.implausible)
    assert f"row {wrong['delivery'][0] + 2}: delivery time above 365 days: bought" in named
    assert "delivered 2081-03-01 10:00:00" in named
    assert f"row {wrong['everything'][0] + 2}: bought months apart from all other orders: bought 2099-01-01" in named
    assert str(prepared_orders(tmp_path / "prepared")["purchase_timestamp"].max()) < "2019"


def test_quoted_fields_read_the_same(generated: Path, tmp_path: Path) -> None:
    prepare_olist(generated, tmp_path / "plain")
    for table in FILES:
        with table.path(generated).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        with table.path(generated).open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    prepare_olist(generated, tmp_path / "quoted")
    plain, quoted = (prepared_orders(tmp_path / name) for name in ("plain", "quoted"))
    assert plain.equals(quoted)


def test_columns_may_stand_in_another_order_and_others_beside_them(by_hand: Path, tmp_path: Path) -> None:
    sellers = "rating,seller_state,seller_city,seller_zip_code_prefix,seller_id\n9,PA,belem,66001,north\n"
    (by_hand / "olist_sellers_dataset.csv").write_text(sellers + "8,RS,porto alegre,90001,south\n")
    prepare_olist(by_hand, tmp_path / "prepared", CUTOFF)
    orders = prepared_orders(tmp_path / "prepared")
    assert orders["origin_postal_code"].to_list() == ["66001", "90001", "90001"]


def test_rows_in_equal_rows_out_and_dropped(generated: Path, tmp_path: Path) -> None:
    report = prepare_olist(generated, tmp_path / "prepared")
    saved = json.loads((tmp_path / "prepared" / "report.json").read_text())
    assert saved["rows_in"]["orders"] == 2_000 == saved["orders"] + sum(saved["dropped"].values())
    delivered = report.read.delivered
    assert delivered == saved["orders"] - saved["orders_under_way"]
    assert delivered == report.train_rows + report.valid_rows + report.label_unknown_at_cutoff
    assert saved["synthetic"] is True
    assert saved["ranges"].keys() == {
        "purchase_timestamp", "delivery_days", "promised_days", "customer_lat", "customer_lng"
    }  # fmt: skip
    assert saved["source"]["kept"] == saved["orders"]


def test_ids_of_many_orders_are_read_again_when_they_are_written(
    generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_olist(generated, tmp_path / "little")
    monkeypatch.setattr(read, "LITTLE", 0)
    prepare_olist(generated, tmp_path / "much")
    assert (tmp_path / "little" / ORDERS).read_bytes() == (tmp_path / "much" / ORDERS).read_bytes()


def test_preparing_again_replaces_what_was_there(generated: Path, tmp_path: Path) -> None:
    prepare_olist(generated, tmp_path / "prepared")
    first = (tmp_path / "prepared" / ORDERS).read_bytes()
    prepare_olist(generated, tmp_path / "prepared")
    assert (tmp_path / "prepared" / ORDERS).read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generated", "prepared"]
