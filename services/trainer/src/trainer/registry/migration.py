"""Registers a model whose bundle is of an earlier format once more, in the present one: it answers as before."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import mlflow

from common.model import bundle
from common.model.bundle import ARRAYS, PACE, Bundle
from common.model.manifest import FORMAT
from common.model.predictor import Predictor
from trainer.model.bundling import LOCAL, code_version
from trainer.registry.versions import Versions

STEP = "migrate-bundle"


def rewritten(given: Bundle, folder: Path) -> Bundle:
    """The same model as a bundle of the present format in a new folder, version `local`."""
    folder.mkdir(parents=True)
    for name in given.manifest.files.keys() - {ARRAYS, PACE}:
        shutil.copy(given.folder / name, folder / name)
    bundle.write_arrays(folder, given)
    bundle.write_pace(folder, given.pace)
    bundle.save(folder, replace(given.manifest, files={}))
    return bundle.load(folder, LOCAL)


def migrate_bundle(version: str, versions: Versions, actor: str) -> str | None:
    """Register a version again, in the present format, and make it champion if that version is; the new version.

    None if it has that format. RegistryUnavailable, BundleMissing, DamagedBundle, OtherFormat.
    """
    given = versions.bundles.bundle(version)
    former = bundle.format_of(given.folder)
    if former == FORMAT:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        written = rewritten(given, Path(scratch) / "bundle")
        tags = {"step": STEP, "migrated_from": version, "code": code_version()}
        with mlflow.start_run(run_name=STEP, tags=tags):
            new = versions.log_and_register(written.folder, Predictor(written).reading.further)
            mlflow.set_tag("version", new)
    versions.promote_over(version, new, f"version {version} in format {FORMAT} in place of {former}", actor)
    return new
