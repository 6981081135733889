"""A file may have the purchase times that a request may have, and no others."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from common.orders.clock import Clock
from common.orders.moments import moment_of, naive_utc
from common.orders.reading import Reading
from common.orders.validation import Validated, validate

JANUARY = datetime(2018, 1, 1, tzinfo=UTC)
NOW = datetime(2018, 5, 1, tzinfo=UTC)


def validated(times: pa.Array, zone: str = "UTC") -> Validated:
    """Orders of a shop in the zone that are right but for their times."""
    columns = {"seller_zip_code_prefix": pa.array([9350] * len(times)), "purchase_timestamp": times}
    columns |= {name: pa.array([-23.5] * len(times)) for name in ("customer_lat", "customer_lng")}
    return validate(columns, NOW, Reading(Clock(zone)))


@pytest.mark.parametrize(
    "text", ["yesterday", "1514800000", "9999-01-01", "1999-12-31T23:59:59", "2100-01-01 00:00:00"]
)
def test_what_a_request_may_not_have_costs_the_row(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601 time from 2000 to 2099"):
        moment_of(text)
    assert list(validated(pa.array(["2018-01-01", text])).reasons) == [1]


@pytest.mark.parametrize(
    "text", ["2018-01-01", "20180101", "2018-W01-1", " 2018-01-01T00:00 ", "2018-01-01T01:00+01:00"]
)
def test_what_a_request_may_have_means_the_same_in_a_file(text: str) -> None:
    assert naive_utc(moment_of(text)).isoformat() == "2018-01-01T00:00:00"
    found = validated(pa.array([text, "2018-01-01 00:00:00"]))
    assert np.all(found.orders.purchase_timestamp == np.datetime64("2018-01-01T00:00:00"))
    assert found.good.all()


WRITTEN_BY = {
    "BigQuery": "2018-02-15 10:00:00 UTC",
    "BigQuery, with a fraction": "2018-02-15 10:00:00.123456 UTC",
    "Postgres, Redshift": "2018-02-15 10:00:00+00",
    "Postgres in India": "2018-02-15 15:30:00+05:30",
    "Spark's files": "2018-02-15T10:00:00.000+0000",
    "Java": "2018-02-15T10:00:00Z[UTC]",
    "Java in Brazil": "2018-02-15T08:00:00.5-02:00[America/Sao_Paulo]",
    "SQL Server": "2018-02-15 10:00:00.1234567 +00:00",
    "Snowflake": "2018-02-15 10:00:00.000 +0000",
    "Trino": "2018-02-15 10:00:00.000 UTC",
    "Trino in Brazil": "2018-02-15 08:00:00.000 America/Sao_Paulo",
    "pandas": "2018-02-15 10:00:00.123456789+00:00",
    "Ruby": "2018-02-15 12:00:00 +0200",
    "Go": "2018-02-15 10:00:00.12 +0000 UTC",
    "JavaScript": "2018-02-15T10:00:00.000Z",
    "a blank before the zone": "2018-02-15 10:00:00 Z",
    "Greenwich": "2018-02-15 10:00:00 GMT",
    "small letters": "2018-02-15t10:00:00z",
}
ON_THE_SHOP_S_CLOCK = {
    "SQL Server without a zone": "2018-02-15 10:00:00.1234567",
    "Spark to the nanosecond": "2018-02-15T10:00:00.000000000",
    "a fraction after a comma": "2018-02-15T10:00:00,123",
    "a sheet, to the minute": "2018-02-15 10:00",
    "two blanks": "2018-02-15  10:00:00",
}


@pytest.mark.parametrize(
    "text", [*WRITTEN_BY.values(), *ON_THE_SHOP_S_CLOCK.values()], ids=[*WRITTEN_BY, *ON_THE_SHOP_S_CLOCK]
)
@pytest.mark.parametrize("other", ["2018-02-15T10:00:00Z", None], ids=["beside another form", "alone"])
def test_what_databases_and_languages_write_is_taken(text: str, other: str | None) -> None:
    assert naive_utc(moment_of(text)).replace(microsecond=0).isoformat() == "2018-02-15T10:00:00"
    for column in (pa.array([text, text, other]), pa.array([other, f" {text} ", text], pa.large_string())):
        found = validated(column)
        assert found.good.all()
        moments = found.orders.purchase_timestamp[column.is_valid().to_numpy(False)]
        assert set(moments.astype(str).tolist()) == {"2018-02-15T10:00:00"}


@pytest.mark.parametrize(
    "text",
    ["2018-02-15-03:00", "2018-02-15+03:00", "2018-02-15Z", "2018-02-15 10:00 CET", "2018-02-15 10:00 Mars/Base",
     "2018-02-15 10:00 ../etc", "2018-02-15 10:00 America/Argentina", "15/02/2018 10:00", "02-15-2018",
     "2018-02-15 24:00", "2018-02-15T10:00+24:00", "Feb 15 2018 10:00AM", "2018-02-15 10:00:00 UTC and more"],
)  # fmt: skip
def test_what_may_mean_something_else_costs_the_row_alone(text: str) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        moment_of(text)
    found = validated(pa.array(["2018-02-15 10:00:00 UTC", text, "2018-02-15 10:00:00 UTC"]))
    assert list(found.reasons) == [1]
    assert f"(got {text[:40]!r})" in found.reasons[1]


@pytest.mark.parametrize("zone", [None, "UTC", "America/Sao_Paulo"])
def test_a_column_of_times_keeps_to_the_same_years(zone: str | None) -> None:
    found = validated(pa.array([JANUARY, JANUARY.replace(year=2262), None], pa.timestamp("us", zone)))
    assert list(found.reasons) == [1]
    assert "from 2000 to 2099 (got 2262-01-01T00:00:00)" in found.reasons[1]
    assert found.orders.purchase_timestamp.astype(str).tolist() == ["2018-01-01T00:00:00", "2018-05-01T00:00:00"]


@pytest.mark.parametrize("zone", [None, "UTC"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_time_of_any_unit_is_taken_and_its_extremes_cost_their_row(unit: str, zone: str | None) -> None:
    kind = pa.timestamp(unit, zone)
    moment = int(JANUARY.timestamp()) * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    found = validated(pa.array([moment, moment + (unit == "ns"), 2**63 - 1, -(2**63) + 1], pa.int64()).view(kind))
    assert list(found.reasons) == [2, 3]
    assert found.orders.purchase_timestamp.astype(str).tolist() == ["2018-01-01T00:00:00"] * 2


def test_the_reason_names_the_date_that_is_there() -> None:
    found = validated(pa.array([datetime(2602, 3, 4, tzinfo=UTC)], pa.timestamp("us")))
    assert "(got 2602-03-04T00:00:00)" in found.reasons[0]


@pytest.mark.parametrize(
    "times",
    [
        pa.array(["2018-01-01 22:00", "2018-01-02T01:00:00Z", "2018-01-02T02:00+01:00", None]),
        pa.array(["2018-01-01 22:00", "2018-01-01T22:00:00", " ", "2018-01-01T22:00"]),
        pa.array([JANUARY.replace(hour=22, tzinfo=None)] * 4, pa.timestamp("us")),
        pa.array([JANUARY.replace(day=2, hour=1)] * 4, pa.timestamp("us", "UTC")),
    ],
    ids=["texts", "texts without zone", "times without zone", "times with zone"],
)
def test_a_time_without_a_zone_is_the_shop_s_clock(times: pa.Array) -> None:
    found = validated(times, "Etc/GMT+3")
    assert found.good.all()
    moments = found.orders.purchase_timestamp[[text not in (None, " ") for text in times.to_pylist()]]
    assert set(moments.astype(str).tolist()) == {"2018-01-02T01:00:00"}
