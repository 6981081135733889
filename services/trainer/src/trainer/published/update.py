"""The history brought up to date: what the shop's source has changed is prepared anew, what was seen since is added."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from common.orders.shop.errors import InvalidShop
from common.orders.shop.sections import Facts, Shop
from common.orders.shop.source import Kind, expanded, kind_of, olist_folder, shown
from common.servers.history import HistoryStore, HistoryVersion
from trainer.data.prepare import prepare
from trainer.published.publish import is_published, mark_published, put_source, source_mark_of
from trainer.published.seen import Seen
from trainer.published.union import with_seen
from trainer.sources.raw.open import Sources
from trainer.sources.source_mark import source_mark


@dataclass(frozen=True)
class UpToDate:
    """The newest version. missing: why the shop's source was left out, '' if it was not."""

    version: HistoryVersion
    missing: str = ""


@dataclass(frozen=True)
class Updating:
    """shop: opens the shop file. prepared: where `prepare-data` writes on this host. seen: reads what the system has
    seen of orders, with the shop's facts."""

    shop: Callable[[], Shop]
    sources: Sources
    prepared: Path
    store: HistoryStore
    seen: Callable[[Facts], Seen]

    def publish_waiting(self) -> HistoryVersion | None:
        """Publish what was prepared on this host and nobody published yet; the newest version, None without any."""
        return self.store.newest() if is_published(self.prepared) else self._publish_prepared()

    def add_seen(self) -> HistoryVersion | None:
        """The same, with what the system has seen by now."""
        if not is_published(self.prepared):
            return self._publish_prepared()
        newest = self.store.newest()
        return self._with_seen(newest, self.store.source_mark()) if newest else None

    def bring_up_to_date(self) -> UpToDate:
        """The same, with the shop's source as it is now if this host has it: it may be another's.

        InvalidInput if it cannot be used, or if there is neither a source nor a history.
        """
        newest = self.add_seen()
        try:
            shop = self.shop()
        except InvalidShop as error:
            if newest is None:
                raise
            return UpToDate(newest, str(error))
        if newest and not self._is_here(shop):
            return UpToDate(newest, f"{shown(shop.orders.source)} is not on this host")
        mark = source_mark(shop, self.sources)
        if newest and mark and self.store.source_mark() == mark:
            return UpToDate(newest)
        prepare(shop, self.sources, self.prepared)
        return UpToDate(self._publish_prepared())

    def _publish_prepared(self) -> HistoryVersion:
        version = self._with_seen(put_source(self.prepared, self.store), source_mark_of(self.prepared))
        mark_published(self.prepared)
        return version

    def _with_seen(self, version: HistoryVersion, mark: str) -> HistoryVersion:
        months = with_seen(self.store, version, self.seen(version.shop.facts))
        changed = {"months": months, "made_at": datetime.now(UTC)}
        return self.store.publish(version.model_copy(update=changed), mark)

    def _is_here(self, shop: Shop) -> bool:
        source = shop.orders.source
        return (
            kind_of(source) is not Kind.OLIST
            or olist_folder(expanded(source, self.sources.environment), shop.folder).is_dir()
        )
