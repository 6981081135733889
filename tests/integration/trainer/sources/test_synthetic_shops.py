"""The made-up shops are read by the general way, and are what they claim to be."""

from pathlib import Path

import polars as pl
import pytest

from common.errors import InvalidInput
from common.orders.shop.read import read_shop
from support.shop_files import ShopFolder
from trainer.data.synthetic.shops import generate
from trainer.data.synthetic.shops.generate import synthesize_shop
from trainer.sources.report import OrdersReport

COUNT = 6_000


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops")
    for kind in generate.KINDS:
        synthesize_shop(kind, COUNT, 7, folder / kind)
    return folder


def built(folder: Path) -> tuple[pl.DataFrame, OrdersReport]:
    orders, report = ShopFolder(folder).build()
    days = (pl.col("delivered_timestamp") - pl.col("purchase_timestamp")).dt.total_seconds() / 86_400
    return orders.with_columns(days=days), report


@pytest.fixture(scope="module")
def letters(shops: Path) -> tuple[pl.DataFrame, OrdersReport]:
    return built(shops / "letters")


@pytest.fixture(scope="module")
def minutes(shops: Path) -> tuple[pl.DataFrame, OrdersReport]:
    return built(shops / "minutes")


@pytest.fixture(scope="module")
def months(shops: Path) -> tuple[pl.DataFrame, OrdersReport]:
    return built(shops / "months")


def test_codes_of_letters_in_two_countries(letters: tuple[pl.DataFrame, OrdersReport], shops: Path) -> None:
    orders, report = letters
    assert set(orders["destination_country"]) == set(orders["origin_country"]) == {"GB", "NL"}
    by_country = {"GB": r"^[A-Z]{1,2}\d{1,2}\d[A-Z]{2}$", "NL": r"^\d{4}[A-Z]{2}$"}
    for country, pattern in by_country.items():
        codes = orders.filter(pl.col("destination_country") == country)["destination_postal_code"]
        assert codes.str.contains(pattern).all()
    places = pl.read_csv(shops / "letters" / "places.csv")
    known = set(places["postal_code"].str.replace(" ", ""))
    assert set(orders["destination_postal_code"]) <= known
    assert report.dropped.keys() == {"cancelled", "lost"}
    assert 1 < report.median_days < 5


def test_borders_carriers_and_services_tell_days(letters: tuple[pl.DataFrame, OrdersReport]) -> None:
    orders = letters[0].drop_nulls("days")
    abroad = pl.col("origin_country") != pl.col("destination_country")
    medians = orders.group_by(abroad.alias("abroad")).agg(pl.median("days")).sort("abroad")["days"]
    assert medians[1] > medians[0] + 1
    by_service = dict(orders.filter(~abroad).group_by("service").agg(pl.median("days")).iter_rows())
    assert by_service["express"] < 0.85 * by_service["standard"]


def test_the_newest_orders_are_under_way(letters: tuple[pl.DataFrame, OrdersReport]) -> None:
    orders, report = letters
    under_way = orders.filter(pl.col("days").is_null())
    assert 0 < under_way.height < 0.05 * orders.height
    assert under_way["purchase_timestamp"].quantile(0.1) > orders["purchase_timestamp"].quantile(0.9)
    assert report.kept - report.delivered == under_way.height


def test_minutes_at_both_ends_of_a_city(minutes: tuple[pl.DataFrame, OrdersReport]) -> None:
    orders, report = minutes
    spans = orders["days"].drop_nulls() * 1_440
    assert 15 < spans.median() < 45  # type: ignore[operator]
    assert spans.quantile(0.99) < 180  # type: ignore[operator]
    assert orders.select(pl.col("^(origin|destination)_(lat|lng)$").null_count()).row(0) == (0, 0, 0, 0)
    assert report.dropped.keys() == {"cancelled"}
    local = orders["purchase_timestamp"].dt.convert_time_zone("America/New_York")
    assert local.dt.hour().is_in([12, 18, 19]).mean() > 0.3  # type: ignore[operator]


def test_months_to_countries_alone(months: tuple[pl.DataFrame, OrdersReport]) -> None:
    orders, report = months
    assert 60 < report.median_days < 120
    assert orders["destination_country"].n_unique() > 5
    ends = ("lat", "lng", "postal_code", "region")
    assert all(orders[f"{end}_{name}"].count() == 0 for end in ("origin", "destination") for name in ends)
    known = orders.drop_nulls("days")
    promised = (known["promised_timestamp"] - known["purchase_timestamp"]).dt.total_seconds() / 86_400
    missed, constant = (known["days"] - promised).abs().mean(), (known["days"] - known["days"].median()).abs().mean()
    assert 0.3 * constant < missed < 0.8 * constant, "the promise knows the workshop's queue"  # type: ignore[operator]


@pytest.mark.parametrize("kind", sorted(generate.KINDS))
def test_nothing_is_odd_but_the_promise_and_what_is_not_told(kind: str, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(kind)[1]
    untold = {"origin-unknown", *(["destination-unknown"] if kind == "months" else [])}
    assert {finding.code for finding in report.findings} <= {"promise", "default-promise", *untold}
    assert report.unreadable == {}
    assert report.barred == ()


@pytest.mark.parametrize("kind", sorted(generate.KINDS))
def test_the_same_seed_makes_the_same_files_in_time_order_with_distinct_ids(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "CHUNK", 400)
    for name, seed in {"one": 1, "again": 1, "other": 2}.items():
        synthesize_shop(kind, 1_000, seed, tmp_path / name)
    content = {name: (tmp_path / name / "orders.csv").read_bytes() for name in ("one", "again", "other")}
    assert content["one"] == content["again"] != content["other"]
    orders, _ = built(tmp_path / "one")
    assert orders["purchase_timestamp"].is_sorted()
    assert orders["order_id"].n_unique() == orders.height
    assert read_shop(tmp_path / "one" / "shop.toml").name == kind


def test_real_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("mine")
    with pytest.raises(InvalidInput, match="left alone"):
        synthesize_shop("minutes", 10, 7, tmp_path)
    assert (tmp_path / "orders.csv").read_text() == "mine"
