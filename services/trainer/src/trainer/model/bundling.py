"""A fitted model as it is served, in memory and as a bundle (see `common.model.bundle`)."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from common.model import bundle
from common.model.bundle import CATBOOST, REFERENCE, AfterHandOver, Bundle, Servable, WithPromise
from common.model.effects import Effects, Usual
from common.model.manifest import FurtherPart, Manifest, Map, PromisePart, ServedShop
from common.model.pace import PaceTable
from common.model.predictor import Predictor
from common.model.trees import ObliviousTrees
from trainer.data.history import History, as_datetime
from trainer.model.fit import Model
from trainer.model.forecast import teaching
from trainer.model.learned import learned_from
from trainer.model.table import TrainingTable

LOCAL = "local"
"""The version of what is not registered."""

REFERENCE_ROWS = 5_000
COORDINATES = ("origin_lat", "origin_lng", "destination_lat", "destination_lng")
PACE_DAYS = 400
"""How far back the bundle's pace reaches, for batches of past orders."""


def servable(model: Model, table: TrainingTable, metrics: Mapping[str, float], fingerprint: str) -> Servable:
    """The model as it would be served, version `local`."""
    return Servable(
        version=LOCAL,
        manifest=_manifest(model, table, metrics, fingerprint),
        trees=_trees(model),
        geography=table.located.geography,
        usual=model.forecast.usual,
        effects=model.forecast.effects,
        residuals=model.calibration.residuals,
        under_way=model.calibration.under_way,
        pace=_until(table.pace, as_datetime(model.cutoff).date()),
        after_hand_over=AfterHandOver(**_further(model.after_hand_over)) if model.after_hand_over else None,
        with_promise=_with_promise(model.with_promise),
        learned=learned_from(table.located.where(teaching(table, model.cutoff, model.params))),
    )


def write_bundle(
    folder: Path,
    model: Model,
    table: TrainingTable,
    metrics: Mapping[str, float],
    fingerprint: str,
    texts: Mapping[str, str] = MappingProxyType({}),
    history: str = "",
    is_declared: bool = False,
) -> Bundle:
    """Write a bundle folder and load it, version `local`; replaces what is there.

    texts: more files, by name, e.g. the model card. history: the name of its version. is_declared: whether what it
    learned was made up from what the shop declares (`trainer.model.declared`).
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    served = servable(model, table, metrics, fingerprint)
    model.forecast.catboost.save_model(str(folder / CATBOOST))
    for name, text in texts.items():
        (folder / name).write_text(text)
    bundle.write_arrays(folder, served)
    bundle.write_pace(folder, served.pace)
    _reference(model.learned, served).write_csv(folder / REFERENCE)
    manifest = replace(served.manifest, history=history, is_declared=is_declared)
    bundle.save(folder, replace(manifest, training_orders=0) if is_declared else manifest)
    return bundle.load(folder, LOCAL)


def code_version() -> str:
    """The commit this code was checked out at (an image carries it in REVISION), or `unknown` outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return os.environ.get("REVISION", "unknown")
    head = subprocess.run([git, "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True)
    return head.stdout.strip() or "unknown"


def _manifest(model: Model, table: TrainingTable, metrics: Mapping[str, float], fingerprint: str) -> Manifest:
    purchases = model.learned.orders.purchase_timestamp
    shop = table.shop
    return Manifest(
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
        code_version=code_version(),
        feature_names=model.feature_names,
        training_window={
            "start": str(purchases.min()),
            "end": str(purchases.max()),
            "known_until": str(model.cutoff.astype("datetime64[s]")),
        },
        metrics=dict(metrics),
        data_fingerprint=fingerprint,
        training_orders=len(model.learned),
        params=asdict(model.params),
        centre=model.calibration.centre,
        residuals=model.calibration.residuals.quantiles.tolist(),
        under_way=model.calibration.under_way.quantiles.tolist(),
        typical_days=table.scale.typical,
        shop=ServedShop(
            name=shop.name,
            country=shop.country,
            time_zone=shop.time_zone,
            code_digits=table.located.geography.digits,
            numeric=shop.facts.numeric,
            category=shop.facts.category,
            synthetic=shop.synthetic,
        ),
        calendar=table.calendar,
        map=bundled_map(table),
        fact_usual=_of_facts(model.forecast.usual),
        fact_effects=_of_facts(model.forecast.effects),
        fact_stand_ins=dict(table.further.stand_ins),
        after_hand_over=FurtherPart(**_further_part(model.after_hand_over)) if model.after_hand_over else None,
        with_promise=_promise_part(model.with_promise),
    )


def _further_part(model: Model) -> dict[str, Any]:
    """The fields of a `FurtherPart`."""
    forecast, found = model.forecast, model.calibration
    return {
        "centre": found.centre,
        "residuals": found.residuals.quantiles.tolist(),
        "under_way": found.under_way.quantiles.tolist(),
        "fact_effects": _of_facts(forecast.effects),
        "fact_usual": _of_facts(forecast.usual),
    }


def _promise_part(model: Model | None) -> PromisePart | None:
    if model is None or model.ratio is None:
        return None
    return PromisePart(**_further_part(model), **asdict(model.ratio))


def _further(model: Model) -> dict[str, Any]:
    """The fields of a `FurtherModel`."""
    learned, found = model.forecast, model.calibration
    return {
        "trees": _trees(model),
        "usual": learned.usual,
        "effects": learned.effects,
        "residuals": found.residuals,
        "under_way": found.under_way,
        "centre": found.centre,
    }


def _with_promise(model: Model | None) -> WithPromise | None:
    return WithPromise(**_further(model), ratio=model.ratio) if model and model.ratio else None


def _of_facts(learned: Effects | Usual) -> dict[str, dict[str, float]]:
    return {name: dict(by_value) for name, by_value in learned.facts.items()}


def bundled_map(table: TrainingTable) -> Map:
    """The table's map as bundles keep it."""
    regions = table.located.geography.regions
    return Map(
        regions=regions.names,
        rows=regions.rows,
        south=regions.south,
        west=regions.west,
        per_degree=regions.per_degree,
        pace_groups=table.pace.groups,
    )


def _trees(model: Model) -> ObliviousTrees:
    with tempfile.TemporaryDirectory() as scratch:
        export = Path(scratch) / "model.json"
        model.forecast.catboost.save_model(str(export), format="json")
        return ObliviousTrees.from_json(json.loads(export.read_bytes()))


def _until(pace: PaceTable, day: date) -> PaceTable:
    """The last PACE_DAYS up to the day."""
    end = max(day.toordinal() - pace.first.toordinal() + 1, 1)
    start = max(end - PACE_DAYS, 0)
    first = date.fromordinal(pace.first.toordinal() + start)
    return PaceTable(pace.groups, first, pace.pace[start:end], pace.orders[start:end])


def _reference(learned: History, served: Servable) -> pl.DataFrame:
    """A sample of the training rows with their predictions: what monitoring compares with.

    It goes wherever the model goes, so places are to a kilometre and moments to a day.
    """
    chosen = np.zeros(len(learned), dtype=bool)
    chosen[np.random.default_rng(0).permutation(len(chosen))[:REFERENCE_ROWS]] = True
    sample = learned.where(chosen)
    orders = sample.orders
    texts = {name: texts.tolist() for name, texts in orders.texts.items()}
    return pl.DataFrame(
        {
            **texts,
            **{name: np.round(values, 2) if name in COORDINATES else values for name, values in orders.numbers.items()},
            "purchase_timestamp": orders.purchase_timestamp.astype("datetime64[D]").astype("datetime64[ms]"),
            "prediction": Predictor(served).predict(orders).days,
            "delivery_days": sample.days,
        }
    )
