"""Data folders: a generated one, and one small enough to work out by hand."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer.data.synthetic.generate import Wanted, synthesize
from trainer.sources.olist.files import FILES

BY_HAND = {
    "olist_orders_dataset.csv": """
one,ann,delivered,2018-01-01 12:00:00,,2018-01-02 13:00:00,2018-01-04 00:00:00,2018-01-21 12:00:00
two,bob,shipped,2018-02-01 08:00:00,,,,2018-02-21 00:00:00
three,cid,delivered,2018-03-01 00:00:00,,,2018-03-05 06:00:00,2018-03-11 00:00:00
""",
    "olist_order_items_dataset.csv": """
one,2,lamp,south,2018-01-03 00:00:00,20.00,2.00
one,1,sofa,north,2018-01-03 00:00:00,10.50,1.25
two,1,lamp,south,2018-02-03 00:00:00,20.00,2.00
three,1,void,south,2018-03-03 00:00:00,5.00,1.00
""",
    "olist_customers_dataset.csv": """
ann,p1,01001,sao paulo,SP
bob,p2,20001,rio,RJ
cid,p3,01001,sao paulo,SP
""",
    "olist_sellers_dataset.csv": """
north,66001,belem,PA
south,90001,porto alegre,RS
""",
    "olist_products_dataset.csv": """
sofa,moveis,1,1,1,30000,1,1,1
lamp,casa,1,1,1,500,1,1,1
void,,,,,,,,
""",
    "olist_geolocation_dataset.csv": """
01001,-23.5,-46.6,sao paulo,SP
01001,-23.6,-46.7,sao paulo,SP
01001,-23.7,-46.8,sao paulo,SP
01001,41.1,-8.5,sao paulo,SP
20001,-22.9,-43.2,rio,RJ
""",
    "olist_order_payments_dataset.csv": "\none,1,voucher,1,1.00\n",
    "olist_order_reviews_dataset.csv": '\nr1,one,5,,"fast, and\nwell packed",2018-01-05 00:00:00,2018-01-06 10:00:00\n',
    "product_category_name_translation.csv": "\nmoveis,furniture\n",
}


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    """Three orders: one of two sellers, one under way, one of a product without weight."""
    folder = tmp_path / "by-hand"
    folder.mkdir()
    for table in FILES:
        table.path(folder).write_text(",".join(table.columns) + BY_HAND[table.name])
    return folder


@pytest.fixture
def replace_in() -> Callable[[Path, str, str, str], None]:
    """Replace a text that a file must hold."""

    def replace(folder: Path, name: str, old: str, new: str) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return replace


@pytest.fixture(scope="session")
def generated_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synthetic") / "dataset"
    synthesize(Wanted(orders=2_000, seed=3), folder)
    return folder


@pytest.fixture
def generated(generated_once: Path, tmp_path: Path) -> Path:
    """A copy of 2,000 made-up orders that the test may damage."""
    return shutil.copytree(generated_once, tmp_path / "generated")
