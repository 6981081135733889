"""`prepare-data` of any shop: the folder that training, serving and monitoring read."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from common.errors import InvalidInput
from common.orders.shop.prepared_shop import PreparedShop
from common.orders.shop.read import read_shop
from support.olist_folder import nowhere
from support.shop_files import HEADER, ShopFolder
from trainer.data.prepare import prepare
from trainer.data.prepared import read_prepared
from trainer.data.report import Report
from trainer.data.synthetic.shops.generate import synthesize_shop
from trainer.sources.build import ORDERS, PLACES
from trainer.sources.raw.open import Sources


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up shop of two countries with postal codes, facts and a places file, prepared."""
    folder = tmp_path_factory.mktemp("letters")
    synthesize_shop("letters", 2_000, 7, folder / "shop")
    prepared(folder / "shop")
    return folder / "shop" / "prepared"


def prepared(folder: Path) -> Report:
    return prepare(read_shop(folder / "shop.toml", {}), Sources({}, nowhere), folder / "prepared")


def test_the_folder_holds_orders_places_shop_report_and_both_parts(letters: Path) -> None:
    assert {path.name for path in letters.iterdir()} == {
        ORDERS, PLACES, "shop.json", "report.json", "train_dataset.csv", "valid_dataset.csv"
    }  # fmt: skip
    shop = PreparedShop.read(letters)
    assert (shop.name, shop.country, shop.zone.key, shop.synthetic) == ("letters", "GB", "Europe/London", True)
    assert (shop.facts.numeric, shop.facts.category) == (("weight_kg",), ("carrier", "service"))
    orders = pl.read_parquet(letters / ORDERS)
    assert orders["purchase_timestamp"].max() <= shop.as_of
    places = pl.read_parquet(letters / PLACES)
    assert places.columns == ["country", "postal_code", "lat", "lng", "region", "points"]
    assert set(orders["destination_postal_code"]) <= set(places["postal_code"])


def test_the_parts_hold_the_inputs_that_the_shop_has(letters: Path) -> None:
    report = json.loads((letters / "report.json").read_text())
    for part in ("train", "valid"):
        rows = pl.read_csv(letters / f"{part}_dataset.csv", infer_schema=False)
        assert rows.columns == [
            "purchase_timestamp", "origin_id", "origin_country", "destination_country", "origin_postal_code",
            "destination_postal_code", "weight_kg", "carrier", "service", "delivery_time",
        ]  # fmt: skip
        assert rows["purchase_timestamp"].str.contains(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$").all()
        assert rows.height == report[f"{part}_rows"] > 0
    assert report["orders"] == report["source"]["kept"]
    assert report["rows_in"] == {"orders": 2_000}


def test_what_the_data_bars_is_no_input(made: ShopFolder) -> None:
    """A promise revised after the purchase, and a fact of one value."""
    rows = [(f"a{day}", f"2020-{1 + day // 28:02}-{1 + day % 28:02}T12:00:00") for day in range(200)]
    ends = [f"2020-{1 + (day + 3) // 28:02}-{1 + (day + 3) % 28:02}T12:00:00" for day in range(200)]
    lines = [
        f"{number},{bought},{end},{end},x,{row % 7}"
        for row, ((number, bought), end) in enumerate(zip(rows, ends, strict=True))
    ]
    made.orders(f"{HEADER},promised_timestamp,channel,items\n" + "\n".join(lines))
    made.shop(rest='[facts]\nnumeric = ["items"]\ncategory = ["channel"]')
    prepared(made.folder)
    shop = PreparedShop.read(made.folder / "prepared")
    assert shop.promise_barred
    assert (shop.facts.numeric, shop.facts.category) == (("items",), ())
    assert pl.read_csv(made.folder / "prepared" / "valid_dataset.csv").columns == [
        "purchase_timestamp", "origin_country", "destination_country", "items", "delivery_time"
    ]  # fmt: skip


def test_a_promise_read_from_parquet_reaches_the_history(made: ShopFolder) -> None:
    """A typed moment without a zone is on the shop's clock, as a text is."""
    bought = pl.datetime(2021, 1, 4, 9) + pl.int_range(200) * pl.duration(hours=7)
    promised = bought + pl.duration(days=2) + (pl.int_range(200) % 5) * pl.duration(hours=6)
    pl.select(
        order_id=pl.int_range(200),
        purchase_timestamp=bought,
        delivered_timestamp=bought + (1 + pl.int_range(200) % 3) * pl.duration(days=1),
        promised_timestamp=pl.when(pl.int_range(200) % 10 > 0).then(promised),
    ).write_parquet(made.folder / "orders.parquet")
    made.shop(source="orders.parquet", zone="Asia/Kolkata", country="IN")
    prepared(made.folder)
    orders = read_prepared(made.folder / "prepared").history.orders
    assert orders.purchase_timestamp[0] == np.datetime64("2021-01-04T03:30:00")
    expected = [2 + number % 5 / 4 if number % 10 else np.nan for number in range(200)]
    np.testing.assert_allclose(orders.promised_days, expected)


def test_one_wrong_year_does_not_say_when_the_data_was_taken(made: ShopFolder) -> None:
    lines = [f"a{day},2020-01-{1 + day % 28:02} 10:00,2020-01-{1 + day % 28:02} 20:00" for day in range(300)]
    lines += ["far,2031-01-01 10:00,2031-02-01 10:00", "late,2020-01-05 10:00,2091-02-01 10:00"]
    made.orders(f"{HEADER}\n" + "\n".join(lines))
    made.shop()
    report = prepared(made.folder)
    assert report.read.dropped == {"bought months apart from all other orders": 1}
    assert PreparedShop.read(made.folder / "prepared").as_of == datetime(2020, 1, 28, 20, tzinfo=UTC)


def test_orders_under_way_for_long_are_presumed_lost_by_the_shop_s_own_days(made: ShopFolder) -> None:
    """Deliveries take ten hours: what has not arrived after 2.4 days is presumed lost."""
    lines = [f"a{day},2020-01-{1 + day % 28:02} 10:00,2020-01-{1 + day % 28:02} 20:00" for day in range(300)]
    lines += [f"b{day},2020-01-{day:02} 10:00," for day in (3, 24, 27, 28)]
    made.orders(f"{HEADER}\n" + "\n".join(lines))
    made.shop()
    report = prepared(made.folder)
    assert (report.read.kept - report.read.delivered, report.orders_presumed_lost) == (4, 2)
    saved = json.loads((made.folder / "prepared" / "report.json").read_text())
    assert (saved["orders_under_way"], saved["orders_presumed_lost"]) == (4, 2)


def test_orders_of_one_day_are_refused_and_nothing_is_written(made: ShopFolder) -> None:
    made.orders(f"{HEADER}\n" + "".join(f"a{n},2020-03-02 10:{n}:00,2020-03-05 10:00:00\n" for n in range(10, 60)))
    made.shop()
    with pytest.raises(InvalidInput, match=r"all 50 delivered orders were bought on one day \(2020-03-02\)"):
        prepared(made.folder)
    assert {path.name for path in made.folder.iterdir()} == {"orders.csv", "shop.toml"}


@pytest.mark.parametrize(
    ("content", "said"), [(None, "does not exist: run"), ("{}", "is not what `make prepare-data`")]
)
def test_a_folder_without_a_shop_says_what_to_run(tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "shop.json").write_text(content)
    with pytest.raises(InvalidInput, match=said):
        PreparedShop.read(tmp_path)
