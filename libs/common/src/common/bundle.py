"""The model bundle: what training produces and everything else loads. One `save`, one `load`.

A bundle is a folder:

    bundle.json      what it is: features, training window, metrics, interval, sha256 of every other file
    model.cbm        the CatBoost model (bulk scoring)
    model.json       its JSON export (the single-row path, see common.trees)
    centroids.csv    zip_code_prefix, lat, lng, state (its position in common.geography.STATES)
    states.npy       the state grid (see common.geography)
    sellers.csv      zip_code_prefix, effect: how much slower its sellers are than their place explains, log days
    pace.csv         day, group, pace_days, orders: the delivery pace up to the training date (see common.pace)
    reference.csv    a sample of training rows with predictions: what monitoring compares with
    model_card.md    for people, of registered models
"""

import csv
import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.errors import DamagedBundle
from common.geography import ZIP_PREFIXES, Places
from common.pace import PaceTable
from common.residuals import Residuals
from common.trees import ObliviousTrees

MANIFEST = "bundle.json"
FORMAT = 2


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself. Times are ISO 8601, metrics in days.

    params: what the search chose. centre: added to the log forecast to get the point forecast. residuals: see
    `common.residuals.Residuals`.
    """

    trained_at: str
    code_version: str
    feature_names: list[str]
    training_window: dict[str, str]
    metrics: dict[str, float]
    data_fingerprint: str
    params: dict[str, float]
    centre: float
    residuals: list[float]
    format: int = FORMAT
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle; `folder` holds the files for those who want the CatBoost model or the reference rows.

    seller_effect: float64 (100000,), log days, 0 where a zip prefix has no history.
    """

    folder: Path
    version: str
    manifest: Manifest
    trees: ObliviousTrees
    places: Places
    seller_effect: NDArray[np.float64]
    residuals: Residuals
    pace: PaceTable


def save(folder: Path, manifest: Manifest) -> None:
    """Seal the folder that holds a bundle's files: write the manifest with the checksum of each."""
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    sealed = asdict(manifest) | {"files": files}
    (folder / MANIFEST).write_text(json.dumps(sealed, indent=1) + "\n")


def load(folder: Path, version: str) -> Bundle:
    """Load and verify a bundle; DamagedBundle if a file is missing, changed, or of another format."""
    try:
        manifest = _manifest(folder)
        for name, checksum in manifest.files.items():
            if _sha256(folder / name) != checksum:
                raise DamagedBundle(folder, f"{name} differs from its checksum")
        return Bundle(
            folder=folder,
            version=version,
            manifest=manifest,
            trees=ObliviousTrees.from_json(json.loads((folder / "model.json").read_bytes())),
            places=_places(folder),
            seller_effect=_seller_effect(folder / "sellers.csv"),
            residuals=Residuals(np.array(manifest.residuals)),
            pace=_pace(folder / "pace.csv"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedBundle(folder, error) from error


def write_pace(path: Path, table: PaceTable) -> None:
    """Write the pace as the bundle's CSV."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["day", "group", "pace_days", "orders"])
        writer.writerows(table.rows())


def _manifest(folder: Path) -> Manifest:
    stored: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    if stored["format"] != FORMAT:
        raise DamagedBundle(folder, f"format {stored['format']}, this code reads format {FORMAT}")
    return Manifest(**stored)


def _places(folder: Path) -> Places:
    table = np.loadtxt(folder / "centroids.csv", delimiter=",", skiprows=1, ndmin=2)
    prefix, state = table[:, 0].astype(np.int64), table[:, 3].astype(np.int8)
    return Places.of(prefix, table[:, 1], table[:, 2], state, np.load(folder / "states.npy"))


def _seller_effect(path: Path) -> NDArray[np.float64]:
    table = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    effect = np.zeros(ZIP_PREFIXES)
    effect[table[:, 0].astype(np.int64)] = table[:, 1]
    return effect


def _pace(path: Path) -> PaceTable:
    with path.open(newline="") as file:
        return PaceTable.of_rows(
            (date.fromisoformat(row["day"]), row["group"], float(row["pace_days"]), int(row["orders"]))
            for row in csv.DictReader(file)
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
