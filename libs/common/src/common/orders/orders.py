"""Many orders as columns, as the model reads them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.orders.fields import Order
from common.orders.names import COORDINATES, LATER, OLD_NUMBERS, PROMISED, TEXTS, ZIP_CODE_PREFIX
from common.orders.reading import Reading
from common.orders.texts import Texts


class Columns(Protocol):
    """Columns by name: a mapping, or a data frame of any library."""

    def __contains__(self, name: Any, /) -> bool: ...

    def __getitem__(self, name: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Orders:
    """n valid orders: the columns that they have, by the contract's names, facts among them.

    purchase_timestamp: datetime64[s], UTC. texts: by name. numbers: by name, float64 (n,), NaN where missing. A postal
    code that came as a number is in `numbers`, as ZIP_CODE_PREFIX. later: moments after the purchase, of LATER, by
    name, as `purchase_timestamp`, NaT where missing; most orders have none. promised: the shop's own promise, the same,
    None where the model does not use it.
    """

    purchase_timestamp: NDArray[np.datetime64]
    texts: Mapping[str, Texts]
    numbers: Mapping[str, Floats]
    later: Mapping[str, NDArray[np.datetime64]] = field(default_factory=dict)
    promised: NDArray[np.datetime64] | None = None

    def __len__(self) -> int:
        return len(self.purchase_timestamp)

    @classmethod
    def of_columns(
        cls, columns: Columns, numeric: Sequence[str] = (), category: Sequence[str] = (), promised: bool = False
    ) -> "Orders":
        """The orders of a table with valid values in whichever columns it has; moments are UTC, without zone.

        numeric, category: the names of the facts to take along. promised: whether to take the promise along.
        """
        texts = {name: Texts.of(_texts(columns[name])) for name in (*TEXTS, *category) if name in columns}
        numbers = {
            name: _floats(columns[name]) for name in (*COORDINATES, ZIP_CODE_PREFIX, *numeric) if name in columns
        }
        for old, name in OLD_NUMBERS.items():
            if old in columns:
                given = _floats(columns[old])
                numbers[name] = np.where(np.isnan(given), numbers[name], given) if name in numbers else given
        later = {name: _moments(columns[name]) for name in LATER if name in columns}
        purchase = _moments(columns["purchase_timestamp"])
        has_promise = promised and PROMISED in columns
        return cls(purchase, texts, numbers, later, _moments(columns[PROMISED]) if has_promise else None)

    @classmethod
    def of_one(cls, order: Order, purchase: datetime, reading: Reading) -> "Orders":
        """One valid order; its moments, and that of its purchase, are in UTC, without zone."""
        values = {name: value for name, value in order.__dict__.items() if value is not None}
        values |= values.pop("facts", {}) | {"purchase_timestamp": purchase}
        columns = {name: [value] for name, value in values.items()}
        return cls.of_columns(columns, reading.numeric, reading.category, reading.promised)

    @property
    def promised_days(self) -> Floats:
        """The shop's own promise in days from purchase, NaN where there is none."""
        if self.promised is None:
            return np.full(len(self), np.nan)
        return (self.promised - self.purchase_timestamp) / np.timedelta64(86_400, "s")

    def without(self, name: str) -> "Orders":
        """The same without a column of texts."""
        texts = {each: texts for each, texts in self.texts.items() if each != name}
        return replace(self, texts=texts)

    def where(self, chosen: Bools) -> "Orders":
        """The chosen orders."""
        return Orders(
            self.purchase_timestamp[chosen],
            {name: texts.where(chosen) for name, texts in self.texts.items()},
            {name: numbers[chosen] for name, numbers in self.numbers.items()},
            {name: moments[chosen] for name, moments in self.later.items()},
            None if self.promised is None else self.promised[chosen],
        )

    def of_their_own(self) -> "Orders":
        """The same without texts and columns that no order has any more: chosen orders know nothing of the others."""
        texts = {name: texts.of_its_own() for name, texts in self.texts.items() if (texts.index >= 0).any()}
        numbers = {name: numbers for name, numbers in self.numbers.items() if not np.isnan(numbers).all()}
        return Orders(self.purchase_timestamp, texts, numbers, promised=self.promised)

    def each(self) -> Iterator[tuple[Order, datetime]]:
        """One order after the other, each with its moment of purchase in UTC, without zone."""
        columns: dict[str, list[Any]] = {name: texts.tolist() for name, texts in self.texts.items()}
        columns |= {name: _nones(numbers) for name, numbers in self.numbers.items()}
        facts = [name for name in columns if name not in Order.model_fields]
        if self.promised is not None:
            columns[PROMISED] = self.promised.astype(datetime).tolist()
        for row, purchase in enumerate(self.purchase_timestamp.astype(datetime).tolist()):
            values = {name: column[row] for name, column in columns.items()}
            if values.get(ZIP_CODE_PREFIX) is not None:
                values[ZIP_CODE_PREFIX] = int(values[ZIP_CODE_PREFIX])
            given = {name: values.pop(name) for name in facts}
            yield Order.model_construct(**values, facts=given or None), purchase


def _moments(values: Any) -> NDArray[np.datetime64]:
    return np.asarray(values).astype("datetime64[s]")


def _nones(numbers: Floats) -> list[float | None]:
    return [None if number != number else number for number in numbers.tolist()]


def _floats(values: Any) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except TypeError:  # None among them, or pandas' missing value
        return np.array([np.nan if value is None or value != value else value for value in values], dtype=np.float64)


def _texts(values: Iterable[Any]) -> Iterable[str | None]:
    return (value if isinstance(value, str) else None for value in values)
