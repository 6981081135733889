"""Rows that look like a shop's orders, and the reference drawn from the same distribution."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from common.model.geography import Geography
from common.orders.clock import Clock
from common.orders.orders import Orders
from common.orders.reading import Reading
from common.orders.regions import Regions
from monitor.windows.reference import Reference
from monitor.windows.watched import ROW_COLUMNS, Watched, WindowRows
from monitor.windows.windows import Window
from trainer.map.grid import draw_grid
from trainer.map.places import WITH_REGION, place_table

MakeTable = Callable[..., pd.DataFrame]
MakeRows = Callable[[pd.DataFrame], WindowRows]

REGIONS = [(f"region {digit}", -3.0 - 3 * digit, -40.0 - digit) for digit in range(10)]
"""From north to south, by the first of five digits of their codes."""


def shop_table(count: int, seed: int = 0) -> pd.DataFrame:
    """A window's rows: most sellers in a few regions, customers all over, days that grow with the way."""
    rng = np.random.default_rng(seed)
    region = rng.choice(10, count, p=[0.3, 0.3, 0.06, 0.08, 0.02, 0.01, 0.01, 0.02, 0.15, 0.05])
    lat = rng.choice([-23.5, -22.9, -19.9, -30.0, -12.9, -3.7], count, p=[0.45, 0.15, 0.15, 0.1, 0.1, 0.05])
    lat = lat + rng.normal(0, 1, count)
    lng = -46.6 + rng.normal(0, 4, count)
    prediction = 6 + np.abs(lat + 23.5) + np.abs(lng + 46.6) / 2 + rng.gamma(2, 1, count)
    return pd.DataFrame(
        {
            "origin_postal_code": [f"{code:05d}" for code in region * 10_000 + rng.integers(1, 10_000, count)],
            "destination_lat": lat,
            "destination_lng": lng,
            "prediction": prediction,
            "lower_days": prediction * 0.4,
            "upper_days": prediction * 2,
            "actual_days": prediction * rng.lognormal(0, 0.3, count),
        }
    )


def shop_rows(table: pd.DataFrame) -> WindowRows:
    """Such a table as the windows have it."""
    inputs = {name: table[name] for name in table if name not in ROW_COLUMNS}
    moments = np.full(len(table), np.datetime64("2018-02-05", "s"))
    return WindowRows(Orders.of_columns(inputs | {"purchase_timestamp": moments}), table[[*ROW_COLUMNS]])


@pytest.fixture(scope="session")
def table() -> MakeTable:
    return shop_table


@pytest.fixture(scope="session")
def rows() -> MakeRows:
    return shop_rows


@pytest.fixture(scope="session")
def geography() -> Geography:
    """A map of ten regions."""
    names, lat, lng = zip(*REGIONS, strict=True)
    number = np.arange(10)
    points = pl.DataFrame(
        [("BR", f"{digit}0000", None, *region, digit) for digit, region in enumerate(REGIONS)],
        schema=list(WITH_REGION),
        orient="row",
    )
    grid = draw_grid(np.array(lat), np.array(lng), number)
    regions = Regions(names, np.zeros(11, dtype=np.int8), *grid)
    return Geography(place_table(points, points.clear(), "BR", 5), regions, "BR", 5)


@pytest.fixture(scope="session")
def reference(geography: Geography) -> Reference:
    sample = shop_rows(shop_table(5_000, seed=99))
    watched = Watched.of(geography, sample.orders)
    columns = watched.columns(sample)
    low, high = columns["prediction"].quantile([0.01, 0.99])
    return Reference(
        model_version="3",
        reading=Reading(Clock("UTC")),
        watched=watched,
        columns=columns,
        in_range=(float(low), float(high)),
        median_days=float(sample.days["actual_days"].median()),
        mae=3.0,
        trained_from=datetime(2017, 1, 1, tzinfo=UTC),
        trained_until=datetime(2017, 12, 31, tzinfo=UTC),
    )


@pytest.fixture
def window() -> Window:
    return Window(datetime(2018, 2, 5, tzinfo=UTC), datetime(2018, 2, 12, tzinfo=UTC))
