"""What jobs are scored with: a model version and a delivery pace, chosen once a job, loaded once a worker."""

import time
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from threading import Lock

from catboost import CatBoost

from common.database.delivery_pace import read_pace
from common.database.session import transaction
from common.database.tables import BatchJob
from common.model.predictor import Predictor
from common.servers.registry import Registry
from common.settings import RegistrySettings, load
from scorer.jobs import pace_snapshots

VERSIONS_KEPT = 2
PACES_KEPT = 4
_loading = Lock()


@dataclass(frozen=True)
class Chosen:
    """A model version, the newest day of the pace, and the snapshot of it; without one, the pace is the bundle's."""

    version: str
    pace_day: date | None
    pace_digest: str | None


_present: tuple[float, Chosen] | None = None


def chosen_for(job: BatchJob) -> Chosen:
    """What the job is scored with: as it was planned before, else the champion and the present pace.

    These are looked up every REGISTRY_POLL_SECONDS at most. NoChampion, RegistryUnavailable, DamagedBundle.
    """
    global _present
    if job.model_version is not None:
        return Chosen(job.model_version, job.pace_day, job.pace_digest)
    with _loading:
        if _present is None or time.monotonic() > _present[0]:
            chosen = _choose()
            _present = (time.monotonic() + load(RegistrySettings).poll_seconds, chosen)
        return _present[1]


def predictor(version: str, pace_digest: str | None) -> Predictor:
    """The predictor of a version with CatBoost's own bulk prediction; RegistryUnavailable, DamagedBundle."""
    with _loading:
        return _load(version) if pace_digest is None else _at_pace(version, pace_digest)


def _choose() -> Chosen:
    """The champion with the pace that the monitor keeps, if it is newer than the bundle's."""
    version = _registry().champion().version
    own = _load(version)
    with transaction() as session:
        newest = own.with_newer_pace(read_pace(session))
        digest = pace_snapshots.keep(session, newest.pace) if newest is not own else None
    return Chosen(version, newest.pace_day, digest)


@lru_cache(maxsize=PACES_KEPT)
def _at_pace(version: str, pace_digest: str) -> Predictor:
    with transaction() as session:
        return _load(version).with_pace(pace_snapshots.read(session, pace_digest))


@lru_cache(maxsize=VERSIONS_KEPT)
def _load(version: str) -> Predictor:
    bundle = _registry().bundle(version)
    model = CatBoost()
    model.load_model(str(bundle.catboost))
    return Predictor(bundle, raw=lambda columns: model.predict(columns, thread_count=1))


@lru_cache
def _registry() -> Registry:
    return Registry(load(RegistrySettings))
