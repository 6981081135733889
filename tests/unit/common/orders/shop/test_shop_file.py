"""The shop file: what it says when it is right, and the one line per problem when it is not."""

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.orders.shop.countries import ALPHA2_OF, country_of
from common.orders.shop.errors import InvalidShop
from common.orders.shop.read import read_shop
from common.orders.shop.source import Kind, expanded, kind_of, shown

SMALLEST = """
name = "trucks"
country = "IN"
time_zone = "Asia/Kolkata"
[orders]
source = "orders.csv"
"""


@pytest.fixture(autouse=True)
def _an_orders_file(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").touch()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "shop.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> tuple[str, ...]:
    """The lines with which the file is refused."""
    with pytest.raises(InvalidShop) as caught:
        read_shop(written(tmp_path, text), environment or {})
    return caught.value.problems


def changed(old: str, new: str) -> str:
    assert old in SMALLEST
    return SMALLEST.replace(old, new)


def test_the_contract_s_own_example_is_read_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "events.parquet").touch()
    (tmp_path / "BR.txt").touch()
    shop = read_shop(
        written(
            tmp_path,
            """
name = "trucks"
country = "IN"
time_zone = "Asia/Kolkata"
weekend = ["sat", "sun"]
[orders]
source = "orders.csv"
deliveries = "events.parquet"
as_of = 2020-08-31T00:00:00
shipments = "last"
delimiter = "\\t"
encoding = "latin-1"
decimal = ","
missing = ["N/A", "Date Not Captured"]
[orders.columns]
purchase_timestamp = "ordered_at"
[orders.formats]
purchase_timestamp = "%m/%d/%y"
[orders.status]
column = "order_status"
cancelled = ["canceled", "unavailable"]
lost = []
[facts]
numeric = ["weight_g"]
category = ["carrier", "service"]
[places]
source = "BR.txt"
""",
        )
    )
    assert shop.orders.as_of == datetime(2020, 8, 31)  # noqa: DTZ001 - the shop's clock
    assert shop.orders.columns == {"purchase_timestamp": "ordered_at"}
    assert shop.orders.status is not None
    assert shop.orders.status.cancelled == ("canceled", "unavailable")
    assert shop.facts.category == ("carrier", "service")
    assert (shop.zone.key, shop.folder) == ("Asia/Kolkata", tmp_path)


def test_a_country_of_three_letters_is_that_of_two(tmp_path: Path) -> None:
    assert read_shop(written(tmp_path, changed('"IN"', '"ind"'))).country == "IN"


def test_old_names_of_fields_are_taken(tmp_path: Path) -> None:
    shop = read_shop(written(tmp_path, SMALLEST + '[orders.columns]\ncustomer_lat = "y"\ndelivered_at = "end"'))
    assert shop.orders.columns == {"destination_lat": "y", "delivered_timestamp": "end"}


def test_a_date_may_say_when_the_data_was_taken(tmp_path: Path) -> None:
    assert read_shop(written(tmp_path, SMALLEST + "as_of = 2020-08-31")).orders.as_of == date(2020, 8, 31)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (changed('name = "trucks"\n', ""), 'name: is missing: write name = "my-shop"'),
        (changed('"trucks"', '"my shop"'), "name: must be letters, digits, _ and -, up to 64 (got 'my shop')"),
        (changed('"IN"', '"ZZ"'), "country: must be a country's ISO 3166 code, such as DE or DEU (got 'ZZ')"),
        (
            changed("Asia/Kolkata", "asia/kolkatta"),
            "time_zone: must be a time zone of the IANA list, did you mean Asia/Kolkata?, such as Europe/Berlin "
            "(got 'asia/kolkatta')",
        ),
        (changed('name = "trucks"', 'name = "t"\ntimezone = "UTC"'), "timezone: unknown key, did you mean time_zone?"),
        (SMALLEST + 'shipmets = "last"', "orders.shipmets: unknown key, did you mean shipments?"),
        (SMALLEST + 'shipments = "all"', "orders.shipments: must be 'first', 'last' or 'error' (got 'all')"),
        (SMALLEST + 'encoding = "latin1-ish"', "orders.encoding: must be an encoding's name, such as utf-8 or latin-1"),
        (SMALLEST + 'as_of = "2020-08-31"', "orders.as_of: must be a date or moment without quotes"),
        (SMALLEST + 'query = "SELECT 1"', "orders: query is for databases only: remove it, or name a database"),
        (SMALLEST + 'deliveries = "events.csv"', "orders.deliveries: events.csv does not exist: name a CSV or Parquet"),
        (SMALLEST + '[places]\nsource = "XX.txt"', "places.source: XX.txt does not exist"),
        (changed("orders.csv", "*.parquet"), "orders.source: *.parquet does not exist: name a CSV or Parquet file"),
        (changed("orders.csv", "olist:here"), "orders.source: olist:here does not exist: name the folder with Olist's"),
        (changed("orders.csv", "s3://bucket"), "orders.source: s3://bucket is not an object's address"),
        (changed("orders.csv", "postgresql://db/shop"), 'orders: a database needs a query: write query = "SELECT …"'),
        (
            SMALLEST + '[orders.columns]\npurchase_timestmp = "a"',
            "orders.columns: purchase_timestmp is no field of an order, did you mean purchase_timestamp?",
        ),
        (
            SMALLEST + '[orders.columns]\npurchase_timestamp = "day"\ndelivered_timestamp = "day"',
            "orders.columns: purchase_timestamp and delivered_timestamp name the same column 'day': a column can be",
        ),
        (
            SMALLEST + '[orders.columns]\ndestination_lat = "a"\ncustomer_lat = "b"',
            "orders.columns: destination_lat and customer_lat give the same field: keep one of them",
        ),
        (
            SMALLEST + '[orders.columns]\ndelivered_days = "a"\ndelivered_timestamp = "b"',
            "orders.columns: delivered_days and delivered_timestamp give the same field: keep one of them",
        ),
        (SMALLEST + '[orders.formats]\norigin_lat = "%d/%m/%Y"', "orders.formats: origin_lat: only purchase_"),
        (
            SMALLEST + '[orders.formats]\npurchase_timestamp = "dd/mm/yyyy"',
            "orders.formats.purchase_timestamp: must hold day, month and year, such as %d/%m/%Y %H:%M, or be one of "
            "iso, excel, unix, unix-ms (got 'dd/mm/yyyy')",
        ),
        (
            SMALLEST + '[orders.status]\ncolumn = "s"\ncancelled = ["x"]\nlost = ["x"]',
            "orders.status: x stands in cancelled and in lost: keep one of them",
        ),
        (
            SMALLEST + '[facts]\nnumeric = ["weight"]\ncategory = ["weight"]',
            "facts: weight is named twice: a fact is numeric or a category, once",
        ),
        (SMALLEST + '[facts]\nnumeric = ["origin_lat"]', "facts: origin_lat is a field of an order already"),
        (SMALLEST + '[facts]\nnumeric = ["_dropped"]', "facts: _dropped is a column that prepare-data makes"),
        ("name = ", "it is not TOML: "),
    ],
)
def test_each_problem_is_one_line_with_the_way_out(tmp_path: Path, text: str, said: str) -> None:
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert said in found[0]


def test_all_problems_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    text = changed('"IN"', '"XX"').replace("Asia/Kolkata", "Mars/Base").replace("orders.csv", "none.csv") + "x = 1"
    assert [line.partition(":")[0] for line in problems(tmp_path, text)] == [
        "country", "time_zone", "orders.x", "orders.source"
    ]  # fmt: skip


def test_a_file_that_is_not_there_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidShop, match="the file does not exist: `trainer inspect FILE --out"):
        read_shop(tmp_path / "shop.toml")


def test_a_relative_source_is_seen_from_the_shop_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert read_shop(written(tmp_path, SMALLEST)).orders.source == "orders.csv"


DATABASE = changed('"orders.csv"', '"postgresql://shop:${SHOP_PASSWORD}@db/shop"\nquery = "SELECT 1"')


def test_a_secret_comes_from_the_environment_and_is_in_no_text(tmp_path: Path) -> None:
    shop = read_shop(written(tmp_path, DATABASE), {"SHOP_PASSWORD": "hunter2"})
    assert "hunter2" not in repr(shop) + str(shop) + shop.model_dump_json()
    assert expanded(shop.orders.source, {"SHOP_PASSWORD": "p@ss/1"}) == "postgresql://shop:p%40ss%2F1@db/shop"
    assert expanded("${SHOP_DATABASE}", {"SHOP_DATABASE": "postgresql://u:p%40@db/x"}) == "postgresql://u:p%40@db/x"


def test_a_secret_that_is_not_set_is_named(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, DATABASE)
    assert line == "orders.source: needs the environment variable(s) SHOP_PASSWORD, which are not set"


@given(st.text(st.characters(codec="ascii", exclude_characters=" @\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"), min_size=6))
def test_a_password_that_stands_in_a_source_is_never_shown(password: str) -> None:
    for begin, end in (("postgresql://u:", "@db/shop"), ("mysql://db/shop?password=", "")):
        source = begin + password.replace("&", "") + end
        assert "***" in shown(source) or "${" in password
        assert password not in shown(source).replace("***", "") or "${" in password or password in begin + " " + end


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("orders.csv", Kind.FILES),
        ("/data/*.parquet", Kind.FILES),
        ("s3://bucket/orders/", Kind.OBJECTS),
        ("postgresql+psycopg2://db/shop", Kind.DATABASE),
        ("sqlite:///shop.db", Kind.DATABASE),
        ("${SHOP_DATABASE}", Kind.DATABASE),
        ("olist:data", Kind.OLIST),
    ],
)
def test_the_kind_of_a_source_is_told_by_its_beginning(source: str, kind: Kind) -> None:
    assert kind_of(source) is kind


@given(st.sampled_from(sorted(ALPHA2_OF.items())))
def test_both_codes_of_a_country_in_any_case_are_one(codes: tuple[str, str]) -> None:
    alpha3, alpha2 = codes
    assert {country_of(code) for code in (alpha3, alpha2, alpha3.lower(), alpha2.lower())} == {alpha2}


@pytest.mark.parametrize(
    ("section", "share"),
    [
        ("on_time_share = 0.9", 0.9),
        ("day_too_late = 9\nday_too_long = 1", 0.9),
        ("day_too_late = 1\nday_too_long = 1.0", 0.5),
    ],
)
def test_a_promise_is_a_share_or_what_a_wrong_day_costs(tmp_path: Path, section: str, share: float) -> None:
    shop = read_shop(written(tmp_path, f"{SMALLEST}\n[promise]\n{section}\n"), {})
    assert shop.promise is not None
    assert shop.promise.share == pytest.approx(share)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("", "promise: give on_time_share, or both day_too_late and day_too_long"),
        ("day_too_late = 9", "promise: give on_time_share, or both day_too_late and day_too_long"),
        ("on_time_share = 0.9\nday_too_late = 9\nday_too_long = 1", "promise: give on_time_share, or both"),
        (
            "day_too_late = 1\nday_too_long = 9",
            "promise: day_too_late and day_too_long make a share of 0.1: it must be",
        ),
        ("on_time_share = 0.3", "promise.on_time_share: input should be greater than or equal to 0.5"),
        ("day_too_late = -1\nday_too_long = 1", "promise.day_too_late: input should be greater than 0"),
        ("share = 0.9", "promise.share: unknown key (known: on_time_share, day_too_late, day_too_long)"),
    ],
)
def test_a_promise_that_cannot_be_meant_is_refused(tmp_path: Path, section: str, problem: str) -> None:
    assert any(line.startswith(problem) for line in problems(tmp_path, f"{SMALLEST}\n[promise]\n{section}\n"))
