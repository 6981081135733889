"""Olist's nine files are one source among others: what a shop file may say of them, and what `inspect` drafts."""

from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from support.olist_folder import nowhere, prepare_olist
from support.shop_files import ShopFolder
from trainer.data.synthetic.generate import Wanted, synthesize
from trainer.sources.build import ORDERS
from trainer.sources.inspection.command import inspect_files
from trainer.sources.olist.errors import UnusableData
from trainer.sources.raw.open import Sources

STATUS = '[orders.status]\ncolumn = "order_status"\ncancelled = ["canceled", "unavailable"]'


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 made-up orders in nine files."""
    folder = tmp_path_factory.mktemp("olist") / "dataset"
    synthesize(Wanted(orders=1_000, seed=5), folder)
    return folder


def described(made: ShopFolder, dataset: Path, orders: str = "", rest: str = "") -> ShopFolder:
    made.shop(orders, rest, source=f"olist:{dataset}", zone="America/Sao_Paulo", country="BR")
    return made


def test_a_shop_file_chooses_facts_and_the_day_the_data_was_taken(
    made: ShopFolder, dataset: Path, tmp_path: Path
) -> None:
    facts = '[facts]\nnumeric = ["price"]\ncategory = ["item_count"]'
    orders, report = described(made, dataset, "as_of = 2018-01-31", f"{STATUS}\n{facts}").build()
    prepare_olist(dataset, tmp_path / "prepared")
    every = pl.read_parquet(tmp_path / "prepared" / ORDERS)
    assert orders.columns[-2:] == ["price", "item_count"]
    assert orders["item_count"].dtype == pl.String
    assert orders["purchase_timestamp"].max() < report.as_of < every["purchase_timestamp"].max()
    assert report.dropped["bought after the data was taken (as_of)"] > 100
    assert report.is_synthetic


@pytest.mark.parametrize(
    ("orders", "rest", "said"),
    [
        ('decimal = ","', "", "orders.decimal does not apply to Olist's nine files, whose columns are known: remove"),
        ("", '[orders.columns]\norigin_id = "x"', "orders.columns does not apply to Olist's nine files"),
        ("", '[facts]\nnumeric = ["weight"]', "facts: there is no 'weight' in Olist's nine files (there are: item_cou"),
        ("", STATUS.replace("order_status", "state"), "orders.status: the column is order_status (got 'state')"),
        ("", STATUS.replace("canceled", "shipped"), "orders.status: orders that are shipped may still be delivered"),
    ],
)
def test_what_does_not_fit_the_nine_files_is_named(
    made: ShopFolder, dataset: Path, orders: str, rest: str, said: str
) -> None:
    with pytest.raises(UnusableData) as caught:
        described(made, dataset, orders, rest).build()
    assert said in str(caught.value)


def test_a_folder_that_lacks_a_file_is_refused(made: ShopFolder, tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    made.shop(source="olist:half")
    with pytest.raises(UnusableData, match="the file is missing"):
        made.build()


def test_inspect_drafts_a_shop_file_that_fits(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft, sources, console = tmp_path / "shop.toml", Sources({}, nowhere), Console(width=200)
    inspect_files([dataset], draft, None, None, sources, console)
    inspect_files([draft], None, None, None, sources, console)
    assert "fits its data" in capsys.readouterr().out
    assert "[orders.columns]" not in draft.read_text()
