"""What is odd in a table of orders is found, and what is not odd is not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from support.shop_files import ShopFolder
from trainer.sources.oddities.oddity import Oddity
from trainer.sources.oddities.times import swapped

COUNT = 400
START = datetime(2021, 1, 4)  # noqa: DTZ001 - the shop's clock


def ordinary() -> pl.DataFrame:
    """Orders of four months in Germany, delivered after 1 to 6 days, promised for the day after the median."""
    rng = np.random.default_rng(1)
    bought = [START + timedelta(hours=7 * row + float(rng.uniform(0, 5))) for row in range(COUNT)]
    days = rng.gamma(6, 0.5, COUNT)
    return pl.DataFrame(
        {
            "order_id": [f"o{row}" for row in range(COUNT)],
            "purchase_timestamp": bought,
            "delivered_timestamp": [at + timedelta(days=float(day)) for at, day in zip(bought, days, strict=True)],
            "promised_timestamp": [at + timedelta(days=3, hours=float(rng.uniform(0, 24))) for at in bought],
            "origin_id": rng.choice(["north", "south"], COUNT),
            "destination_lat": rng.uniform(47.5, 54.5, COUNT),
            "destination_lng": rng.uniform(7, 14, COUNT),
            "weight": rng.gamma(2, 3, COUNT),
            "carrier": rng.choice(["fast", "cheap"], COUNT),
        }
    )


Change = Callable[[pl.DataFrame], pl.DataFrame]


@pytest.fixture
def findings(made: ShopFolder) -> Callable[[Change], dict[str, Oddity]]:
    """The findings on the ordinary orders after a change, by code."""

    def found(change: Change) -> dict[str, Oddity]:
        change(ordinary()).write_parquet(made.folder / "orders.parquet")
        made.shop(
            rest='[facts]\nnumeric = ["weight"]\ncategory = ["carrier"]', source="orders.parquet", zone="Europe/Berlin"
        )
        return {finding.code: finding for finding in made.build()[1].findings}

    return found


def set_where(frame: pl.DataFrame, rows: pl.Expr, **values: pl.Expr) -> pl.DataFrame:
    return frame.with_columns(
        pl.when(rows).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items()
    )


ROW = pl.int_range(pl.len())
BOUGHT, ENDED, PROMISED = (pl.col(f"{name}_timestamp") for name in ("purchase", "delivered", "promised"))


def test_ordinary_orders_have_nothing_odd(findings: Callable[[Change], dict[str, Oddity]]) -> None:
    found = findings(lambda orders: orders)
    assert found.keys() == {"promise"}
    assert found["promise"].text.startswith("the promise misses by 1.")


@pytest.mark.parametrize(
    ("code", "count", "text", "change"),
    [
        ("negative-span", 7, "7 rows end before they begin: dropped",
         lambda o: set_where(o, ROW < 7, delivered_timestamp=BOUGHT - pl.duration(hours=5))),
        ("one-end-date", 103, "orders all end on 2021-03-01: booked in one go?",
         lambda o: set_where(o, ROW.is_between(60, 159), delivered_timestamp=pl.datetime(2021, 3, 1, 12))),
        ("one-day", COUNT, "all 400 orders were bought on one day",
         lambda o: o.with_columns(purchase_timestamp=pl.datetime(2021, 1, 4, 1) + ROW * pl.duration(minutes=3))),
        ("empty-months", 1, "1 month(s) without any order: 2021-02",
         lambda o: o.filter(BOUGHT.dt.month() != 2)),
        ("dates-only", COUNT, "purchases are dates without a time of day",
         lambda o: o.with_columns(BOUGHT.dt.truncate("1d"))),
        ("default-promise", 200, "200 of 400 (50%) promises are exactly 100 hours: a default",
         lambda o: set_where(o, ROW < 200, promised_timestamp=BOUGHT + pl.duration(hours=100))),
        ("promise-leaks", 240, "240 of 400 (60%) promises equal the delivery: revised after the purchase",
         lambda o: set_where(o, ROW < 240, promised_timestamp=ENDED)),
        ("promise-too-good", COUNT, "too good, so never an input",
         lambda o: o.with_columns(promised_timestamp=ENDED + pl.duration(minutes=20))),
        ("promised-before-bought", 9, "9 of 400 (2%) were promised for before the purchase",
         lambda o: set_where(o, ROW < 9, promised_timestamp=BOUGHT - pl.duration(hours=1))),
        ("shipped-before-bought", 12, "12 of 400 (3%) were handed over before they were bought",
         lambda o: o.with_columns(shipped_timestamp=BOUGHT + (ROW - 11.5).sign() * pl.duration(hours=1))),
        ("bought-after-the-end", 5, "5 were bought long after the newest delivery: day and month swapped?",
         lambda o: set_where(o, ROW < 5, purchase_timestamp=pl.datetime(2021, 9, 1), delivered_timestamp=pl.lit(None))),
        ("destination-swapped", COUNT, "destination: latitude and longitude look swapped in all 400 orders of DE",
         lambda o: o.rename({"destination_lat": "destination_lng", "destination_lng": "destination_lat"})),
        ("origin-unknown", 200, "200 of 400 (50%) orders have no origin: they get their country's average",
         lambda o: set_where(o, ROW < 200, origin_id=pl.lit(None))),
        ("same-place", COUNT, "delivered orders have the same coordinates at both ends",
         lambda o: o.with_columns(origin_lat="destination_lat", origin_lng="destination_lng")),
        ("many-values", COUNT, "carrier has 400 values in 400 orders, like an id: nothing is learned from it",
         lambda o: o.with_columns(carrier="order_id")),
        ("constant-fact", COUNT, "carrier has one value in every order", lambda o: o.with_columns(carrier=pl.lit("x"))),
        ("empty-fact", COUNT, "weight is empty in every order",
         lambda o: o.with_columns(weight=pl.lit(None, pl.Float64))),
        ("fact-leaks", COUNT, "weight goes with the delivery itself (rank correlation 1.00): not known at the purchase",
         lambda o: o.with_columns(weight=(ENDED - BOUGHT).dt.total_seconds())),
    ],
)  # fmt: skip
def test_each_oddity_is_found_with_its_number(
    findings: Callable[[Change], dict[str, Oddity]], code: str, count: int, text: str, change: Change
) -> None:
    found = findings(change)
    assert code in found
    assert text in found[code].text
    assert found[code].count == pytest.approx(count, abs=5 if code == "one-end-date" else 0)


@pytest.mark.parametrize(
    ("code", "barred"), [("promise-leaks", "promised_timestamp"), ("many-values", "carrier"), ("fact-leaks", "weight")]
)
def test_what_would_leak_is_never_an_input(made: ShopFolder, code: str, barred: str) -> None:
    leak = {"promised_timestamp": ENDED, "carrier": pl.col("order_id"), "weight": (ENDED - BOUGHT).dt.total_seconds()}
    ordinary().with_columns(**{barred: leak[barred]}).write_parquet(made.folder / "orders.parquet")
    made.shop(rest='[facts]\nnumeric = ["weight"]\ncategory = ["carrier"]', source="orders.parquet")
    report = made.build()[1]
    assert code in {finding.code for finding in report.findings}
    assert report.barred == (barred,)


def test_day_and_month_exchanged_explain_spans_that_end_before_they_begin(
    findings: Callable[[Change], dict[str, Oddity]],
) -> None:
    def exchange(orders: pl.DataFrame) -> pl.DataFrame:
        text = BOUGHT.dt.strftime("%Y-%d-%m %H:%M:%S")
        other = text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
        return set_where(
            orders, (BOUGHT.dt.month() == 1) & (BOUGHT.dt.day() > 4) & other.is_not_null(), purchase_timestamp=other
        )

    found = findings(exchange)
    assert found["swapped-purchase"].count == found["negative-span"].count > 20
    assert found["after-the-end"].count > 5


@pytest.mark.parametrize(("local", "other"), [("2020-03-04 01:30", "2020-04-03 01:30"), ("2020-03-25 01:30", None)])
def test_day_and_month_are_exchanged_on_the_shop_s_clock(local: str, other: str | None) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    moment = pl.Series([datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)])
    found = pl.select(swapped(pl.lit(moment), zone.key)).to_series()[0]
    assert found == (other and datetime.fromisoformat(other).replace(tzinfo=zone))
