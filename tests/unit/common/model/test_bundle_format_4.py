"""A bundle of format 4, from when there was one shop, answers what it answered then."""

import csv
import json
import math
import shutil
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from common.errors import DamagedBundle
from common.model import bundle
from common.model.bundle import ARRAYS, MANIFEST, PACE, Bundle
from common.model.bundle_format_4 import GROUP_OF, PACE_GROUPS, REST, STATES
from common.model.predictor import SPREAD_WEIGHT, Predictor
from common.model.working_time import WorkingTime
from common.orders.distances import great_circle_km
from common.orders.fields import Order

PACES = (6.0, 9.0, 8.0, 10.0, 14.0, 11.0, 7.0)
HOLIDAYS = ["2018-01-01", "2018-12-25"]
NEW = {"typical_days", "shop", "calendar", "map", "fact_effects", "under_way", "after_hand_over"}


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    return {
        "places_lat": rng.uniform(-33, 5, 100_000),
        "places_lng": rng.uniform(-73, -34, 100_000),
        "places_known": rng.random(100_000) < 0.7,
        "places_state": rng.integers(0, len(STATES), 100_000).astype(np.int8),
        "places_state_grid": rng.integers(0, len(STATES), (200, 200)).astype(np.int8),
        "seller_effect": rng.normal(0, 0.1, 100_000),
    }


@pytest.fixture
def earlier(sample_bundle: Bundle, arrays: dict[str, np.ndarray], tmp_path: Path) -> Path:
    """The sample's trees in a folder as it was written then."""
    folder = tmp_path / "4"
    shutil.copytree(sample_bundle.folder, folder)
    with np.load(folder / ARRAYS) as present:
        trees = {name: present[name] for name in present if name.startswith("trees_")}
    np.savez(folder / ARRAYS, **trees, **arrays)
    with (folder / PACE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["day", "group", "pace_days", "orders"])
        writer.writerows(["2018-03-01", group, pace, 100] for group, pace in zip(PACE_GROUPS, PACES, strict=True))
    kept = {name: value for name, value in asdict(sample_bundle.manifest).items() if name not in NEW}
    names = [path.name for path in folder.iterdir() if path.name != MANIFEST]
    files = {name: bundle._sha256(folder / name) for name in names}
    (folder / MANIFEST).write_text(
        json.dumps(kept | {"format": 4, "residuals": kept["residuals"][0], "holidays": HOLIDAYS, "files": files})
    )
    return folder


def test_it_answers_as_it_did(earlier: Path, arrays: dict[str, np.ndarray], sample_bundle: Bundle) -> None:
    predictor = Predictor(bundle.load(earlier, "1"))
    calendar = WorkingTime(map(date.fromisoformat, HOLIDAYS))
    rng, moment = np.random.default_rng(0), datetime(2018, 3, 1, 21)  # noqa: DTZ001
    for _ in range(100):
        prefix, lat, lng = int(rng.integers(1, 100_000)), float(rng.uniform(-40, 8)), float(rng.uniform(-80, -30))
        found = predictor.predict_one(Order(seller_zip_code_prefix=prefix, customer_lat=lat, customer_lng=lng), moment)
        row, column = (min(max(int(degrees * 5), 0), 199) for degrees in (lat + 34, lng + 74))
        state, own = arrays["places_state_grid"][row, column], arrays["places_state"][prefix]
        seller = arrays["places_lat"][prefix], arrays["places_lng"][prefix]
        km = great_circle_km(*(np.array([degrees]) for degrees in (lat, lng, *seller)))[0]
        columns = np.array([lat, lng, *seller, km, state == own, moment.weekday()], dtype=np.float32)
        raw, raw_spread = sample_bundle.trees.predict_row(columns)
        level = (PACES[GROUP_OF.get(STATES[state], REST)] * PACES[5 + (state == own)]) ** 0.45
        forecast = raw + arrays["seller_effect"][prefix] + math.log(level)
        curve = sample_bundle.residuals.curve(0, False)
        upper = forecast + curve.at(0.95) * math.exp(raw_spread / SPREAD_WEIGHT)
        start = calendar.start_of_one(moment)
        assert found.upper_days == pytest.approx(calendar.days_of_one(start, math.exp(upper)), rel=1e-9)
        assert found.seller_known == arrays["places_known"][prefix]


def test_other_formats_are_refused(earlier: Path) -> None:
    manifest = json.loads((earlier / MANIFEST).read_text())
    (earlier / MANIFEST).write_text(json.dumps(manifest | {"format": 3}))
    with pytest.raises(DamagedBundle, match="format 3, this code reads 4 and 5"):
        bundle.load(earlier, "1")
