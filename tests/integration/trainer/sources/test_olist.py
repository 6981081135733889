"""Olist's nine files are one description among others: the same orders as `prepare-data` keeps, by the general way."""

from pathlib import Path

import polars as pl
import pytest

from support.shop_files import ShopFolder
from trainer.data.olist.problems import UnusableData
from trainer.data.prepare import prepare
from trainer.data.synthetic.generate import Wanted, synthesize

STATUS = '[orders.status]\ncolumn = "order_status"\ncancelled = ["canceled", "unavailable"]'
FACTS = '[facts]\nnumeric = ["item_count", "weight_g", "freight_value", "price"]'


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,000 made-up orders in nine files."""
    folder = tmp_path_factory.mktemp("olist") / "dataset"
    synthesize(Wanted(orders=3_000, seed=5), folder)
    return folder


@pytest.fixture
def general(made: ShopFolder, dataset: Path) -> pl.DataFrame:
    """Their general table."""
    made.shop(rest=f"{STATUS}\n{FACTS}", source=f"olist:{dataset}", zone="America/Sao_Paulo", country="BR")
    return made.build()[0]


def test_every_prepared_order_is_there_with_the_same_facts(
    general: pl.DataFrame, dataset: Path, tmp_path: Path
) -> None:
    prepare(dataset, tmp_path / "prepared")
    prepared = pl.read_parquet(tmp_path / "prepared" / "orders.parquet")
    both = prepared.join(general, on="order_id", suffix="_general")
    assert both.height == prepared.height
    assert general.height - prepared.height < 0.02 * prepared.height  # those without a location or an item
    local = pl.col("purchase_timestamp_general").dt.convert_time_zone("America/Sao_Paulo").dt.replace_time_zone(None)
    assert (
        both["purchase_timestamp"] == both.select(local).to_series()
    ).mean() > 0.99  # an hour is skipped once a year
    days = (both["delivered_timestamp_general"] - both["purchase_timestamp_general"]).dt.total_seconds() / 86_400
    assert (days - both["delivery_days"]).abs().max() < 0.05
    codes = both["seller_zip_code_prefix"].cast(pl.String).str.zfill(5)
    assert codes.equals(both["origin_postal_code"], check_names=False)
    for ours, theirs in {
        "customer_lat": "destination_lat", "customer_lng": "destination_lng", "customer_state": "destination_region",
        "seller_state": "origin_region", "price": "price_general", "total_weight_g": "weight_g",
        "item_count": "item_count_general", "freight_value": "freight_value_general",
    }.items():  # fmt: skip
        kind = both[theirs].dtype
        assert both[ours].cast(kind).equals(both[theirs], check_names=False), ours


def test_a_folder_that_lacks_a_file_is_refused(made: ShopFolder, tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    made.shop(source="olist:half")
    with pytest.raises(UnusableData, match="the file is missing"):
        made.build()
