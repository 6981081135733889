"""Model versions: from the registry, their figures from the manifest in each bundle."""

import json
from dataclasses import dataclass
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from common.errors import DeliveryTimeError, NoChampion
from common.model.bundle import MANIFEST
from common.servers.registry import CHALLENGER, CHAMPION, Registry

CARD = "model_card.md"
RIVAL = "mae_of_"


@dataclass(frozen=True)
class ShownVersion:
    """A version as the list shows it; reason is the gate's, or of who promoted it. mae: days, None if unreadable."""

    version: str
    aliases: tuple[str, ...]
    created: datetime | None
    reason: str
    mae: float | None
    interval_coverage: float | None
    learned_until: str | None


@dataclass(frozen=True)
class VersionPage:
    """Versions, newest first. following: token of the next page, empty on the last."""

    versions: tuple[ShownVersion, ...]
    following: str


@dataclass(frozen=True)
class VersionDetail:
    """Figures of one version. rivals: who else was measured on the gate's window, and their mean error in days."""

    trained_at: str
    data_fingerprint: str
    window: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, float], ...]
    rivals: tuple[tuple[str, float], ...]
    params: tuple[tuple[str, float], ...]
    card: str


class ModelVersions:
    """Reads versions in threads. A bundle never changes, so its manifest is read once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._manifests: dict[str, dict[str, object]] = {}

    async def page(self, length: int, token: str) -> VersionPage:
        """One page of versions; RegistryUnavailable."""
        return await run_in_threadpool(self._page, length, token)

    async def detail(self, version: str) -> VersionDetail:
        """One version; RegistryUnavailable, NoChampion for a version that is not there."""
        return await run_in_threadpool(self._detail, version)

    def _page(self, length: int, token: str) -> VersionPage:
        found, following = self._registry.versions(length, token)
        pointed = {alias: self._pointed(alias) for alias in (CHAMPION, CHALLENGER)}
        shown = []
        for each in found:
            manifest = self._manifest_or_nothing(each.version)
            metrics, window = _numbers(manifest, "metrics"), _texts(manifest, "training_window")
            shown.append(
                ShownVersion(
                    each.version,
                    tuple(alias for alias, version in pointed.items() if version == each.version),
                    each.created,
                    each.tags.get("reason", "–"),
                    metrics.get("mae"),
                    metrics.get("interval_coverage"),
                    window.get("known_until") or window.get("end"),
                )
            )
        return VersionPage(tuple(shown), following)

    def _detail(self, version: str) -> VersionDetail:
        manifest = self._manifest(version)
        metrics = _numbers(manifest, "metrics")
        return VersionDetail(
            str(manifest.get("trained_at", "")),
            str(manifest.get("data_fingerprint", "")),
            tuple(_texts(manifest, "training_window").items()),
            tuple((name, value) for name, value in metrics.items() if not name.startswith(RIVAL)),
            tuple(
                (name.removeprefix(RIVAL).replace("_", " "), value)
                for name, value in metrics.items()
                if name.startswith(RIVAL)
            ),
            tuple(_numbers(manifest, "params").items()),
            self._registry.document(version, CARD),
        )

    def _pointed(self, alias: str) -> str | None:
        try:
            return self._registry.resolve(alias).version
        except NoChampion:
            return None

    def _manifest_or_nothing(self, version: str) -> dict[str, object]:
        try:
            return self._manifest(version)
        except (DeliveryTimeError, ValueError):
            return {}

    def _manifest(self, version: str) -> dict[str, object]:
        if version not in self._manifests:
            self._manifests[version] = json.loads(self._registry.document(version, MANIFEST))
        return self._manifests[version]


def _numbers(manifest: dict[str, object], name: str) -> dict[str, float]:
    found = manifest.get(name)
    if not isinstance(found, dict):
        return {}
    return {str(key): float(value) for key, value in found.items() if isinstance(value, int | float)}


def _texts(manifest: dict[str, object], name: str) -> dict[str, str]:
    found = manifest.get(name)
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
