"""The table that a source names."""

from collections.abc import Callable, Mapping
from pathlib import Path

from common.orders.shop.sections import Shop
from common.orders.shop.source import Kind, expanded, kind_of, shown
from common.servers.objects import ObjectStore
from trainer.sources.errors import UnusableSource
from trainer.sources.raw.database import Query
from trainer.sources.raw.file_table import FileTable
from trainer.sources.raw.files import DataFile, local_files, stored_files
from trainer.sources.raw.joined import with_joined
from trainer.sources.raw.table import RawTable


class Sources:
    """Opens what shop files name; the object store is connected to only when one of them names it."""

    def __init__(self, environment: Mapping[str, str], store: Callable[[], ObjectStore]) -> None:
        self.environment = environment
        self._store = store

    def orders(self, shop: Shop) -> RawTable:
        """The shop's orders."""
        table = self.open(
            shop.orders.source, shop.folder, shop.orders.query, shop.orders.delimiter, shop.orders.encoding
        )
        return with_joined(table, shop.orders.columns.values())

    def deliveries(self, shop: Shop) -> RawTable | None:
        """The shop's second table, if it names one."""
        if shop.orders.deliveries is None:
            return None
        return with_joined(self.open(shop.orders.deliveries, shop.folder), shop.orders.columns.values())

    def files(self, source: str, folder: Path) -> list[DataFile]:
        """The files or objects that a source names."""
        address = expanded(source, self.environment)
        if kind_of(source) is Kind.OBJECTS:
            return stored_files(address, self._store())
        return local_files(address, folder)

    def open(
        self,
        source: str,
        folder: Path,
        query: str | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
    ) -> RawTable:
        """Any source; UnusableSource, SourceAway, or the object store's errors."""
        address = expanded(source, self.environment)
        name = shown(source)
        match kind_of(source):
            case Kind.FILES | Kind.OBJECTS:
                return FileTable.of(name, self.files(source, folder), delimiter, encoding)
            case Kind.DATABASE:
                return Query(name, address, query or "")
            case Kind.NOWHERE_YET:
                raise UnusableSource(name, "is no source: add [orders] to the shop file once the shop has orders")
            case Kind.OLIST:
                raise UnusableSource(name, "is nine files, not one table: it can be the source of [orders] only")
