"""The built-in generator against what is known of the original."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from common.errors import InvalidInput
from common.orders.distances import great_circle_km
from support.olist_folder import prepare_olist
from trainer.data.synthetic import generate
from trainer.data.synthetic.generate import Wanted, synthesize
from trainer.sources.build import ORDERS, PLACES
from trainer.sources.olist.check import missing_files_and_columns
from trainer.sources.olist.files import DATE_FORMAT, FILES


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """20,000 made-up orders, prepared, with the distance to their seller (km)."""
    folder = tmp_path_factory.mktemp("synthetic")
    synthesize(Wanted(orders=20_000), folder / "dataset")
    prepare_olist(folder / "dataset", folder / "prepared")
    places = pl.read_parquet(folder / "prepared" / PLACES).select(
        origin_postal_code="postal_code", seller_lat="lat", seller_lng="lng"
    )
    table = pl.read_parquet(folder / "prepared" / ORDERS).join(places, on="origin_postal_code")
    columns = ("destination_lat", "destination_lng", "seller_lat", "seller_lng")
    bought = pl.col("purchase_timestamp")
    return table.with_columns(
        delivery_days=(pl.col("delivered_timestamp") - bought).dt.total_seconds() / 86_400,
        promised_days=(pl.col("promised_timestamp") - bought).dt.total_seconds() / 86_400,
        km=great_circle_km(*(table[column].to_numpy() for column in columns)),
    )


def test_the_nine_files_are_there_with_the_original_s_formats(generated: Path) -> None:
    assert missing_files_and_columns(generated) == []
    assert {path.name for path in generated.iterdir()} == {table.name for table in FILES} | {"SYNTHETIC"}
    assert (generated / "product_category_name_translation.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    customers = pl.read_csv(generated / "olist_customers_dataset.csv", infer_schema=False)
    assert customers["customer_zip_code_prefix"].str.contains(r"^\d{5}$").all()
    assert customers["customer_state"].n_unique() > 20
    bought = pl.read_csv(generated / "olist_orders_dataset.csv", infer_schema=False)["order_purchase_timestamp"]
    assert bought.str.to_datetime(DATE_FORMAT, strict=False).null_count() == 0


def test_delivery_times_are_spread_like_the_original_s(orders: pl.DataFrame) -> None:
    days = orders["delivery_days"].drop_nulls()
    assert 11 < days.mean() < 14
    assert 9 < days.median() < 11
    assert 26 < days.quantile(0.95) < 32


def test_promises_are_kept_and_missed_like_the_original_s(orders: pl.DataFrame) -> None:
    delivered = orders.filter(pl.col("delivery_days").is_not_null())
    early = delivered["promised_days"] - delivered["delivery_days"]
    assert 0.89 < (early >= 0).mean() < 0.95
    assert 11.5 < early.abs().mean() < 14


def test_months_differ_like_the_original_s(orders: pl.DataFrame) -> None:
    month = pl.col("purchase_timestamp").dt.truncate("1mo")
    means = orders.group_by(month).agg(pl.mean("delivery_days"))["delivery_days"]
    assert 7 < means.min() < 11
    assert 15 < means.max() < 20


def test_distance_drives_the_delivery_time(orders: pl.DataFrame) -> None:
    assert 0.35 < orders.drop_nulls("delivery_days").select(pl.corr("km", "delivery_days")).item() < 0.6


def test_a_few_percent_never_arrive_and_a_few_prefixes_have_no_location(generated: Path, tmp_path: Path) -> None:
    report = prepare_olist(generated, tmp_path / "prepared")
    assert 0.005 < 1 - report.read.delivered / report.orders < 0.04
    assert report.read.dropped.keys() >= {"no item", "cancelled or otherwise never to be delivered"}
    assert 0 < report.read.dropped["customer's zip prefix has no location"] < 40
    assert 0 < report.read.further["geolocation_points_outside_brazil"] < 60


def test_the_same_seed_makes_the_same_files_and_another_seed_others(generated: Path, tmp_path: Path) -> None:
    synthesize(Wanted(orders=2_000, seed=3), tmp_path / "again")
    synthesize(Wanted(orders=2_000, seed=4), tmp_path / "other")
    for table in FILES[:4]:
        assert table.path(tmp_path / "again").read_bytes() == table.path(generated).read_bytes()
        assert table.path(tmp_path / "other").read_bytes() != table.path(generated).read_bytes()


def test_orders_made_in_several_chunks_keep_time_order_and_distinct_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "CHUNK", 300)
    synthesize(Wanted(1_000, date(2020, 2, 1), date(2020, 3, 15)), tmp_path / "dataset")
    orders = pl.read_csv(tmp_path / "dataset/olist_orders_dataset.csv", infer_schema=False)
    assert (orders.height, orders["order_id"].n_unique(), orders["customer_id"].n_unique()) == (1_000, 1_000, 1_000)
    bought = orders["order_purchase_timestamp"]
    assert bought.is_sorted()
    assert "2020-02-01" <= bought[0] < bought[-1] < "2020-03-16"
    items = pl.read_csv(tmp_path / "dataset/olist_order_items_dataset.csv", infer_schema=False)
    assert np.isin(items["order_id"].unique().to_list(), orders["order_id"].to_list()).all()


def test_a_single_order_is_enough(tmp_path: Path) -> None:
    synthesize(Wanted(orders=1), tmp_path / "dataset")
    assert pl.read_csv(tmp_path / "dataset/olist_orders_dataset.csv").height == 1


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"orders": 0}, r"orders must be 1 or more \(got 0\)"),
        ({"start": date(2018, 9, 1)}, r"the end must not be before the start \(got 2018-09-01 to 2018-08-31\)"),
        ({"seed": -1}, r"the seed must be 0 or more \(got -1\)"),
    ],
)
def test_wishes_that_cannot_be_met_are_named(wanted: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Wanted(**wanted)  # type: ignore[arg-type]


def test_real_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "olist_orders_dataset.csv").write_text("mine")
    with pytest.raises(InvalidInput, match="left alone"):
        synthesize(Wanted(orders=10), tmp_path)
    assert (tmp_path / "olist_orders_dataset.csv").read_text() == "mine"
