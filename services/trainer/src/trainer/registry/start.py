"""The first model of a shop that has too few deliveries: what it declares, until the gate lets a better one through."""

import tempfile
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import numpy as np

from common.errors import InvalidInput
from common.model.effects import NONE, Effects
from trainer.data.history import TrainingData, end_of
from trainer.model.bundling import code_version, write_bundle
from trainer.model.declared import declared_of, fingerprint_of, made_up
from trainer.model.fit import fit
from trainer.model.params import Params
from trainer.model.table import TrainingTable
from trainer.registry.versions import Versions

STEP = "declared-days"
CARD = """# Delivery time, as declared

Made from what the shop declares (`[declared]` in its shop file) or the medians of its first deliveries, because too few
are known to learn from. Its interval is that of other shops. It is no rival in the gate but by its days.
"""


def start(data: TrainingData, versions: Versions) -> tuple[str, str]:
    """Register the shop's declared days as champion, unless they serve already; the version, and what was done.

    InvalidInput if the shop declares nothing and too few deliveries are known.
    """
    declared = declared_of(data)
    if declared is None:
        raise InvalidInput(
            f"{data.deliveries} deliveries are known, too few to learn from: declare the shop's days under [declared] "
            "in its shop file, or bring more orders"
        )
    few = f"{data.deliveries} deliveries are known, too few to train and judge a model"
    champion, fingerprint = versions.champion(), fingerprint_of(declared, data)
    if (
        champion
        and champion.manifest.shop.name == data.shop.name
        and (not champion.manifest.is_declared or champion.manifest.data_fingerprint == fingerprint)
    ):
        return champion.version, f"{few}: version {champion.version} goes on serving"
    told = made_up(data, declared, np.datetime64(datetime.now(UTC).replace(tzinfo=None), "s"))
    table = TrainingTable.of(told)
    params = Params.usual(told.deliveries, table.scale)
    model = fit(table, end_of(told.history), params)
    effects = Effects(NONE, NONE, NONE, NONE, NONE, model.forecast.effects.facts)  # those of places say nothing
    model = replace(model, forecast=replace(model.forecast, effects=effects))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        write_bundle(
            folder, model, table, {}, fingerprint, {"model_card.md": CARD}, history=data.version, is_declared=True
        )
        tags = {"step": STEP, "history": data.version, "code": code_version()}
        with mlflow.start_run(run_name=STEP, tags=tags):
            mlflow.log_params(asdict(params) | {"declared": declared.model_dump_json()[:500]})
            version = versions.log_and_register(folder, (*data.shop.facts.numeric, *data.shop.facts.category))
            mlflow.set_tag("version", version)
            mlflow.set_tag("mlflow.runName", f"version {version}")
    reason = f"{few}: what the shop declares serves until there are more"
    versions.promote_over(champion.version if champion else None, version, reason, actor="trainer")
    return version, reason
