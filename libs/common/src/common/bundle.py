"""The model bundle: what training produces and everything else loads. One `save`, one `load`.

A bundle is a folder:

    bundle.json      what it is: features, training window, metrics, interval correction, sha256 of every other file
    model.cbm        the CatBoost model (bulk scoring)
    model.json       its JSON export (the single-row path, see common.trees)
    centroids.csv    zip_code_prefix, lat, lng
    reference.csv    a sample of training rows with predictions: what monitoring compares with
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import DamagedBundle
from common.geography import Centroids
from common.trees import ObliviousTrees

MANIFEST = "bundle.json"
FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself. Times are ISO 8601; metrics and corrections are in days."""

    trained_at: str
    code_version: str
    feature_names: list[str]
    training_window: dict[str, str]
    metrics: dict[str, float]
    data_fingerprint: str
    format: int = FORMAT
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle; `folder` holds the files for those who want the CatBoost model or the reference rows."""

    folder: Path
    version: str
    manifest: Manifest
    trees: ObliviousTrees
    centroids: Centroids


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
            centroids=_centroids(folder / "centroids.csv"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedBundle(folder, error) from error


def _manifest(folder: Path) -> Manifest:
    stored: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    if stored["format"] != FORMAT:
        raise DamagedBundle(folder, f"format {stored['format']}, this code reads format {FORMAT}")
    return Manifest(**stored)


def _centroids(path: Path) -> Centroids:
    table = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    return Centroids.of(table[:, 0].astype(np.int64), table[:, 1], table[:, 2])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
