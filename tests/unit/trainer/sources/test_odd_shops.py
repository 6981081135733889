"""Shops with little, strange or too much in their tables: read all the same, and what is odd is said."""

import polars as pl
import pytest

from common.orders.shop.read import read_shop
from support.olist_folder import nowhere
from support.shop_files import HEADER, ShopFolder
from trainer.data.staging import staged_folder
from trainer.sources.build import build
from trainer.sources.errors import SourceAway, UnusableSource
from trainer.sources.oddities import every
from trainer.sources.orders import duplicates
from trainer.sources.raw import text_files
from trainer.sources.raw.open import Sources


def said(made: ShopFolder) -> str:
    return "\n".join(finding.text for finding in made.build()[1].findings)


def test_nothing_but_countries_as_destinations(made: ShopFolder) -> None:
    made.orders(f"{HEADER},destination_country\na,2020-03-02,2020-06-02,ZM\nb,2020-03-03,2020-05-03,VNM\n")
    made.shop()
    orders, report = made.build()
    assert orders["destination_country"].to_list() == ["ZM", "VN"]
    assert {"origin-unknown", "destination-unknown"} <= {finding.code for finding in report.findings}
    assert "of no order's destination more is known than its country" in said(made)


def test_a_category_of_a_hundred_thousand_values_is_no_input(made: ShopFolder) -> None:
    count = 100_000
    start = pl.datetime(2020, 1, 1)
    pl.select(
        order_id=pl.int_range(count).cast(pl.String),
        purchase_timestamp=start + pl.int_range(count) * pl.duration(minutes=1),
        delivered_timestamp=start + pl.int_range(count) * pl.duration(minutes=1) + pl.duration(days=2),
        voucher=pl.concat_str(pl.lit("v"), pl.int_range(count)),
    ).write_parquet(made.folder / "orders.parquet")
    made.shop(rest='[facts]\ncategory = ["voucher"]', source="orders.parquet")
    report = made.build()[1]
    assert report.barred == ("voucher",)
    assert "voucher has 100,000 values in 100,000 orders, like an id: nothing is learned from it" in said(made)


@pytest.mark.parametrize(
    ("country", "lat", "lng"),
    [("IN", 80.2, 13.0), ("BR", -46.6, -23.5), ("AQ", -46.6, -23.5), ("AQ", -73.9, 40.7)],
)
def test_coordinates_swapped_in_all_rows_are_said_also_of_a_shop_without_country(
    made: ShopFolder, country: str, lat: float, lng: float
) -> None:
    rows = [f"{row},2020-03-02,2020-03-05,{lat + row / 1000},{lng}\n" for row in range(60)]
    made.orders(f"{HEADER},destination_lat,destination_lng\n" + "".join(rows))
    made.shop(country=country)
    assert "destination: latitude and longitude look swapped in all 60 orders" in said(made)


def test_a_latitude_of_139_is_said_to_be_a_longitude(made: ShopFolder) -> None:
    made.orders(f"{HEADER},origin_lat,origin_lng\na,2020-03-02,2020-03-05,139.7,35.7\nb,2020-03-02,,35.6,139.7\n")
    made.shop(country="JP", zone="Asia/Tokyo")
    assert "origin: latitude and longitude of 1 rows are a place only once exchanged, and were left out" in said(made)


def test_repeated_ids_are_found_part_by_part(made: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "AT_ONCE", 7)
    made.orders(f"{HEADER}\n" + "".join(f"o{row % 90},2020-03-02,2020-03-05\n" for row in range(100)))
    made.shop()
    with pytest.raises(UnusableSource, match=r"10 row\(s\) repeat an earlier order_id"):
        made.build()


def test_figures_of_very_many_orders_are_those_of_a_part(made: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(every, "MANY", 50)
    made.orders(f"{HEADER}\n" + "".join(f"o{row},2020-03-02,2020-03-0{3 + row % 5}\n" for row in range(1_000)))
    made.shop()
    report = made.build()[1]
    assert report.kept == 1_000
    assert report.median_days == pytest.approx(3, abs=1)


def test_a_long_file_is_never_in_memory_whole(made: ShopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it is: pieces of a block each go in, and each goes out before the next comes."""
    block = 64 * 1024
    monkeypatch.setattr(text_files, "BLOCK_BYTES", block)
    rows = [f"o{row:06},2020-03-02 10:00:00,2020-03-05 10:00:00\n" for row in range(20_000)]
    made.orders(f"{HEADER}\n" + "".join(rows))
    path = made.shop()
    heights: list[int] = []
    with staged_folder(made.folder / "out") as folder:
        built = build(read_shop(path), Sources({}, nowhere), folder, heights.append)
    assert built.report.kept == sum(heights) == 20_000
    assert max(heights) * len(rows[0]) <= 2 * block


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_plain_address_of_postgres_needs_no_further_driver(made: ShopFolder, scheme: str) -> None:
    made.shop('query = "SELECT 1"', source=f"{scheme}://shop:secret@127.0.0.1:1/orders")
    with pytest.raises(SourceAway, match="refused") as away:
        made.build()
    assert "secret" not in str(away.value)
