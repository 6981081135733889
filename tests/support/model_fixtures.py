"""A small but real model bundle, trained in a second on made-up orders."""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest

from common.model import bundle
from common.model.bundle import Bundle
from common.orders.distances import great_circle_km
from common.orders.fields import Orders
from common.orders.places import STATES, Places
from trainer.data.history import History, TrainingData, end_of
from trainer.data.state_grid import state_grid
from trainer.model.bundling import write_bundle
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable

PARAMS = Params(iterations=40, depth=4, learning_rate=0.2)


def made_up_orders(rows: int, seed: int = 0) -> Orders:
    """Orders all over Brazil's south-east, on the days of 2017; every third zip prefix has no centroid."""
    rng = np.random.default_rng(seed)
    return Orders(
        rng.integers(1, 100_000, rows),
        rng.uniform(-30, -10, rows),
        rng.uniform(-55, -40, rows),
        np.datetime64("2017-01-01", "s") + rng.integers(0, 365 * 86_400, rows),
    )


def made_up_places() -> Places:
    """Places that walk from north to south with the zip prefix, through Minas Gerais into São Paulo."""
    known = np.array([prefix for prefix in range(1, 100_000) if prefix % 3])
    lat, lng = -10 - known / 5_000, -40 - known / 10_000
    state = np.where(lat > -20, STATES.index("MG"), STATES.index("SP")).astype(np.int8)
    return Places.of(known, lat, lng, state, state_grid(lat, lng, state))


def made_up_history(rows: int, seed: int = 0) -> History:
    """Days that grow with distance, with noise; one order in fifty is still under way."""
    orders, places = made_up_orders(rows, seed), made_up_places()
    km = great_circle_km(
        orders.customer_lat,
        orders.customer_lng,
        places.lat[orders.seller_zip_code_prefix],
        places.lng[orders.seller_zip_code_prefix],
    )
    rng = np.random.default_rng(seed)
    days = 4 + km / 150 + rng.gamma(2.0, 2.0, rows)
    delivered = orders.purchase_timestamp + (days * 86_400).astype("timedelta64[s]")
    delivered[rng.random(rows) < 0.02] = np.datetime64("NaT")
    by_purchase = np.argsort(orders.purchase_timestamp, kind="stable")
    return History(orders, delivered, days + 10).where(by_purchase)


def write_sample_bundle(folder: Path, seed: int = 0) -> None:
    """Write the folder of a bundle that learned from made-up orders."""
    shutil.copytree(_trained(seed), folder, dirs_exist_ok=True)


@cache
def _trained(seed: int) -> Path:
    """A bundle of this process, trained once."""
    folder = Path(mkdtemp(prefix="bundle-"))
    atexit.register(shutil.rmtree, folder)
    table = TrainingTable.of(TrainingData(made_up_history(3_000, seed), made_up_places()))
    write_bundle(folder, fit(table, end_of(table.history), PARAMS, seed), table, {"mae": 3.0}, "made up")
    return folder


@pytest.fixture(scope="session")
def sample_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A loaded bundle, version 1."""
    folder = tmp_path_factory.mktemp("bundle") / "1"
    write_sample_bundle(folder)
    return bundle.load(folder, version="1")
