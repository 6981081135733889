"""A prepared data folder of made-up orders, small enough to search and register on in seconds."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import pytest

from common.orders.names import COORDINATES, FIELDS, MOMENTS
from common.orders.shop.prepared_shop import PreparedShop
from common.servers.history import HistoryStore
from common.servers.objects import ObjectStore
from support.model_fixtures import SHOP, made_up_history, made_up_places
from trainer.data.history import History
from trainer.published.publish import publish_prepared

ROWS = 4_000


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DATA_DIR with what `prepare-data` writes: orders, places and shop."""
    folder = tmp_path_factory.mktemp("data")
    write_prepared(folder)
    return folder


def write_prepared(folder: Path, rows: int = ROWS, slower: float = 1.0) -> None:
    """Write the prepared tables of a made-up history; slower: see `made_up_history`."""
    write_orders(folder, general_table(made_up_history(rows, slower=slower)))
    made_up_places().write_parquet(folder / "prepared" / "places.parquet")


def general_table(history: History) -> pl.DataFrame:
    """A history as the general table."""
    orders, rows = history.orders, len(history)
    promised = orders.purchase_timestamp + (history.promised_days * 86_400).astype("timedelta64[s]")
    return completed(
        order_id=[f"order-{number}" for number in range(rows)],
        purchase_timestamp=orders.purchase_timestamp,
        delivered_timestamp=history.delivered,
        promised_timestamp=promised,
        origin_postal_code=orders.texts["origin_postal_code"].tolist(),
        destination_country=["BR"] * rows,
        destination_lat=orders.numbers["destination_lat"],
        destination_lng=orders.numbers["destination_lng"],
    )


def completed(**columns: Any) -> pl.DataFrame:
    """The general table of these columns, moments in UTC, and empty ones for all others."""
    rows = len(columns["order_id"])
    table = {}
    for name in (*FIELDS, *(name for name in columns if name not in FIELDS)):
        kind = pl.Datetime("us") if name in MOMENTS else pl.Float64 if name in COORDINATES else pl.String
        given = columns.get(name)
        if given is None:
            table[name] = pl.repeat(None, rows, dtype=kind, eager=True)
        else:
            table[name] = pl.Series(np.asarray(given, "datetime64[us]") if name in MOMENTS else given)
    moments = (pl.col(name).dt.replace_time_zone("UTC") for name in MOMENTS)
    return pl.DataFrame(table).with_columns(moments)


def write_orders(folder: Path, table: pl.DataFrame, shop: PreparedShop = SHOP) -> None:
    """DATA_DIR with these orders, and their shop."""
    prepared = folder / "prepared"
    prepared.mkdir(parents=True, exist_ok=True)
    table.write_parquet(prepared / "orders.parquet")
    shop.write(prepared)


def published(folder: Path, objects: ObjectStore) -> HistoryStore:
    """The folder's orders as the newest history, in a part of the object store of its own."""
    store = HistoryStore(objects, f"tests/{folder.name}-{uuid4()}/")
    publish_prepared(folder / "prepared", store)
    return store
