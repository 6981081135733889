"""The model bundle: what training produces and everything else loads. One `save`, one `load`.

A bundle is a folder:

    bundle.json      what it is: features, training window, metrics, interval, sha256 of every other file
    model.cbm        the CatBoost model (bulk scoring)
    arrays.npz       its trees (common.model.trees), the places (common.orders.places) and the sellers' effect
    pace.csv         day, group, pace_days, orders: the delivery pace up to the training date (see common.model.pace)
    reference.csv    a sample of training rows with predictions: what monitoring compares with
    model_card.md    for people; registered models only

A gateway loads a new bundle beside the one in use, in the same interpreter. So nothing is parsed that can be read as it
is: a second spent parsing text is a second in which requests wait.
"""

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from common.arrays import Floats
from common.errors import DamagedBundle
from common.model.pace import PaceTable
from common.model.residuals import Residuals
from common.model.trees import ObliviousTrees
from common.orders.places import Places

MANIFEST = "bundle.json"
CATBOOST = "model.cbm"
ARRAYS = "arrays.npz"
PACE = "pace.csv"
REFERENCE = "reference.csv"
FORMAT = 4


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself. Times are ISO 8601, metrics in days.

    params: what the search chose. centre: added to the log forecast to get the point forecast. residuals: see
    `common.model.residuals.Residuals`. holidays: dates of whole years, see `common.model.working_time`.
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
    holidays: list[str]
    format: int = FORMAT
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Servable:
    """What a predictor computes with.

    seller_effect: float64 (100000,), log days, 0 where a zip prefix has no history.
    """

    version: str
    manifest: Manifest
    trees: ObliviousTrees
    places: Places
    seller_effect: Floats
    residuals: Residuals
    pace: PaceTable


@dataclass(frozen=True)
class Bundle(Servable):
    """A loaded bundle, with the folder of its files."""

    folder: Path

    @property
    def catboost(self) -> Path:
        """The CatBoost model's file."""
        return self.folder / CATBOOST


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
        with np.load(folder / ARRAYS) as arrays:
            return Bundle(
                folder=folder,
                version=version,
                manifest=manifest,
                trees=ObliviousTrees(**_part("trees", ObliviousTrees, arrays)),
                places=Places(**_part("places", Places, arrays)),
                seller_effect=arrays["seller_effect"],
                residuals=Residuals(np.array(manifest.residuals)),
                pace=_pace(folder / PACE),
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedBundle(folder, error) from error


def write_arrays(folder: Path, model: Servable) -> None:
    """Write what a predictor computes with, each array under its field's name."""
    arrays = {f"trees_{part.name}": getattr(model.trees, part.name) for part in fields(model.trees)}
    arrays |= {f"places_{part.name}": getattr(model.places, part.name) for part in fields(model.places)}
    np.savez(folder / ARRAYS, seller_effect=model.seller_effect, **arrays)


def write_pace(folder: Path, table: PaceTable) -> None:
    """Write the pace as the bundle's CSV."""
    with (folder / PACE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["day", "group", "pace_days", "orders"])
        writer.writerows(table.rows())


def _manifest(folder: Path) -> Manifest:
    stored: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    if stored["format"] != FORMAT:
        raise DamagedBundle(folder, f"format {stored['format']}, this code reads format {FORMAT}")
    return Manifest(**stored)


def _part(name: str, kind: type[ObliviousTrees | Places], arrays: Mapping[str, Any]) -> dict[str, Any]:
    return {part.name: arrays[f"{name}_{part.name}"] for part in fields(kind)}


def _pace(path: Path) -> PaceTable:
    with path.open(newline="") as file:
        return PaceTable.of_rows(
            (date.fromisoformat(row["day"]), row["group"], float(row["pace_days"]), int(row["orders"]))
            for row in csv.DictReader(file)
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
