"""How much slower an order is for where it comes from, where it goes and its facts, beside what the trees see.

Each effect was shrunk towards its parent's when it was learned (see `trainer.model.effects`), so that an unknown
origin, cell, route or fact has its parent's: nothing more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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
