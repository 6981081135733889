"""A small but real model bundle, trained in a second on made-up orders."""

from pathlib import Path

import numpy as np
import pytest

from common import bundle
from common.bundle import Bundle
from common.geography import Centroids, great_circle_km
from common.orders import Orders
from trainer.fit import fit, write_bundle
from trainer.training_table import Labelled

PARAMS = {"iterations": 40, "depth": 4, "learning_rate": 0.2, "l2_leaf_reg": 3.0}


def made_up_orders(rows: int, seed: int = 0) -> Orders:
    """Orders all over Brazil's south-east, on the days of 2017; every third zip prefix has no centroid."""
    rng = np.random.default_rng(seed)
    return Orders(
        rng.integers(1, 100_000, rows),
        rng.uniform(-30, -10, rows),
        rng.uniform(-55, -40, rows),
        np.datetime64("2017-01-01", "s") + rng.integers(0, 365 * 86_400, rows),
    )


def made_up_centroids() -> Centroids:
    """Centroids that walk from north to south with the zip prefix."""
    known = np.array([prefix for prefix in range(1, 100_000) if prefix % 3])
    return Centroids.of(known, -10 - known / 5_000, -40 - known / 10_000)


def made_up_labelled(rows: int, seed: int = 0) -> Labelled:
    """Days that grow with distance, with noise."""
    orders, centroids = made_up_orders(rows, seed), made_up_centroids()
    km = great_circle_km(
        orders.customer_lat,
        orders.customer_lng,
        centroids.lat[orders.seller_zip_code_prefix],
        centroids.lng[orders.seller_zip_code_prefix],
    )
    days = 4 + np.nan_to_num(km, nan=800.0) / 150 + np.random.default_rng(seed).gamma(2.0, 2.0, rows)
    return Labelled(orders, days)


def write_sample_bundle(folder: Path, seed: int = 0) -> None:
    """Train on made-up orders and write the bundle's folder."""
    train, centroids = made_up_labelled(3_000, seed), made_up_centroids()
    model = fit(train, centroids, PARAMS, seed)
    write_bundle(folder, model, centroids, train, {"mae": 3.0}, fingerprint="made up")


@pytest.fixture(scope="session")
def sample_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A loaded bundle, version 1."""
    folder = tmp_path_factory.mktemp("bundle") / "1"
    write_sample_bundle(folder)
    return bundle.load(folder, version="1")
