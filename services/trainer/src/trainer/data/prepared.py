"""The prepared orders and places, as `prepare-data` writes them: a source of training data."""

from pathlib import Path

import numpy as np
import polars as pl

from common.errors import InvalidInput
from common.orders.fields import Orders
from common.orders.places import STATES, Places
from trainer.data.history import History, TrainingData
from trainer.data.state_grid import state_grid

NEEDED = ["seller_zip_code_prefix", "customer_lat", "customer_lng", "purchase_timestamp", "delivered_timestamp"]


def read_prepared(folder: Path) -> TrainingData:
    """The folder's orders, by purchase time, and places; InvalidInput says what to run, or what is wrong with them."""
    return TrainingData(read_history(folder), read_places(folder))


def read_history(folder: Path) -> History:
    """The prepared orders by purchase time."""
    path = folder / "orders.parquet"
    if not path.exists():
        raise InvalidInput(f"{path} does not exist: run `make prepare-data` first")
    table = pl.read_parquet(path).sort("purchase_timestamp", "order_id")
    missing = set(NEEDED) - set(table.columns)
    if missing:
        raise InvalidInput(f"{path} lacks {', '.join(sorted(missing))}: run `make prepare-data` again")
    if table["delivered_timestamp"].count() == 0:
        raise InvalidInput(f"{path} holds no delivered order: widen the data, there is nothing to learn from")
    return History(
        Orders.of_columns(table),
        table["delivered_timestamp"].to_numpy().astype("datetime64[s]"),
        table["promised_days"].to_numpy().astype(np.float64),
    )


def read_places(folder: Path) -> Places:
    """The prepared places; InvalidInput if a state is none of Brazil's."""
    path = folder / "geolocation.parquet"
    if not path.exists():
        raise InvalidInput(f"{path} does not exist: run `make prepare-data` first")
    table = pl.read_parquet(path).sort("zip_code_prefix")
    strange = table.filter(~pl.col("state").is_in(STATES))
    if not strange.is_empty():
        raise InvalidInput(f"{strange.height} zip prefixes lie in no state of Brazil, e.g. {strange['state'][0]!r}")
    state = np.array([STATES.index(name) for name in table["state"]], dtype=np.int8)
    lat, lng = table["lat"].to_numpy(), table["lng"].to_numpy()
    return Places.of(table["zip_code_prefix"].to_numpy(), lat, lng, state, state_grid(lat, lng, state))
