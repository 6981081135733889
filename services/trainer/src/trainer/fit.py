"""Fit the CatBoost model and write its bundle."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from catboost import CatBoostRegressor, Pool

from common import bundle
from common.bundle import Manifest
from common.features import FEATURE_NAMES, features
from common.geography import Centroids
from trainer.training_table import Labelled

QUANTILES = (0.05, 0.5, 0.95)
REFERENCE_ROWS = 5_000


def read_centroids(data_dir: Path) -> Centroids:
    """Locations of the zip prefixes from the prepared data."""
    table = pl.read_parquet(data_dir / "prepared" / "geolocation.parquet")
    return Centroids.of(table["zip_code_prefix"].to_numpy(), table["lat"].to_numpy(), table["lng"].to_numpy())


def fit(train: Labelled, centroids: Centroids, params: dict[str, Any], seed: int = 0) -> CatBoostRegressor:
    """A model of the quantiles 5, 50 and 95 % of the days to delivery."""
    model = CatBoostRegressor(
        loss_function="MultiQuantile:alpha=" + ",".join(map(str, QUANTILES)),
        random_seed=seed,
        allow_writing_files=False,
        verbose=False,
        thread_count=2,
        **params,
    )
    model.fit(Pool(features(train.orders, centroids), train.days, feature_names=list(FEATURE_NAMES)))
    return model


def write_bundle(
    folder: Path,
    model: CatBoostRegressor,
    centroids: Centroids,
    train: Labelled,
    metrics: dict[str, float],
    fingerprint: str,
) -> None:
    """Write a bundle folder (see `common.bundle`) from a fitted model; replaces what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.save_model(str(folder / "model.cbm"))
    model.save_model(str(folder / "model.json"), format="json")
    known = np.flatnonzero(np.isfinite(centroids.lat))
    pl.DataFrame({"zip_code_prefix": known, "lat": centroids.lat[known], "lng": centroids.lng[known]}).write_csv(
        folder / "centroids.csv"
    )
    _reference(model, centroids, train).write_csv(folder / "reference.csv")
    purchases = train.orders.purchase_timestamp
    bundle.save(
        folder,
        Manifest(
            trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
            code_version=code_version(),
            feature_names=list(FEATURE_NAMES),
            training_window={"start": str(purchases.min()), "end": str(purchases.max())},
            metrics=metrics,
            data_fingerprint=fingerprint,
        ),
    )


def code_version() -> str:
    """The commit this code was checked out at (an image carries it in REVISION), or `unknown` outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return os.environ.get("REVISION", "unknown")
    found = subprocess.run([git, "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def _reference(model: CatBoostRegressor, centroids: Centroids, train: Labelled) -> pl.DataFrame:
    """A sample of the training rows with their predictions: what monitoring compares with."""
    chosen = np.sort(np.random.default_rng(0).permutation(len(train))[:REFERENCE_ROWS])
    orders = train.orders
    return pl.DataFrame(
        {
            "seller_zip_code_prefix": orders.seller_zip_code_prefix[chosen],
            "customer_lat": orders.customer_lat[chosen],
            "customer_lng": orders.customer_lng[chosen],
            "purchase_timestamp": orders.purchase_timestamp[chosen].astype("datetime64[ms]"),
            "prediction": np.sort(model.predict(features(orders, centroids)[chosen]), axis=1)[:, 1],
            "delivery_days": train.days[chosen],
        }
    )
