"""What `prepare-data` makes of good folders."""

import csv
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from trainer.data.olist.files import FILES
from trainer.data.olist.join import COLUMNS
from trainer.data.prepare import prepare

Replace = Callable[[Path, str, str, str], None]

CUTOFF = datetime(2018, 2, 1)  # noqa: DTZ001


def test_every_column_is_what_one_works_out_by_hand(by_hand: Path, tmp_path: Path) -> None:
    prepare(by_hand, tmp_path / "prepared", CUTOFF)
    orders = pl.read_parquet(tmp_path / "prepared" / "orders.parquet")
    assert tuple(orders.columns) == ("order_id", *COLUMNS)
    assert orders.row(0, named=True) == {
        "order_id": "one",
        "seller_zip_code_prefix": 66001,
        "customer_zip_code_prefix": 1001,
        "customer_lat": -23.6,
        "customer_lng": -46.7,
        "customer_state": "SP",
        "seller_state": "PA",
        "purchase_timestamp": datetime(2018, 1, 1, 12),  # noqa: DTZ001
        "delivered_timestamp": datetime(2018, 1, 4),  # noqa: DTZ001
        "estimated_timestamp": datetime(2018, 1, 21, 12),  # noqa: DTZ001
        "delivery_days": 2.5,
        "promised_days": 20.0,
        "item_count": 2,
        "total_weight_g": 30500.0,
        "freight_value": 3.25,
        "price": 30.5,
        "order_status": "delivered",
    }


def test_an_order_under_way_is_kept_without_a_label(by_hand: Path, tmp_path: Path) -> None:
    report = prepare(by_hand, tmp_path / "prepared", CUTOFF)
    orders = pl.read_parquet(tmp_path / "prepared" / "orders.parquet")
    assert orders["delivery_days"].to_list() == [2.5, None, 4.25]
    assert (report.orders, report.orders_under_way, report.orders_of_several_sellers) == (3, 1, 1)


def test_points_outside_brazil_do_not_move_a_prefix(by_hand: Path, tmp_path: Path) -> None:
    report = prepare(by_hand, tmp_path / "prepared", CUTOFF)
    places = pl.read_parquet(tmp_path / "prepared" / "geolocation.parquet")
    assert places.rows() == [(1001, -23.6, -46.7, "SP", 3), (20001, -22.9, -43.2, "RJ", 1)]
    assert report.geolocation_points_outside_brazil == 1


def test_the_two_csv_files_are_split_in_time(by_hand: Path, tmp_path: Path) -> None:
    prepare(by_hand, tmp_path / "prepared", CUTOFF)
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
    report = prepare(by_hand, tmp_path / "prepared", CUTOFF)
    assert report.dropped == {reason: 1}
    assert pl.read_parquet(tmp_path / "prepared" / "orders.parquet")["order_id"].to_list() == ["one", "three"]


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
    report = prepare(generated, tmp_path / "prepared")
    counted = (
        "delivery time above 365 days",
        "promise outside 0..365 days",
        "bought months apart from all other orders",
    )
    assert [report.dropped[reason] for reason in counted] == [1, 1, 1]
    named = "\n".join(report.implausible)
    assert f"row {wrong['delivery'][0] + 2}: delivery time above 365 days: bought" in named
    assert "delivered 2081-03-01 10:00:00" in named
    assert f"row {wrong['everything'][0] + 2}: bought months apart from all other orders: bought 2099-01-01" in named
    assert str(pl.read_parquet(tmp_path / "prepared" / "orders.parquet")["purchase_timestamp"].max()) < "2019"


def test_quoted_fields_read_the_same(generated: Path, tmp_path: Path) -> None:
    prepare(generated, tmp_path / "plain")
    for table in FILES:
        with table.path(generated).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        with table.path(generated).open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    prepare(generated, tmp_path / "quoted")
    plain, quoted = (pl.read_parquet(tmp_path / name / "orders.parquet") for name in ("plain", "quoted"))
    assert plain.equals(quoted)


def test_columns_may_stand_in_another_order_and_others_beside_them(by_hand: Path, tmp_path: Path) -> None:
    sellers = "rating,seller_state,seller_city,seller_zip_code_prefix,seller_id\n9,PA,belem,66001,north\n"
    (by_hand / "olist_sellers_dataset.csv").write_text(sellers + "8,RS,porto alegre,90001,south\n")
    prepare(by_hand, tmp_path / "prepared", CUTOFF)
    orders = pl.read_parquet(tmp_path / "prepared" / "orders.parquet")
    assert orders["seller_zip_code_prefix"].to_list() == [66001, 90001, 90001]


def test_rows_in_equal_rows_out_and_dropped(generated: Path, tmp_path: Path) -> None:
    report = prepare(generated, tmp_path / "prepared")
    saved = json.loads((tmp_path / "prepared" / "report.json").read_text())
    assert saved["rows_in"]["orders"] == 2_000 == saved["orders"] + sum(saved["dropped"].values())
    delivered = report.orders - report.orders_under_way
    assert delivered == report.train_rows + report.valid_rows + report.label_unknown_at_cutoff
    assert saved["synthetic"] is True


def test_preparing_again_replaces_what_was_there(generated: Path, tmp_path: Path) -> None:
    prepare(generated, tmp_path / "prepared")
    first = (tmp_path / "prepared" / "orders.parquet").read_bytes()
    prepare(generated, tmp_path / "prepared")
    assert (tmp_path / "prepared" / "orders.parquet").read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generated", "prepared"]
