"""From files to the general table: what is kept, what is dropped and why, how texts become values."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from common.errors import InvalidInput
from support.shop_files import HEADER, ROWS, ShopFolder
from trainer.sources.build import ORDERS
from trainer.sources.errors import NothingToLearn, UnusableSource


def refusal(made: ShopFolder) -> str:
    """The message with which the source is refused; nothing may have been written."""
    with pytest.raises(InvalidInput) as caught:
        made.build()
    written = list((made.folder / "out").rglob("*")) if (made.folder / "out").exists() else []
    assert written == []
    return str(caught.value)


def test_a_plain_table_with_an_order_s_names_needs_no_line(made: ShopFolder) -> None:
    made.orders(f"{HEADER},destination_postal_code\n" + ROWS.replace("\n", ",ab 1-2c\n"))
    made.shop(zone="America/New_York", country="US")
    orders, report = made.build()
    assert orders["purchase_timestamp"].to_list() == [
        datetime(2020, 3, 2, 15, tzinfo=UTC), datetime(2020, 3, 3, 16, tzinfo=UTC)
    ]  # fmt: skip
    assert orders["destination_postal_code"].to_list() == ["AB12C", "AB12C"]
    assert orders["destination_country"].unique().to_list() == ["US"]
    assert (report.read, report.kept, report.delivered, report.dropped) == (2, 2, 1, {})
    assert report.median_days == pytest.approx(3.25)
    assert report.as_of == datetime(2020, 3, 5, 21, tzinfo=UTC)


def test_an_evening_purchase_in_sao_paulo_keeps_its_weekday(made: ShopFolder) -> None:
    made.orders(f"{HEADER}\na,2017-07-14 22:30:00,2017-07-20 10:00:00\n")
    made.shop(zone="America/Sao_Paulo", country="BR")
    bought = made.build()[0]["purchase_timestamp"]
    assert bought[0] == datetime(2017, 7, 15, 1, 30, tzinfo=UTC)
    assert bought.dt.convert_time_zone("America/Sao_Paulo").dt.weekday()[0] == 5


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.csv", f"{HEADER}\n{ROWS}".encode("utf-8-sig")),
        (
            "orders.csv",
            f"{HEADER},city\n{ROWS}".replace("\n", ",Köln\n").replace(",city,Köln", ",city").encode("latin-1"),
        ),
        ("orders.csv", f"{HEADER}\n{ROWS}".replace(",", ";").encode()),
        ("orders.tsv", f"{HEADER}\r\n{ROWS}".replace(",", "\t").encode()),
        ("orders.csv", f"{HEADER}\n{ROWS}".encode("utf-16")),
        ("orders.csv.gz", gzip.compress(f"{HEADER}\n{ROWS}".encode())),
        ("orders.csv.zst", pa.compress(f"{HEADER}\n{ROWS}".encode(), "zstd", asbytes=True)),
    ],
    ids=["utf-8 with a mark", "latin-1", "semicolons", "tabs", "utf-16", "gzip", "zstandard"],
)
def test_every_dialect_gives_the_same_table(made: ShopFolder, name: str, content: bytes) -> None:
    made.orders(content, name)
    made.shop(source=name)
    assert made.build()[0].select("order_id", pl.col("delivered_timestamp").is_null()).rows() == [
        ("a1", False), ("a2", True)
    ]  # fmt: skip


def test_a_folder_a_pattern_and_parquet_of_every_type(made: ShopFolder) -> None:
    made.orders(f"{HEADER}\n{ROWS}", "parts/one.csv")
    made.orders("junk", "parts/_SUCCESS")
    made.orders("junk", "parts/.hidden/three.csv")
    moments = [datetime(2020, 3, 4, 9), datetime(2020, 3, 5, 9)]  # noqa: DTZ001 - the shop's clock
    typed = pl.DataFrame({"order_id": [7, 8], "purchase_timestamp": moments, "delivered_timestamp": [None, moments[1]]})
    typed.write_parquet(made.folder / "parts" / "two.parquet")
    for source, ids in {"parts": ["a1", "a2", "7", "8"], "parts/*.parquet": ["7", "8"]}.items():
        made.shop(source=source)
        assert made.build()[0]["order_id"].to_list() == ids


def test_quoted_fields_hold_delimiters_and_line_breaks(made: ShopFolder) -> None:
    made.orders(f'{HEADER},carrier\na1,2020-03-02,2020-03-05,"Fast,\nand ""cheap"""\n')
    made.shop(rest='[facts]\ncategory = ["carrier"]')
    assert made.build()[0]["carrier"].to_list() == ['Fast,\nand "cheap"']


def test_numbers_since_the_purchase_stand_for_moments(made: ShopFolder) -> None:
    made.orders(
        "order_id;purchase_timestamp;delivered_minutes;promised_hours\n"
        "a1;2020-03-02 10:00;32,5;1\n"
        "a2;2020-03-02 11:00;;1\n"
    )
    made.shop()
    orders, report = made.build()
    assert orders["delivered_timestamp"].to_list() == [datetime(2020, 3, 2, 10, 32, 30, tzinfo=UTC), None]
    assert orders["promised_timestamp"][0] == datetime(2020, 3, 2, 11, tzinfo=UTC)
    assert {"delimiter: semicolon", "decimal comma: delivered_minutes"} <= set(report.notes)


def test_the_second_table_fills_the_deliveries(made: ShopFolder) -> None:
    made.orders("order_id,purchase_timestamp\na1,2020-03-02 10:00\na2,2020-03-03 10:00\n")
    made.orders("order_id;delivered_at\na1;2020-03-05 10:00\na1;2020-03-06 10:00\nzz;2020-03-05 10:00\n", "events.csv")
    made.shop('deliveries = "events.csv"', zone="Asia/Kolkata", country="IN")
    assert made.build()[0]["delivered_timestamp"].to_list() == [datetime(2020, 3, 6, 4, 30, tzinfo=UTC), None]


def test_each_dropped_row_has_its_reason(made: ShopFolder) -> None:
    made.orders(
        f"{HEADER},state\n"
        "ok,2020-03-02,2020-03-05,done\n"
        ",2020-03-02,2020-03-05,done\n"
        "no purchase,,2020-03-05,done\n"
        "nopurchase,soon,2020-03-05,done\n"
        "baddelivery,2020-03-02,2020-13-05,done\n"
        "cancelled,2020-03-02,,canceled\n"
        "lost,2020-03-02,N/A,gone\n"
        "negative,2020-03-02,2020-02-01,done\n"
        "late,2020-04-02,,open\n"
        "wide,2020-03-02,2020-03-05,done,1\n"
    )
    made.shop("as_of = 2020-03-31", '[orders.status]\ncolumn = "state"\ncancelled = ["canceled"]\nlost = ["gone"]')
    orders, report = made.build()
    assert orders["order_id"].to_list() == ["ok"]
    assert report.read == 10
    assert report.dropped == {
        "no order id, or not 1 to 64 visible ASCII characters": 2,
        "no moment of purchase, or one that cannot be read": 1,
        "a delivery that cannot be read": 1,
        "cancelled": 1,
        "lost": 1,
        "delivered before it was bought": 1,
        "bought after the data was taken (as_of)": 1,
        "a row with too few or too many fields": 1,
    }
    assert report.unreadable == {"purchase_timestamp (e.g. 'soon')": 1, "delivered_timestamp (e.g. '2020-13-05')": 1}


def test_what_came_after_the_data_was_taken_is_not_known(made: ShopFolder) -> None:
    made.orders(f"{HEADER}\na1,2020-03-02 10:00,2020-03-05 10:00\na2,2020-03-02 10:00,2020-03-04 10:00\n")
    made.shop("as_of = 2020-03-04T18:00:00")
    assert made.build()[0]["delivered_timestamp"].is_null().to_list() == [True, False]


@pytest.mark.parametrize(
    ("shipments", "delivered"), [("first", [datetime(2020, 3, 4, tzinfo=UTC), None]), ("last", [None, None])]
)
def test_of_several_shipments_the_first_or_the_last_counts(
    made: ShopFolder, shipments: str, delivered: list[datetime | None]
) -> None:
    made.orders(
        f"{HEADER}\na,2020-03-02,2020-03-05\na,2020-03-02,2020-03-04\na,2020-03-02,\nb,2020-03-02,\nc,2020-03-02,2020-03-03\n"
    )
    made.shop(f'shipments = "{shipments}"')
    orders, report = made.build()
    assert orders.sort("order_id")["delivered_timestamp"].to_list()[:2] == delivered
    assert report.dropped == {"another shipment of the same order": 2}


def test_leading_zeros_that_a_spreadsheet_took_are_given_back(made: ShopFolder) -> None:
    codes = ["20095", "9350", "80331", "1067.0", "10115"]
    made.orders(
        f"{HEADER},seller_zip_code_prefix\n" + "".join(f"o{code},2020-03-02,2020-03-05,{code}\n" for code in codes)
    )
    made.shop()
    orders, report = made.build()
    assert orders["origin_postal_code"].to_list() == ["20095", "09350", "80331", "01067", "10115"]
    assert "origin_postal_code: 2 codes of DE filled up with zeros to 5 digits" in report.notes


def test_countries_of_two_and_three_letters_regions_and_coordinates(made: ShopFolder) -> None:
    names = "destination_country,destination_region,customer_lat,customer_lng"
    made.orders(
        f"{HEADER},{names}\na,2020-03-02,2020-03-05,NAM,NA,-22.5,17.1\nb,2020-03-02,,na,,0,0\nc,2020-03-02,,,x,91,7\n"
    )
    made.shop()
    orders, report = made.build()
    assert orders.select("destination_country", "destination_region", "destination_lat").rows() == [
        ("NA", "NA", -22.5), ("NA", None, None), ("DE", "x", None)
    ]  # fmt: skip
    assert report.unreadable == {"destination_lat (e.g. '0')": 2, "destination_lng (e.g. '0')": 2}


def test_a_source_without_ids_is_numbered_and_says_so(made: ShopFolder) -> None:
    made.orders("purchase_timestamp,delivered_timestamp\n2020-03-02,2020-03-05\n2020-03-02,2020-03-05\n")
    made.shop()
    orders, report = made.build()
    assert orders["order_id"].to_list() == ["1", "2"]
    assert "no order_id: rows are numbered, and no later delivery can be joined to them" in report.notes


@pytest.mark.parametrize(
    ("content", "orders", "rest", "said"),
    [
        ("", "", "", "is empty: export the orders again, with the column names in the first row"),
        (f"{HEADER}\n", "", "", "holds no row: export the orders again"),
        (f"{HEADER}\na,2020-03-02,\n", "", "", "no delivered order: of 1 rows (none dropped) the rest has no delivery"),
        (f"{HEADER}\n{ROWS}{ROWS}", "", "", "2 row(s) repeat an earlier order_id, the first 'a1': write shipments ="),
        ("order_id,bought\na,2020-03-02\n", "", "", "no column gives purchase_timestamp: write purchase_timestamp = "),
        (f"{HEADER},delivered_at\n{ROWS}", "", "", "delivered_timestamp and delivered_at both give delivered"),
        (f"{HEADER},delivered_days\n{ROWS}", "", "", "delivered_timestamp and delivered_days both give"),
        (f"{HEADER}\n{ROWS}", "", '[orders.columns]\norigin_id = "seler"', "there is no column 'seler' (there are:"),
        (f"{HEADER},seller\n{ROWS}", "", '[orders.columns]\norigin_id = "seler"', "'seler', did you mean seller?"),
        (f"{HEADER}\n{ROWS}", "", '[facts]\nnumeric = ["kg"]', "facts.numeric: there is no column 'kg'"),
        (f"{HEADER}\n{ROWS}", "", '[orders.status]\ncolumn = "state"', "orders.status: there is no column 'state'"),
        (f"{HEADER}\na,03/04/2020,03/05/2020\n", "", "", "purchase_timestamp (column purchase_timestamp): '03/04/"),
        (f"{HEADER}\na,monday,2020-03-05\n", "", "", "'monday' is no date known here: write its format under"),
        (f"{HEADER},kg\na,2020-03-02,2020-03-05,1.5\nb,2020-03-02,,\"1,5\"\n", "", '[facts]\nnumeric = ["kg"]',
         'kg: some numbers have a point and some a comma: write decimal = "," or "." in [orders]'),
        (f"{HEADER},mail\na,2020-03-02,2020-03-05,a@b.de\n", "", '[facts]\ncategory = ["mail"]',
         "facts: 'mail' looks personal (it holds e-mail addresses): remove it, people's data is never kept"),
        (f"{HEADER},Phone\na,2020-03-02,2020-03-05,1\n", "", '[orders.columns]\norigin_id = "Phone"',
         "orders.columns.origin_id: 'Phone' looks personal (by its name)"),
        (f"{HEADER},c\na,2020-03-02,,\xfc\n".encode("latin-1"), 'encoding = "utf-8"', '[facts]\ncategory = ["c"]',
         'is not utf-8 throughout: write encoding = "latin-1" (or another) in [orders]'),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_and_nothing_is_written(
    made: ShopFolder, content: str | bytes, orders: str, rest: str, said: str
) -> None:
    made.orders(content)
    made.shop(orders, rest)
    assert said in refusal(made)


def test_several_problems_of_a_source_are_named_at_once(made: ShopFolder) -> None:
    made.orders("order_id,when\na,2020-03-02\n")
    made.shop(rest='[facts]\nnumeric = ["kg"]')
    with pytest.raises(UnusableSource) as caught:
        made.build()
    assert len(caught.value.problems) == 3


def test_a_workbook_and_a_folder_without_data_are_refused(made: ShopFolder, tmp_path: Path) -> None:
    made.orders(b"PK", "orders.xlsx")
    made.shop(source="orders.xlsx")
    assert "is a workbook: save the sheet of orders as CSV and name that file" in refusal(made)
    (tmp_path / "empty").mkdir()
    made.shop(source="empty")
    assert "empty: holds no file that ends in .csv" in refusal(made)


def test_a_part_that_lacks_a_column_is_named(made: ShopFolder) -> None:
    made.orders(f"{HEADER}\n{ROWS}", "parts/a.csv")
    made.orders("order_id,purchase_timestamp\nb,2020-03-02\n", "parts/b.csv")
    made.shop(source="parts")
    assert "b.csv: lacks column(s) delivered_timestamp, which other files have" in refusal(made)


def test_an_earlier_result_outlives_a_refusal(made: ShopFolder) -> None:
    made.orders(f"{HEADER}\n{ROWS}")
    made.shop()
    before, _ = made.build()
    made.orders(f"{HEADER}\na,2020-03-02,\n")
    with pytest.raises(NothingToLearn):
        made.build()
    assert pl.read_parquet(made.folder / "out" / ORDERS).equals(before)
    assert [path.name for path in (made.folder / "out").iterdir()] == [ORDERS]
