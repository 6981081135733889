"""What jobs are scored with: a model version and a delivery pace, chosen once a job, loaded once a worker."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import TypeVar

from catboost import CatBoost

from common.database.delivery_pace import read_pace
from common.database.session import Database
from common.database.tables import BatchJob
from common.model.predictor import Predictor
from common.servers.registry import Registry
from scorer.model import pace_snapshots

VERSIONS_KEPT = 2
PACES_KEPT = 4

Key = TypeVar("Key")


@dataclass(frozen=True)
class Chosen:
    """A model version, the newest day of the pace, and the snapshot of it; without one, the pace is the bundle's."""

    version: str
    pace_day: date | None
    pace_digest: str | None


class Models:
    """Predictors with CatBoost's own bulk prediction, the last few of them kept in memory."""

    def __init__(self, database: Database, registry: Registry, poll_seconds: float) -> None:
        self._database = database
        self._registry = registry
        self._poll_seconds = poll_seconds
        self._loading = Lock()
        self._present: tuple[float, Chosen] | None = None
        self._versions: OrderedDict[str, Predictor] = OrderedDict()
        self._paces: OrderedDict[tuple[str, str], Predictor] = OrderedDict()

    def chosen_for(self, job: BatchJob) -> Chosen:
        """What the job is scored with: as it was planned before, else the champion and the present pace.

        These are looked up every REGISTRY_POLL_SECONDS at most. NoChampion, RegistryUnavailable, DamagedBundle.
        """
        if job.model_version is not None:
            return Chosen(job.model_version, job.pace_day, job.pace_digest)
        with self._loading:
            if self._present is None or time.monotonic() > self._present[0]:
                chosen = self._choose()
                self._present = (time.monotonic() + self._poll_seconds, chosen)
            return self._present[1]

    def predictor(self, version: str, pace_digest: str | None) -> Predictor:
        """The predictor of a version at the pace of a snapshot; RegistryUnavailable, DamagedBundle."""
        with self._loading:
            return self._of(version) if pace_digest is None else self._at_pace(version, pace_digest)

    def _choose(self) -> Chosen:
        """The champion with the pace that the monitor keeps, if it is newer than the bundle's."""
        version = self._registry.champion().version
        own = self._of(version)
        with self._database.transaction() as session:
            newest = own.with_present_pace(read_pace(session))
            digest = pace_snapshots.keep(session, newest.pace) if newest is not own else None
        return Chosen(version, newest.pace_day, digest)

    def _at_pace(self, version: str, pace_digest: str) -> Predictor:
        def load() -> Predictor:
            with self._database.transaction() as session:
                own = self._of(version)
                return own.with_pace(pace_snapshots.read(session, pace_digest, own.pace.groups))

        return _kept(self._paces, (version, pace_digest), PACES_KEPT, load)

    def _of(self, version: str) -> Predictor:
        def load() -> Predictor:
            bundle = self._registry.bundle(version)
            model = CatBoost()
            model.load_model(str(bundle.catboost))
            return Predictor(bundle, raw=lambda columns: model.predict(columns, thread_count=1))

        return _kept(self._versions, version, VERSIONS_KEPT, load)


def _kept(kept: "OrderedDict[Key, Predictor]", key: Key, most: int, load: Callable[[], Predictor]) -> Predictor:
    """The predictor of the key, loaded if need be; the one not used for longest makes room."""
    if key not in kept:
        kept[key] = load()
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
    return kept[key]
