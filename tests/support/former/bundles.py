"""Bundles of earlier formats, as they were written then, of made-up models."""

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from common.model import bundle
from common.model.bundle import ARRAYS, MANIFEST, PACE, Bundle
from common.model.bundle_format_4 import PACE_GROUPS, STATES

PACES = (6.0, 9.0, 8.0, 10.0, 14.0, 11.0, 7.0)
HOLIDAYS = ["2018-01-01", "2018-12-25"]
NOT_IN_4 = {"typical_days", "shop", "calendar", "map", "fact_effects", "under_way", "after_hand_over"}
LATER_IN_5 = {
    "fact_effects", "fact_usual", "fact_stand_ins", "history", "training_orders", "is_declared", "under_way",
    "after_hand_over", "with_promise",
}  # fmt: skip
"""What the manifests of format 5 had not at first."""


def arrays_of_4() -> dict[str, np.ndarray]:
    """Its places and effects, of which there were a hundred thousand."""
    rng = np.random.default_rng(4)
    return {
        "places_lat": rng.uniform(-33, 5, 100_000),
        "places_lng": rng.uniform(-73, -34, 100_000),
        "places_known": rng.random(100_000) < 0.7,
        "places_state": rng.integers(0, len(STATES), 100_000).astype(np.int8),
        "places_state_grid": rng.integers(0, len(STATES), (200, 200)).astype(np.int8),
        "seller_effect": rng.normal(0, 0.1, 100_000),
    }


def write_format_4(folder: Path, sample: Bundle, arrays: Mapping[str, np.ndarray]) -> None:
    """The sample's trees in a folder as it was written when there was one shop, in Brazil."""
    shutil.copytree(sample.folder, folder, dirs_exist_ok=True)
    with np.load(folder / ARRAYS) as present:
        trees = {name: present[name] for name in present if name.startswith("trees_")}
    np.savez(folder / ARRAYS, **trees, **arrays)
    with (folder / PACE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["day", "group", "pace_days", "orders"])
        writer.writerows(["2018-03-01", group, pace, 100] for group, pace in zip(PACE_GROUPS, PACES, strict=True))
    kept = {name: value for name, value in asdict(sample.manifest).items() if name not in NOT_IN_4}
    _seal(folder, kept | {"format": 4, "residuals": kept["residuals"][0], "holidays": HOLIDAYS})


def write_first_format_5(folder: Path, sample: Bundle) -> None:
    """The sample as format 5 was at first: the later parts are of what it can do without."""
    shutil.copytree(sample.folder, folder, dirs_exist_ok=True)
    with np.load(folder / ARRAYS) as present:
        later = ("after_hand_over_", "with_promise_", "learned_")
        kept = {name: present[name] for name in present if not name.startswith(later)}
    np.savez(folder / ARRAYS, **kept)
    _seal(folder, {name: value for name, value in asdict(sample.manifest).items() if name not in LATER_IN_5})


def _seal(folder: Path, manifest: dict[str, Any]) -> None:
    names = [path.name for path in folder.iterdir() if path.name != MANIFEST]
    files = {name: bundle._sha256(folder / name) for name in names}
    (folder / MANIFEST).write_text(json.dumps(manifest | {"files": files}))
