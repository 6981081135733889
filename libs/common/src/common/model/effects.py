"""How much slower an order is for where it comes from, where it goes and its facts, beside what the trees see.

Each effect was shrunk towards its parent's when it was learned (see `trainer.model.effects`), so that an unknown
origin, cell, route or fact has its parent's: nothing more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from common.arrays import Bools, Floats
from common.model.geography import Ends, OneEnd
from common.orders.fields import Fact
from common.orders.places import Indexes
from common.orders.texts import Texts

NONE = np.zeros(1)
"""The effects of a kind that the shop has nothing to learn from."""


@dataclass(frozen=True)
class Effects:
    """Effects in log days, float64; the last entry of each array is 0, for what is unknown.

    In the order in which they are learned. origin, destination: by place, (m + 1,). origin_cell, destination_cell: by
    cell. route: by the regions of origin and destination, (R + 1, R + 1). facts: by the name of a category, by value.
    """

    origin: Floats
    origin_cell: Floats
    route: Floats
    destination: Floats
    destination_cell: Floats
    facts: Mapping[str, Mapping[str, float]]

    def of(self, origin: Ends, destination: Ends, texts: Mapping[str, Texts]) -> Floats:
        """The sum for n orders; texts: their categories by name."""
        total = np.zeros(len(origin.lat))
        for effects, index in (
            (self.origin, origin.place),
            (self.origin_cell, origin.cell),
            (self.destination, destination.place),
            (self.destination_cell, destination.cell),
        ):
            if len(effects) > 1:
                total += effects[index]
        if self.route.size > 1:
            total += self.route[origin.region, destination.region]
        for name, effects_of in self.facts.items():
            if (values := texts.get(name)) is not None:
                total += values.gather(np.array([effects_of.get(value, 0.0) for value in values.values]), 0.0)
        return total

    def knows(self, cell: Indexes) -> Bools:
        """Which of n origins, named by their coordinates alone, lie in a cell with an effect of its own."""
        return self.origin_cell[cell] != 0 if len(self.origin_cell) > 1 else np.zeros(len(cell), dtype=np.bool_)

    def of_one(self, origin: OneEnd, destination: OneEnd, facts: Mapping[str, Fact] | None) -> float:
        """The sum for one order."""
        total = 0.0
        if len(self.origin) > 1:
            total += self.origin.item(origin.place)
        if len(self.destination) > 1:
            total += self.destination.item(destination.place)
        if len(self.origin_cell) > 1:
            total += self.origin_cell.item(origin.cell)
        if len(self.destination_cell) > 1:
            total += self.destination_cell.item(destination.cell)
        if self.route.size > 1:
            total += self.route.item(origin.region, destination.region)
        if facts:
            for name, effects_of in self.facts.items():
                value = facts.get(name)
                total += effects_of.get(value, 0.0) if isinstance(value, str) else 0.0
        return total


@dataclass(frozen=True)
class Usual:
    """How much longer than the median orders take for one thing that they say alone: what the trees see of a text.

    Log days, float64, shrunken; 0 for what is unknown. origin, destination: by place, (m + 1,), NONE where coordinates
    say it. facts: by the name of a category, by value.
    """

    origin: Floats = field(default_factory=NONE.copy)
    destination: Floats = field(default_factory=NONE.copy)
    facts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        ends = (end for end in ("origin", "destination") if len(getattr(self, end)) > 1)
        return (*ends, *self.facts)

    def of(self, origin: Ends, destination: Ends, texts: Mapping[str, Texts]) -> list[Floats]:
        """The columns of n orders."""
        ends = ((self.origin, origin), (self.destination, destination))
        columns = [usual[end.place] for usual, end in ends if len(usual) > 1]
        for name, by_value in self.facts.items():
            values = texts.get(name)
            columns.append(
                np.zeros(len(origin.lat))
                if values is None
                else values.gather(np.array([by_value.get(value, 0.0) for value in values.values]), 0.0)
            )
        return columns

    def of_one(self, origin: OneEnd, destination: OneEnd, facts: Mapping[str, Fact] | None) -> list[float]:
        """The same of one order."""
        ends = ((self.origin, origin), (self.destination, destination))
        columns: list[float] = [usual.item(end.place) for usual, end in ends if len(usual) > 1]
        for name, by_value in self.facts.items():
            value = facts.get(name) if facts else None
            columns.append(by_value.get(value, 0.0) if isinstance(value, str) else 0.0)
        return columns
