"""A small but real model bundle, trained in a second on made-up orders."""

import atexit
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import polars as pl
import pytest

from common.model import bundle
from common.model.bundle import Bundle
from common.orders.distances import great_circle_km
from common.orders.orders import Orders
from common.orders.shop.prepared_shop import PreparedShop
from common.orders.shop.sections import Facts
from trainer.data.history import History, TrainingData, end_of
from trainer.model.bundling import write_bundle
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable

PARAMS = Params(iterations=40, depth=4, learning_rate=0.2)

SHOP = PreparedShop(
    name="made-up",
    country="BR",
    time_zone="UTC",
    weekend=None,
    facts=Facts(),
    promise_barred=False,
    as_of=datetime(2018, 1, 1, tzinfo=UTC),
    synthetic=True,
)


def made_up_orders(rows: int, seed: int = 0) -> Orders:
    """Orders all over Brazil's south-east, on the days of 2017; every third postal code is no known place."""
    rng = np.random.default_rng(seed)
    code = rng.integers(1, 100_000, rows)
    lat, lng = rng.uniform(-30, -10, rows), rng.uniform(-55, -40, rows)
    purchase = np.datetime64("2017-01-01", "s") + rng.integers(0, 365 * 86_400, rows)
    return Orders.of_columns(
        {
            "origin_postal_code": [f"{number:05d}" for number in code],
            "destination_lat": lat,
            "destination_lng": lng,
            "purchase_timestamp": purchase,
        }
    )


def codes_of(orders: Orders) -> np.ndarray:
    """The orders' postal codes as numbers."""
    return np.array([int(code or 0) for code in orders.texts["origin_postal_code"].tolist()])


def made_up_places() -> pl.DataFrame:
    """Places that walk from north to south with the postal code, through Minas Gerais into São Paulo."""
    known = np.array([code for code in range(1, 100_000) if code % 3])
    lat = -10 - known / 5_000
    return pl.DataFrame(
        {
            "country": ["BR"] * len(known),
            "postal_code": [f"{code:05d}" for code in known],
            "lat": lat,
            "lng": -40 - known / 10_000,
            "region": np.where(lat > -20, "MG", "SP"),
        }
    )


def made_up_history(rows: int, seed: int = 0, slower: float = 1.0) -> History:
    """Days that grow with distance, with noise; one order in fifty is still under way.

    slower: by what factor all take longer from July on.
    """
    orders = made_up_orders(rows, seed)
    code = codes_of(orders)
    km = great_circle_km(
        orders.numbers["destination_lat"],
        orders.numbers["destination_lng"],
        -10 - code / 5_000,
        -40 - code / 10_000,
    )
    rng = np.random.default_rng(seed)
    days = 4 + km / 150 + rng.gamma(2.0, 2.0, rows)
    days *= np.where(orders.purchase_timestamp < np.datetime64("2017-07-01"), 1.0, slower)
    delivered = orders.purchase_timestamp + (days * 86_400).astype("timedelta64[s]")
    delivered[rng.random(rows) < 0.02] = np.datetime64("NaT")
    by_purchase = np.argsort(orders.purchase_timestamp, kind="stable")
    return History(orders, delivered, days + 10).where(by_purchase)


def with_hand_overs(history: History, seed: int = 0) -> History:
    """The same orders, each handed over after up to half of its time."""
    part = np.random.default_rng(seed).uniform(0.05, 0.5, len(history))
    days = np.where(np.isnat(history.delivered), 20.0, history.days)
    return replace(history, shipped=history.orders.purchase_timestamp + (part * days * 86_400).astype("timedelta64[s]"))


def made_up_data(rows: int, seed: int = 0) -> TrainingData:
    """All of it, as training reads it."""
    return TrainingData(with_hand_overs(made_up_history(rows, seed)), SHOP, made_up_places())


def write_sample_bundle(folder: Path, seed: int = 0) -> None:
    """Write the folder of a bundle that learned from made-up orders."""
    shutil.copytree(_trained(seed), folder, dirs_exist_ok=True)


@cache
def _trained(seed: int) -> Path:
    """A bundle of this process, trained once."""
    folder = Path(mkdtemp(prefix="bundle-"))
    atexit.register(shutil.rmtree, folder)
    table = TrainingTable.of(made_up_data(3_000, seed))
    write_bundle(folder, fit(table, end_of(table.history), PARAMS, seed), table, {"mae": 3.0}, "made up")
    return folder


@pytest.fixture(scope="session")
def sample_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A loaded bundle, version 1."""
    folder = tmp_path_factory.mktemp("bundle") / "1"
    write_sample_bundle(folder)
    return bundle.load(folder, version="1")
