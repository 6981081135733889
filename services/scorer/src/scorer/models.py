"""The predictors of one worker: loaded once a version, for bulk use."""

import time
from functools import lru_cache
from threading import Lock

from catboost import CatBoost

from common.predictor import Predictor
from common.registry import Registry
from common.settings import RegistrySettings, load

VERSIONS_KEPT = 2
_loading = Lock()
_champion: tuple[float, str] | None = None


def champion_version() -> str:
    """The champion's version, looked up every REGISTRY_POLL_SECONDS at most; NoChampion, RegistryUnavailable."""
    global _champion
    with _loading:
        if _champion is None or time.monotonic() > _champion[0]:
            version = _registry().champion().version
            _champion = (time.monotonic() + load(RegistrySettings).poll_seconds, version)
        return _champion[1]


def predictor(version: str) -> Predictor:
    """The predictor of a version with CatBoost's own bulk prediction; RegistryUnavailable, DamagedBundle."""
    with _loading:
        return _load(version)


@lru_cache(maxsize=VERSIONS_KEPT)
def _load(version: str) -> Predictor:
    bundle = _registry().bundle(version)
    model = CatBoost()
    model.load_model(str(bundle.folder / "model.cbm"))
    return Predictor(bundle, raw=lambda columns: model.predict(columns, thread_count=1))


@lru_cache
def _registry() -> Registry:
    return Registry(load(RegistrySettings))
