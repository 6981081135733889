"""The history brought up to date: what the shop's source has changed is prepared anew, what was seen since is added."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from common.orders.shop.errors import InvalidShop
from common.orders.shop.prepared_shop import PreparedShop
from common.orders.shop.sections import Shop
from common.orders.shop.source import Kind, expanded, kind_of, olist_folder, shown
from common.servers.history import HistoryStore, HistoryVersion
from trainer.data.prepare import prepare
from trainer.published.publish import is_published, mark_published, prepared_at, put_source, put_table, source_mark_of
from trainer.published.seen import Seen
from trainer.published.union import with_seen
from trainer.sources.orders.known_places import read_places
from trainer.sources.raw.open import Sources
from trainer.sources.source_mark import CANNOT_TELL, source_mark

NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""When the source of a shop without one was taken: before everything that the system has seen."""


@dataclass(frozen=True)
class UpToDate:
    """The newest version. missing: why the shop's source was left out, '' if it was not."""

    version: HistoryVersion
    missing: str = ""


@dataclass(frozen=True)
class Updating:
    """shop: opens the shop file. prepared: where `prepare-data` writes on this host. seen: reads what the system has
    seen of the shop's orders."""

    shop: Callable[[], Shop]
    sources: Sources
    prepared: Path
    store: HistoryStore
    seen: Callable[[PreparedShop], Iterable[Seen]]

    def publish_waiting(self) -> HistoryVersion | None:
        """Publish what was prepared on this host since the newest version was made; the newest, None without any."""
        newest = self.store.newest()
        return self._publish_prepared() if self._is_waiting(newest) else newest

    def add_seen(self) -> HistoryVersion | None:
        """The same, with what the system has seen by now."""
        newest = self.store.newest()
        if self._is_waiting(newest):
            return self._publish_prepared()
        return self._with_seen(newest, self.store.source_mark()) if newest else None

    def bring_up_to_date(self) -> UpToDate:
        """The same, with the shop's source as it is now if this host has it: it may be another's.

        InvalidInput if it cannot be used, or if there is neither a source nor a history.
        """
        newest = self.publish_waiting()
        try:
            shop = self.shop()
        except InvalidShop as error:
            if newest is None:
                raise
            return UpToDate(self._with_seen(newest, self.store.source_mark()), str(error))
        if not shop.has_orders:
            return UpToDate(self._with_seen(self._without_source(shop), CANNOT_TELL))
        if newest and not self._is_here(shop):
            missing = f"{shown(shop.orders.source)} is not on this host"
            return UpToDate(self._with_seen(newest, self.store.source_mark()), missing)
        mark = source_mark(shop, self.sources)
        if newest and mark and self.store.source_mark() == mark:
            return UpToDate(self._with_seen(newest, mark))
        prepare(shop, self.sources, self.prepared)
        return UpToDate(self._publish_prepared())

    def _without_source(self, shop: Shop) -> HistoryVersion:
        """A version of a shop that has no orders of its own yet."""
        prepared = PreparedShop(
            name=shop.name,
            country=shop.country,
            time_zone=shop.time_zone,
            weekend=shop.weekend,
            facts=shop.facts,
            promise_barred=False,
            as_of=NEVER,
            synthetic=False,
            declared=shop.declared,
        )
        places = read_places(shop, self.sources)
        part = None if places is None else put_table(places, self.store)
        return HistoryVersion(shop=prepared, months={}, source={}, places=part, made_at=datetime.now(UTC))

    def _is_waiting(self, newest: HistoryVersion | None) -> bool:
        """Whether this host has prepared something newer: a folder of last year is no news."""
        if is_published(self.prepared):
            return False
        return newest is None or prepared_at(self.prepared) > newest.made_at

    def _publish_prepared(self) -> HistoryVersion:
        version = self._with_seen(put_source(self.prepared, self.store), source_mark_of(self.prepared))
        mark_published(self.prepared)
        return version

    def _with_seen(self, version: HistoryVersion, mark: str) -> HistoryVersion:
        months = with_seen(self.store, version, self.seen(version.shop))
        changed = {"months": months, "made_at": datetime.now(UTC)}
        return self.store.publish(version.model_copy(update=changed), mark)

    def _is_here(self, shop: Shop) -> bool:
        source = shop.orders.source
        return (
            kind_of(source) is not Kind.OLIST
            or olist_folder(expanded(source, self.sources.environment), shop.folder).is_dir()
        )
