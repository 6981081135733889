"""Exports as people have them: a clock beside its date, units in the cells, other languages, dates for moments."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from common.orders.shop.countries import country_of
from support.olist_folder import nowhere
from support.shop_files import HEADER, ShopFolder, dicts
from trainer.sources.errors import UnusableSource
from trainer.sources.inspection.inspect import Inspected, inspect
from trainer.sources.orders.numbers import numbers, seconds
from trainer.sources.raw.open import Sources


def inspected(made: ShopFolder, text: str) -> Inspected:
    made.orders(text)
    return inspect([made.folder / "orders.csv"], "IN", "Asia/Kolkata", Sources({}, nowhere), lambda _rows: None)


FOOD = """ID,Order_Date,Time_Orderd,Restaurant_latitude,Restaurant_longitude,Time_taken(min)
a,19-03-2022,11:30:00,12.9,77.6,(min) 24
b,20-03-2022,23:50:00,12.9,77.6,(min) 33
c,21-03-2022,NaN ,12.9,77.6,(min) 41
"""


def test_a_date_and_a_clock_in_two_columns_are_one_moment(made: ShopFolder) -> None:
    found = inspected(made, FOOD)
    assert found.draft.columns["purchase_timestamp"] == "Order_Date + Time_Orderd"
    assert found.left_out == {}
    made.shop(
        '[orders.columns]\norder_id = "ID"\npurchase_timestamp = "Order_Date + Time_Orderd"\n'
        'delivered_minutes = "Time_taken(min)"',
        zone="Asia/Kolkata",
    )
    orders, report = made.build()
    assert dicts(orders, "purchase_timestamp", "delivered_timestamp") == [
        (datetime(2022, 3, 19, 6, tzinfo=UTC), datetime(2022, 3, 19, 6, 24, tzinfo=UTC)),
        (datetime(2022, 3, 20, 18, 20, tzinfo=UTC), datetime(2022, 3, 20, 18, 53, tzinfo=UTC)),
    ]  # fmt: skip
    assert report.dropped == {"no moment of purchase, or one that cannot be read": 1}


def test_a_part_that_is_not_there_is_named(made: ShopFolder) -> None:
    made.orders(FOOD)
    made.shop('[orders.columns]\npurchase_timestamp = "Order_Date + Clock"\ndelivered_minutes = "Time_taken(min)"')
    with pytest.raises(UnusableSource, match=r"there is no column 'Order_Date \+ Clock'"):
        made.build()


def test_parquet_with_a_date_and_a_time_is_read_so(made: ShopFolder) -> None:
    moment = pl.datetime(2022, 3, 19, 11, 30)
    pl.select(day=moment.dt.date(), clock=moment.dt.time(), delivered_hours=2).write_parquet(made.folder / "a.parquet")
    made.shop('[orders.columns]\npurchase_timestamp = "day + clock"', source="a.parquet")
    assert made.build()[0]["purchase_timestamp"].to_list() == [datetime(2022, 3, 19, 11, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("text", "unit", "found"),
    [
        ("24", 60, 24 * 60),
        ("(min) 24", 60, 24 * 60),
        ("24 mins", 60, 24 * 60),
        ("2.5h", 3_600, 9_000),
        ("3 Days", 86_400, 3 * 86_400),
        ("1:02:30", 60, 3_750),
        ("24 days", 60, None),
        ("soon", 60, None),
        (None, 60, None),
    ],
)
def test_spans_may_name_their_unit_or_be_a_clock(text: str | None, unit: int, found: float | None) -> None:
    assert seconds(pl.Series([text, "1"], dtype=pl.String), ".", unit).to_list() == [found, unit]


@pytest.mark.parametrize(
    ("text", "number"), [("$1,234.50", 1234.5), ("R$ 10", 10), ("-€5", -5), ("7 €", 7), ("A7", None), ("$", None)]
)
def test_money_is_a_number(text: str, number: float | None) -> None:
    assert numbers(pl.Series([text]), ".").to_list() == [number]


def test_columns_in_other_languages_are_known(made: ShopFolder) -> None:
    """A spreadsheet saved in Germany: a byte order mark, semicolons, decimal commas, no ids."""
    rows = "".join(f"{day:02}.06.2023 10:14;{day + 2:02}.06.2023;SW1A {day}AA;UK;1,{day:02}\n" for day in range(1, 25))
    found = inspected(made, "\ufeffBestelldatum;Lieferdatum;PLZ;Land;Gewicht\n" + rows)
    assert found.draft.columns == {
        "purchase_timestamp": "Bestelldatum",
        "delivered_timestamp": "Lieferdatum",
        "destination_country": "Land",
        "destination_postal_code": "PLZ",
    }
    assert found.report is not None
    assert (found.report.kept, found.draft.facts["numeric"]) == (24, ["Gewicht"])


@pytest.mark.parametrize(("said", "code"), [("UK", "GB"), ("el", "GR"), ("GBR", "GB")])
def test_britain_and_greece_have_two_names(said: str, code: str) -> None:
    assert country_of(said) == code


def test_the_column_that_most_orders_have_says_when_they_were_bought(made: ShopFolder) -> None:
    rows = "".join(
        f"{'N/A' if day % 2 else f'2020-01-{day:02}'},2020-01-{day:02},2020-03-01\n" for day in range(10, 30)
    )
    found = inspected(made, "po_sent_to_vendor_date,pq_first_sent_to_client_date,delivered_at\n" + rows)
    assert found.draft.columns["purchase_timestamp"] == "pq_first_sent_to_client_date"


def test_how_long_it_took_is_no_fact_and_lacks_its_unit(made: ShopFolder) -> None:
    found = inspected(
        made, "Order_Date,Delivery_Time,Items\n" + "".join(f"2022-03-{d},{d * 3},{d % 4}\n" for d in range(10, 30))
    )
    assert found.left_out["Delivery_Time"].startswith("how long it took? Then it is delivered_days, delivered_hours")
    assert found.draft.facts["numeric"] == ["Items"]
    assert "delivered_timestamp" in found.draft.open


def test_what_arrived_on_the_date_of_its_purchase_is_no_negative_span(made: ShopFolder) -> None:
    made.orders(
        f"{HEADER}\na,2020-03-02 15:00:00,2020-03-02\nb,2020-03-02 15:00:00,2020-03-01\nc,2020-03-02,2020-03-04"
    )
    made.shop(zone="America/Sao_Paulo")
    orders, report = made.build()
    assert orders["delivered_timestamp"].to_list() == [
        datetime(2020, 3, 2, 18, tzinfo=UTC), datetime(2020, 3, 4, 3, tzinfo=UTC)
    ]  # fmt: skip
    assert report.dropped == {"delivered before it was bought": 1}
    assert any("delivered_timestamp: 1 are the date of the purchase" in note for note in report.notes)


def test_a_title_above_the_column_names_is_said(made: ShopFolder) -> None:
    made.orders(f"Orders of 2020,,\nExported on {date(2021, 1, 1)},,\n{HEADER}\na,2020-03-02,2020-03-05\n")
    made.shop()
    with pytest.raises(UnusableSource, match=r"no column names in its first row \('Orders of 2020'\): remove the rows"):
        made.build()


def test_columns_that_a_spreadsheet_left_empty_are_no_title(made: ShopFolder) -> None:
    made.orders(f"{HEADER},,,,,\na,2020-03-02,2020-03-05,,,,,\nb,2020-03-03,2020-03-05,,,,,\n")
    made.shop()
    assert made.build()[1].kept == 2
