"""Versions of the history that nobody will read again are deleted, and their parts with them."""

import json
from datetime import UTC, datetime, timedelta

from common.errors import NotFound
from common.model.bundle import MANIFEST
from common.servers.history import HistoryStore
from common.servers.registry import Registry
from monitor.archive.ages import every_version


def prune_history(history: HistoryStore, registry: Registry, age: timedelta) -> list[str]:
    """Delete versions that were replaced so long ago, unless a registered model names them; which ones. A damaged one
    counts as made when its file was written.

    Parts are deleted once no version has them. Whenever this dies, the next round does the rest.
    """
    before = datetime.now(UTC) - age
    made_before = [name for name, found in history.versions().items() if found.made_at < before]
    old = made_before[:-1]  # the last of them was replaced later
    gone = []
    if old:
        kept: set[str] = set()
        for name in _named(registry) | {history.newest_name()}:
            kept |= history.behind(name)
        gone = [name for name in old if name not in kept]
        history.delete_versions(gone)
    history.delete_unnamed_parts()
    return gone


def _named(registry: Registry) -> set[str]:
    """The versions of the history that registered models have learned from."""
    named = set()
    for found in every_version(registry):
        try:
            named.add(str(json.loads(registry.document(found.version, MANIFEST)).get("history", "")))
        except NotFound:
            continue
    return named - {""}
