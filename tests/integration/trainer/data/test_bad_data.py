"""What `prepare-data` says of bad folders, and that it then writes nothing."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from common.errors import InvalidInput
from support.olist_folder import prepare_olist
from trainer.sources.olist.files import FILES

Replace = Callable[[Path, str, str, str], None]

ORDERS = "olist_orders_dataset.csv"
ITEMS = "olist_order_items_dataset.csv"
CUSTOMERS = "olist_customers_dataset.csv"
SELLERS = "olist_sellers_dataset.csv"
PRODUCTS = "olist_products_dataset.csv"
GEOLOCATION = "olist_geolocation_dataset.csv"
REVIEWS = "olist_order_reviews_dataset.csv"


def refusal(folder: Path, tmp_path: Path, cutoff: datetime | None = None) -> str:
    """The message with which the folder is refused; nothing may have been written, nor an earlier result touched."""
    target = tmp_path / "store" / "prepared"
    target.mkdir(parents=True)
    (target / "earlier").touch()
    with pytest.raises(InvalidInput) as caught:
        prepare_olist(folder, target, cutoff)
    assert [path.name for path in target.parent.rglob("*")] == ["prepared", "earlier"]
    return str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "the folder does not exist: run `make download-data`, or set OLIST_DIR" in refusal(tmp_path / "no", tmp_path)


@pytest.mark.parametrize("name", [table.name for table in FILES])
def test_a_missing_file(by_hand: Path, tmp_path: Path, name: str) -> None:
    (by_hand / name).unlink()
    assert f"{name}: the file is missing" in refusal(by_hand, tmp_path)


def test_an_empty_file(by_hand: Path, tmp_path: Path) -> None:
    (by_hand / SELLERS).write_text("")
    assert f"{SELLERS}: column(s) missing: seller_id, " in refusal(by_hand, tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (PRODUCTS, "product_name_lenght", "product_name_length"),
        (REVIEWS, "review_comment_title", "title"),
        (REVIEWS, "review_answer_timestamp", "answered_at"),
        (ORDERS, "order_approved_at", "approved_at"),
        (ITEMS, "shipping_limit_date", "limit"),
        (CUSTOMERS, "customer_city", "city"),
    ],
)
def test_a_column_that_nothing_reads_may_have_any_name(
    by_hand: Path, tmp_path: Path, replace_in: Replace, name: str, old: str, new: str
) -> None:
    replace_in(by_hand, name, old, new)
    assert prepare_olist(by_hand, tmp_path / "prepared", datetime(2018, 2, 1)).orders == 3  # noqa: DTZ001


def test_every_missing_file_and_column_is_named_at_once(by_hand: Path, tmp_path: Path, replace_in: Replace) -> None:
    (by_hand / REVIEWS).unlink()
    replace_in(by_hand, ITEMS, "freight_value", "freight")
    replace_in(by_hand, ORDERS, "order_purchase_timestamp,", "bought,")
    message = refusal(by_hand, tmp_path)
    assert f"{REVIEWS}: the file is missing" in message
    assert f"{ITEMS}: column(s) missing: freight_value; the file has: order_id, order_item_id" in message
    assert f"{ORDERS}: column(s) missing: order_purchase_timestamp" in message


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (ORDERS, "2018-03-01 00:00:00", "01/03/2018", "order_purchase_timestamp: 1 unreadable dates (expected like "
         "2018-06-30 23:59:59), the first in row 4: '01/03/2018'"),
        (ORDERS, ",2018-01-04 00:00:00", ",soon", "order_delivered_customer_date: 1 unreadable dates"),
        (ORDERS, "2018-02-21 00:00:00", "2018-02-30 00:00:00", "order_estimated_delivery_date: 1 "),
        (ORDERS, "2018-02-01 08:00:00", "", "order_purchase_timestamp: 1 unreadable dates (expected like "
         "2018-06-30 23:59:59), the first in row 3: empty"),
        (ITEMS, "2018-01-03 00:00:00", "x", "shipping_limit_date: 2 unreadable dates"),
        (REVIEWS, "2018-01-06 10:00:00", "?", "review_answer_timestamp: 1 unreadable dates"),
        (ITEMS, "20.00", "20 reais", "price: 2 unreadable values, the first in row 2: '20 reais'"),
        (ITEMS, "1.25", "inf", "freight_value: 1 unreadable values, the first in row 3: 'inf'"),
        (CUSTOMERS, "20001", "two", "customer_zip_code_prefix: 1 unreadable values, the first in row 3: 'two'"),
        (SELLERS, "66001", "660011", "seller_zip_code_prefix: 1 unreadable values, the first in row 2: '660011'"),
        (SELLERS, "66001", "", "seller_zip_code_prefix: 1 unreadable values, the first in row 2: empty"),
        (PRODUCTS, "30000", "heavy", "product_weight_g: 1 unreadable values, the first in row 2: 'heavy'"),
        (GEOLOCATION, "-22.9", "south", "geolocation_lat: 1 unreadable values, the first in row 6: 'south'"),
        (ORDERS, "three,cid", ",cid", "order_id: 1 unreadable values, the first in row 4: empty"),
    ],
)  # fmt: skip
def test_an_unreadable_value_is_named_with_file_column_count_row_and_value(
    by_hand: Path, tmp_path: Path, replace_in: Replace, name: str, old: str, new: str, said: str
) -> None:
    replace_in(by_hand, name, old, new)
    assert f"{name}: column {said}" in refusal(by_hand, tmp_path)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (ORDERS, "two,bob", "one,bob", "order_id: 1 row(s) repeat an earlier key, the first in row 3: one"),
        (CUSTOMERS, "cid,", "ann,", "customer_id: 1 row(s) repeat an earlier key, the first in row 4: ann"),
        (SELLERS, "south", "north", "seller_id: 1 row(s) repeat an earlier key, the first in row 3: north"),
        (PRODUCTS, "lamp", "sofa", "product_id: 1 row(s) repeat an earlier key, the first in row 3: sofa"),
        (ITEMS, "one,2,", "one,1,", "order_id + order_item_id: 1 row(s) repeat an earlier key, the first in row 3: "
         "one + 1"),
    ],
)  # fmt: skip
def test_a_key_that_appears_twice_is_named(
    by_hand: Path, tmp_path: Path, replace_in: Replace, name: str, old: str, new: str, said: str
) -> None:
    replace_in(by_hand, name, old, new)
    assert f"{name}: duplicated key {said}" in refusal(by_hand, tmp_path)


def test_a_row_with_too_many_fields(by_hand: Path, tmp_path: Path, replace_in: Replace) -> None:
    replace_in(by_hand, ORDERS, "2018-03-11 00:00:00", "2018-03-11 00:00:00,extra,fields")
    assert f"{ORDERS}: not readable as comma-separated UTF-8 text" in refusal(by_hand, tmp_path)


def test_another_encoding(by_hand: Path, tmp_path: Path) -> None:
    (by_hand / CUSTOMERS).write_bytes((by_hand / CUSTOMERS).read_bytes().replace(b"cid", "cação".encode("latin-1")))
    assert f"{CUSTOMERS}: not readable as comma-separated UTF-8 text" in refusal(by_hand, tmp_path)


def test_problems_of_several_files_are_named_at_once(by_hand: Path, tmp_path: Path, replace_in: Replace) -> None:
    replace_in(by_hand, ORDERS, "two,bob", "one,bob")
    replace_in(by_hand, ITEMS, "10.50", "cheap")
    message = refusal(by_hand, tmp_path)
    assert "duplicated key order_id" in message
    assert "price: 1 unreadable values" in message


def test_orders_delivered_before_they_were_bought_leave_nothing_to_train(
    by_hand: Path, tmp_path: Path, replace_in: Replace
) -> None:
    replace_in(by_hand, ORDERS, ",2018-01-04", ",2017-01-04")
    replace_in(by_hand, ORDERS, ",2018-03-05", ",2017-03-05")
    message = refusal(by_hand, tmp_path)
    assert "no usable delivered order to train on" in message
    assert "negative delivery time: 2" in message


def test_a_cutoff_before_the_first_delivery(by_hand: Path, tmp_path: Path) -> None:
    message = refusal(by_hand, tmp_path, datetime(2017, 1, 1))  # noqa: DTZ001
    assert "no delivered order is left for training at the cut-off 2017-01-01 00:00:00" in message
    assert "of 2 delivered orders the first was bought 2018-01-01 12:00:00" in message
