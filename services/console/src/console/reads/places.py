"""Where the shop's orders go: a picture made of the champion's own places, no map from anywhere."""

import numpy as np
from starlette.concurrency import run_in_threadpool

from common.servers.registry import Registry

SHOWN = 3_000

Point = tuple[float, float]
"""Longitude and latitude in degrees."""


class Places:
    """A sample of the champion's places, read from its bundle once a version."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[str, list[Point]] = {}

    async def of_version(self, version: str) -> list[Point]:
        """Up to SHOWN points of this version; RegistryUnavailable if its bundle cannot be had."""
        if version not in self._known:
            self._known = {version: await run_in_threadpool(self._sample, version)}
        return self._known[version]

    def _sample(self, version: str) -> list[Point]:
        places = self._registry.bundle(version).geography.places
        known = np.flatnonzero(places.known & np.isfinite(places.lat))
        chosen = np.random.default_rng(0).choice(known, min(SHOWN, len(known)), replace=False)
        return list(zip(places.lng[chosen].round(3).tolist(), places.lat[chosen].round(3).tolist(), strict=True))
