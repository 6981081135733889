"""Which column of a source gives which field of an order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from common.orders.names import FIELDS, KNOWN_NAMES, MOMENTS, SPANS, field_of
from common.orders.shop.errors import nearest
from common.orders.shop.sections import Shop
from trainer.sources.errors import UnusableSource
from trainer.sources.raw.table import RawTable


@dataclass(frozen=True)
class ColumnMapping:
    """`by_name`: a field's name, or a span's such as delivered_days, to the source's column."""

    by_name: dict[str, str]
    status: str | None
    numeric: tuple[str, ...]
    category: tuple[str, ...]

    @property
    def moments(self) -> dict[str, str]:
        """The moments that the source gives as moments."""
        return {name: self.by_name[name] for name in MOMENTS if name in self.by_name}

    @property
    def spans(self) -> dict[str, str]:
        """The moments that it gives as numbers since the purchase."""
        return {name: column for name, column in self.by_name.items() if name in SPANS}

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every column to read, once."""
        status = (self.status,) if self.status else ()
        return tuple(dict.fromkeys((*self.by_name.values(), *status, *self.numeric, *self.category)))

    @classmethod
    def of(cls, shop: Shop, table: RawTable, deliveries: RawTable | None = None) -> "ColumnMapping":
        """Those that the shop file names, else those with an order's names; UnusableSource names all that is wrong."""
        there = deliveries.columns if deliveries else ()
        named = {
            name: column
            for name, column in shop.orders.columns.items()
            if column in table.columns or column not in there
        }
        by_name, problems = _fields(named, table.columns)
        status = shop.orders.status.column if shop.orders.status else None
        facts = {"facts.numeric": shop.facts.numeric, "facts.category": shop.facts.category}
        for where, columns in ({"orders.status": (status,) if status else ()} | facts).items():
            problems += [_missing(where, column, table.columns) for column in columns if column not in table.columns]
        problems += _needed(by_name, deliveries)
        if problems:
            raise UnusableSource(table.name, problems)
        return cls(by_name, status, shop.facts.numeric, shop.facts.category)


def _fields(named: dict[str, str], present: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    problems = [
        _missing(f"orders.columns.{name}", column, present) for name, column in named.items() if column not in present
    ]
    taken = {field_of(name) for name in named}
    by_field: dict[str, list[str]] = {}
    for column in present:
        if column in KNOWN_NAMES and field_of(column) not in taken and column not in named.values():
            by_field.setdefault(field_of(column), []).append(column)
    for field, columns in by_field.items():
        if len(columns) > 1:
            choice = f'name one under [orders.columns], e.g. {field} = "{columns[0]}"'
            problems.append(f"{' and '.join(columns)} both give {field}: {choice}")
    own = {column if column in SPANS else field: column for field, (column, *_) in by_field.items()}
    return named | own, problems


def _needed(by_name: dict[str, str], deliveries: RawTable | None) -> Iterator[str]:
    given = {field_of(name) for name in by_name}
    if "purchase_timestamp" not in given:
        yield 'no column gives purchase_timestamp: write purchase_timestamp = "…" under [orders.columns]'
    if "delivered_timestamp" not in given and deliveries is None:
        yield (
            "no column gives delivered_timestamp (or delivered_days, _hours, _minutes): name it under "
            '[orders.columns], or a second table that has it: deliveries = "…" under [orders]'
        )
    if deliveries is not None and "order_id" not in given:
        yield "no column gives order_id, by which deliveries are joined: name it under [orders.columns]"


def _missing(where: str, column: str, present: Sequence[str]) -> str:
    return f"{where}: there is no column {column!r}{nearest(column, present)} (there are: {', '.join(present)})"


def absent(columns: ColumnMapping) -> tuple[str, ...]:
    """The fields of an order that the source does not give."""
    given = {field_of(name) for name in columns.by_name}
    return tuple(name for name in FIELDS if name not in given)
