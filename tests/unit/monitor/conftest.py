"""Rows that look like a shop's orders, and the reference drawn from the same distribution."""

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from monitor.windows.reference import Reference
from monitor.windows.watched import watched
from monitor.windows.windows import Window

MakeRows = Callable[..., pd.DataFrame]


def shop_rows(count: int, seed: int = 0) -> pd.DataFrame:
    """A window's rows: most sellers in São Paulo, customers all over, days that grow with the way."""
    rng = np.random.default_rng(seed)
    region = rng.choice(10, count, p=[0.3, 0.3, 0.06, 0.08, 0.02, 0.01, 0.01, 0.02, 0.15, 0.05])
    lat = rng.choice([-23.5, -22.9, -19.9, -30.0, -12.9, -3.7], count, p=[0.45, 0.15, 0.15, 0.1, 0.1, 0.05])
    lat = lat + rng.normal(0, 1, count)
    lng = -46.6 + rng.normal(0, 4, count)
    prediction = 6 + np.abs(lat + 23.5) + np.abs(lng + 46.6) / 2 + rng.gamma(2, 1, count)
    return pd.DataFrame(
        {
            "seller_zip_code_prefix": (region * 10_000 + rng.integers(1, 10_000, count)).astype("float64"),
            "customer_lat": lat,
            "customer_lng": lng,
            "prediction": prediction,
            "lower_days": prediction * 0.4,
            "upper_days": prediction * 2,
            "actual_days": prediction * rng.lognormal(0, 0.3, count),
        }
    )


@pytest.fixture(scope="session")
def rows() -> MakeRows:
    return shop_rows


@pytest.fixture(scope="session")
def reference() -> Reference:
    sample = shop_rows(5_000, seed=99)
    columns = watched(sample)
    low, high = columns["prediction"].quantile([0.01, 0.99])
    return Reference(
        model_version="3",
        columns=columns,
        in_range=(float(low), float(high)),
        median_days=float(sample["actual_days"].median()),
        mae=3.0,
        trained_from=datetime(2017, 1, 1, tzinfo=UTC),
        trained_until=datetime(2017, 12, 31, tzinfo=UTC),
    )


@pytest.fixture
def window() -> Window:
    return Window(datetime(2018, 2, 5, tzinfo=UTC), datetime(2018, 2, 12, tzinfo=UTC))
