"""The history brought up to date: what the shop's source has changed is prepared anew, all else is there already."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common.orders.shop.errors import InvalidShop
from common.orders.shop.sections import Shop
from common.orders.shop.source import Kind, expanded, kind_of, olist_folder, shown
from common.servers.history import HistoryStore, HistoryVersion
from trainer.data.prepare import prepare
from trainer.published.publish import is_published, publish_prepared
from trainer.sources.raw.open import Sources
from trainer.sources.source_mark import source_mark


@dataclass(frozen=True)
class UpToDate:
    """The newest version. missing: why the shop's source was left out, '' if it was not."""

    version: HistoryVersion
    missing: str = ""


@dataclass(frozen=True)
class Updating:
    """shop: opens the shop file. prepared: where `prepare-data` writes on this host."""

    shop: Callable[[], Shop]
    sources: Sources
    prepared: Path
    store: HistoryStore

    def publish_waiting(self) -> HistoryVersion | None:
        """Publish what was prepared on this host and nobody published yet; the newest version, None without any."""
        if is_published(self.prepared):
            return self.store.newest()
        return publish_prepared(self.prepared, self.store)

    def bring_up_to_date(self) -> UpToDate:
        """The newest version, with the shop's source as it is now if this host has it: it may be another's.

        InvalidInput if it cannot be used, or if there is neither a source nor a history.
        """
        newest = self.publish_waiting()
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
        return UpToDate(publish_prepared(self.prepared, self.store))

    def _is_here(self, shop: Shop) -> bool:
        source = shop.orders.source
        return (
            kind_of(source) is not Kind.OLIST
            or olist_folder(expanded(source, self.sources.environment), shop.folder).is_dir()
        )
