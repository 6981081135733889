"""Regions of a shop's map: states or provinces as it names them, else cells that follow its orders."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from common.orders.places import NOWHERE, Indexes


@dataclass(frozen=True, slots=True)
class Regions:
    """R regions, and which of them each point lies in.

    names: (R,). group: int8 (R + 1,), the group of each in the delivery pace, the last that of unknown regions.
    cells: int16 (rows * columns,), the region of each cell of a grid, row by row from the south-west; south, west:
    degrees of its corner; per_degree: cells. Without cells no point has a region.
    """

    names: tuple[str, ...]
    group: NDArray[np.int8]
    cells: NDArray[np.int16]
    rows: int
    south: float
    west: float
    per_degree: float
    columns: int = field(init=False)

    def __post_init__(self) -> None:
        """Counts the cells of a row, once."""
        object.__setattr__(self, "columns", len(self.cells) // self.rows if self.rows else 0)

    def cell(self, lat: Floats, lng: Floats) -> Indexes:
        """The cell of n points in degrees, NOWHERE where a coordinate is NaN; the nearest one for points outside."""
        if not self.rows:
            return np.full(len(lat), NOWHERE, dtype=np.int32)
        rows, columns = self.rows, self.columns
        with np.errstate(invalid="ignore"):
            row = np.clip((lat - self.south) * self.per_degree, 0, rows - 1)
            column = np.clip((lng - self.west) * self.per_degree, 0, columns - 1)
            cell = np.floor(row) * columns + np.floor(column)
            return np.where(np.isnan(cell), NOWHERE, cell).astype(np.int32)

    def cell_of_one(self, lat: float, lng: float) -> int:
        """The same for one point that is known."""
        rows, columns = self.rows, self.columns
        if not rows:
            return NOWHERE
        row = int((lat - self.south) * self.per_degree)
        column = int((lng - self.west) * self.per_degree)
        row = 0 if row < 0 else row if row < rows else rows - 1
        return row * columns + (0 if column < 0 else column if column < columns else columns - 1)

    def of_cell(self, cell: Indexes) -> Indexes:
        """The regions of n cells, NOWHERE for NOWHERE."""
        if not self.rows:
            return np.full(len(cell), NOWHERE, dtype=np.int32)
        return np.where(cell == NOWHERE, NOWHERE, self.cells[cell]).astype(np.int32)
