"""Columns of every type that Parquet and databases have, as the texts that a CSV would hold."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl
import pytest

from trainer.sources.raw.table import as_text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("a", pl.String, "a"),
        ("", pl.String, None),
        ("a", pl.Categorical, "a"),
        ("a", pl.Enum(["a"]), "a"),
        (7, pl.UInt64, "7"),
        (Decimal("1.50"), pl.Decimal(10, 2), "1.50"),
        (0.5, pl.Float32, "0.5"),
        (float("nan"), pl.Float64, "NaN"),
        (True, pl.Boolean, "true"),
        (date(2021, 3, 1), pl.Date, "2021-03-01"),
        (datetime(2021, 3, 1, 10), pl.Datetime("ns"), "2021-03-01T10:00:00.000000"),  # noqa: DTZ001 - the shop's clock
        (datetime(2021, 3, 1, 10, tzinfo=UTC), pl.Datetime("ms", "Asia/Kolkata"), "2021-03-01T10:00:00.000000Z"),
        (time(1, 2), pl.Time, "01:02:00"),
        (timedelta(hours=1), pl.Duration("us"), "3600.0"),
        ([1], pl.List(pl.Int64), None),
        ({"a": 1}, pl.Struct({"a": pl.Int64}), None),
        (b"x", pl.Binary, None),
        (None, pl.Null, None),
    ],
)
def test_a_value_is_the_text_of_it(value: object, kind: pl.DataType, text: str | None) -> None:
    column = as_text(pl.DataFrame({"a": pl.Series([value, None], dtype=kind)}))["a"]
    assert column.dtype == pl.String
    assert column.to_list() == [text, None]
