"""The model bundle: what training produces and everything else loads. One `save`, one `load`.

A bundle is a folder:

    bundle.json      what it is: features, training window, metrics, interval, sha256 of every other file
    model.cbm        the CatBoost model (bulk scoring)
    arrays.npz       its trees (common.model.trees), places and regions (common.orders), effects (common.model); trees
                     and effects of the further models, if there are any
    pace.csv         day, group, pace_days, orders: the delivery pace up to the training date (see common.model.pace)
    reference.csv    a sample of training rows with predictions: what monitoring compares with
    model_card.md    for people; registered models only

A gateway loads a new bundle beside the one in use, in the same interpreter. So nothing is parsed that can be read as it
is: a second spent parsing text is a second in which requests wait.
"""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from common.errors import DamagedBundle, OtherFormat
from common.model import bundle_format_4
from common.model.effects import Effects, Usual
from common.model.geography import Geography
from common.model.manifest import FORMAT, FurtherPart, Manifest, PromisePart, manifest_of
from common.model.pace import PaceTable
from common.model.promise.ratio import PromiseRatio
from common.model.trees import ObliviousTrees
from common.model.uncertainty.confidence import Learned
from common.model.uncertainty.residuals import Residuals
from common.orders.places import Places
from common.orders.regions import Regions

MANIFEST = "bundle.json"
CATBOOST = "model.cbm"
ARRAYS = "arrays.npz"
PACE = "pace.csv"
REFERENCE = "reference.csv"
READ = (bundle_format_4.FORMAT, FORMAT)
"""Formats that are read, the oldest first."""


@dataclass(frozen=True)
class FurtherModel:
    """A model of orders of which more is known. under_way, centre: as in the manifest."""

    trees: ObliviousTrees
    usual: Usual
    effects: Effects
    residuals: Residuals
    under_way: Residuals
    centre: float


@dataclass(frozen=True)
class AfterHandOver(FurtherModel):
    """Of the time from hand-over: see `common.model.after_purchase.features` for what it sees more."""


@dataclass(frozen=True)
class WithPromise(FurtherModel):
    """Of orders that were promised a day: see `common.model.promise.ratio` for what it sees more."""

    ratio: PromiseRatio


@dataclass(frozen=True)
class Servable:
    """What a predictor computes with. after_hand_over: None where the history had too few hand-overs to learn from;
    with_promise: where the shop's promises, or their number, did not help."""

    version: str
    manifest: Manifest
    trees: ObliviousTrees
    geography: Geography
    usual: Usual
    effects: Effects
    residuals: Residuals
    under_way: Residuals
    pace: PaceTable
    after_hand_over: AfterHandOver | None = field(default=None, kw_only=True)
    with_promise: WithPromise | None = field(default=None, kw_only=True)
    learned: Learned = field(default_factory=Learned, kw_only=True)


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
    """Load and verify a bundle; DamagedBundle if a file is missing or changed, OtherFormat."""
    try:
        stored = json.loads((folder / MANIFEST).read_bytes())
        if stored["format"] not in READ:
            raise OtherFormat(folder, stored["format"], READ[0], READ[-1])
        is_earlier = stored["format"] == bundle_format_4.FORMAT
        manifest = manifest_of(bundle_format_4.manifest_of(stored) if is_earlier else stored)
        for name, checksum in manifest.files.items():
            if _sha256(folder / name) != checksum:
                raise DamagedBundle(folder, f"{name} differs from its checksum")
        with np.load(folder / ARRAYS) as read:
            arrays = bundle_format_4.arrays_of(read) if is_earlier else read
            return Bundle(
                folder=folder,
                version=version,
                manifest=manifest,
                trees=ObliviousTrees(**_part("trees", ObliviousTrees, arrays)),
                geography=_geography(manifest, arrays),
                usual=Usual(**_part("usual", Usual, arrays), facts=manifest.fact_usual),
                effects=Effects(**_part("effects", Effects, arrays), facts=manifest.fact_effects),
                residuals=Residuals.of(manifest.residuals),
                under_way=Residuals.of(manifest.under_way or manifest.residuals),
                learned=Learned(manifest.training_orders or manifest.is_declared, **_part("learned", Learned, arrays)),
                pace=_pace(folder / PACE, manifest.map.pace_groups),
                after_hand_over=_after_hand_over(manifest.after_hand_over, arrays),
                with_promise=_with_promise(manifest.with_promise, arrays),
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedBundle(folder, error) from error


def format_of(folder: Path) -> int:
    """The format in which a bundle that can be loaded is written."""
    found: int = json.loads((folder / MANIFEST).read_bytes())["format"]
    return found


def write_arrays(folder: Path, model: Servable) -> None:
    """Write what a predictor computes with, each array under its part's and its field's name."""
    geography = model.geography
    parts: dict[str, Any] = {
        "trees": model.trees,
        "places": geography.places,
        "regions": geography.regions,
        "usual": model.usual,
        "effects": model.effects,
        "learned": model.learned,
    }
    for name, second in (("after_hand_over", model.after_hand_over), ("with_promise", model.with_promise)):
        if second:
            parts |= {f"{name}_{part}": getattr(second, part) for part in ("trees", "usual", "effects")}
    arrays: dict[str, Any] = {
        f"{name}_{field_name}": value
        for name, part in parts.items()
        for field_name in _brought(part)
        if isinstance(value := getattr(part, field_name), np.ndarray)
    }
    np.savez(folder / ARRAYS, **arrays)


def write_pace(folder: Path, table: PaceTable) -> None:
    """Write the pace as the bundle's CSV."""
    with (folder / PACE).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["day", "group", "pace_days", "orders"])
        writer.writerows(table.rows())


def _after_hand_over(part: FurtherPart | None, arrays: Mapping[str, Any]) -> AfterHandOver | None:
    return AfterHandOver(**_further("after_hand_over", part, arrays)) if part else None


def _with_promise(part: PromisePart | None, arrays: Mapping[str, Any]) -> WithPromise | None:
    if part is None:
        return None
    ratio = PromiseRatio(part.slope, part.lowest, part.highest)
    return WithPromise(**_further("with_promise", part, arrays), ratio=ratio)


def _further(name: str, part: FurtherPart, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `FurtherModel`."""
    return {
        "trees": ObliviousTrees(**_part(f"{name}_trees", ObliviousTrees, arrays)),
        "usual": Usual(**_part(f"{name}_usual", Usual, arrays), facts=part.fact_usual),
        "effects": Effects(**_part(f"{name}_effects", Effects, arrays), facts=part.fact_effects),
        "residuals": Residuals.of(part.residuals),
        "under_way": Residuals.of(part.under_way),
        "centre": part.centre,
    }


def _geography(manifest: Manifest, arrays: Mapping[str, Any]) -> Geography:
    drawn = manifest.map
    regions = Regions(
        drawn.regions,
        rows=drawn.rows,
        south=drawn.south,
        west=drawn.west,
        per_degree=drawn.per_degree,
        **_part("regions", Regions, arrays),
    )
    return Geography(
        Places(**_part("places", Places, arrays)), regions, manifest.shop.country, manifest.shop.code_digits
    )


def _part(name: str, kind: Any, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays among a part's fields."""
    return {field_name: arrays[key] for field_name in _brought(kind) if (key := f"{name}_{field_name}") in arrays}


def _brought(part: Any) -> Iterator[str]:
    """The names of a part's fields that it does not work out itself."""
    return (brought.name for brought in fields(part) if brought.init)


def _pace(path: Path, groups: tuple[str, ...]) -> PaceTable:
    with path.open(newline="") as file:
        return PaceTable.of_rows(
            (
                (date.fromisoformat(row["day"]), row["group"], float(row["pace_days"]), int(row["orders"]))
                for row in csv.DictReader(file)
            ),
            groups,
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
