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
