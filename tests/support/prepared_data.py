"""A prepared data folder of made-up orders, small enough to search and register on in seconds."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from common.orders.places import STATES
from support.model_fixtures import made_up_history, made_up_places

ROWS = 4_000


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DATA_DIR with `prepared/orders.parquet` and `prepared/geolocation.parquet`."""
    folder = tmp_path_factory.mktemp("data")
    write_prepared(folder)
    return folder


def write_prepared(folder: Path, rows: int = ROWS) -> None:
    """Write the prepared tables of a made-up history."""
    history, places = made_up_history(rows), made_up_places()
    prepared = folder / "prepared"
    prepared.mkdir(parents=True)
    pl.DataFrame(
        {
            "order_id": [f"order-{number}" for number in range(rows)],
            "seller_zip_code_prefix": history.orders.seller_zip_code_prefix,
            "customer_lat": history.orders.customer_lat,
            "customer_lng": history.orders.customer_lng,
            "purchase_timestamp": history.orders.purchase_timestamp.astype("datetime64[ms]"),
            "delivered_timestamp": history.delivered.astype("datetime64[ms]"),
            "promised_days": history.promised_days,
        }
    ).write_parquet(prepared / "orders.parquet")
    known = np.flatnonzero(places.known)
    pl.DataFrame(
        {
            "zip_code_prefix": known,
            "lat": places.lat[known],
            "lng": places.lng[known],
            "state": [STATES[state] for state in places.state[known]],
        }
    ).write_parquet(prepared / "geolocation.parquet")
