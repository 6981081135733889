"""Where the shop's orders go: a picture made of the champion's own places, no map from anywhere."""

from typing import NamedTuple

import numpy as np
from starlette.concurrency import run_in_threadpool

from common.servers.registry import Registry

SHOWN = 3_000


class Place(NamedTuple):
    """Degrees, and the region that its delivery pace is counted in."""

    lng: float
    lat: float
    region: str


class Places:
    """A sample of the champion's places, read from its bundle once a version."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[str, list[Place]] = {}

    async def of_version(self, version: str) -> list[Place]:
        """Up to SHOWN places of this version; RegistryUnavailable if its bundle cannot be had."""
        if version not in self._known:
            self._known = {version: await run_in_threadpool(self._sample, version)}
        return self._known[version]

    def _sample(self, version: str) -> list[Place]:
        bundle = self._registry.bundle(version)
        places, group = bundle.geography.places, bundle.geography.regions.group
        known = np.flatnonzero(places.known & np.isfinite(places.lat))
        chosen = np.random.default_rng(0).choice(known, min(SHOWN, len(known)), replace=False)
        regions = (bundle.pace.groups[each] for each in group[places.region[chosen]])
        lng, lat = (axis[chosen].round(3).tolist() for axis in (places.lng, places.lat))
        return list(map(Place, lng, lat, regions))
