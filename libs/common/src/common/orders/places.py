"""The places of Brazil's zip prefixes, and the states of places."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats

ZIP_PREFIXES = 100_000

# fmt: off
STATES = (
    "AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA",
    "PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO",
)
# fmt: on
"""Brazil's states; everywhere else a state is its position in this tuple."""

GRID_ORIGIN = (-34.0, -74.0)
GRID_CELLS_PER_DEGREE = 5
GRID_SHAPE = (200, 200)
"""The state grid: latitude and longitude of its south-west corner, and its cells of a fifth of a degree (22 km)."""

States = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of each zip prefix, and the state of each point.

    lat, lng: float64 (100000,), degrees; a prefix without a location has that of the numerically nearest one, as
    Brazil's prefixes are handed out region by region. known: bool (100000,), whether it has a location of its own.
    state: int8 (100000,). state_grid: int8 GRID_SHAPE, the state of the nearest zip prefix of each cell.
    """

    lat: Floats
    lng: Floats
    known: NDArray[np.bool_]
    state: States
    state_grid: States

    @classmethod
    def of(
        cls, zip_code_prefix: NDArray[np.integer], lat: Floats, lng: Floats, state: States, state_grid: States
    ) -> "Places":
        """Spread n known prefixes, ascending, over the whole range."""
        wanted = np.arange(ZIP_PREFIXES)
        after = np.clip(np.searchsorted(zip_code_prefix, wanted), 1, len(zip_code_prefix) - 1)
        nearer_before = wanted - zip_code_prefix[after - 1] <= zip_code_prefix[after] - wanted
        nearest = after - nearer_before
        known = zip_code_prefix[nearest] == wanted
        return cls(lat[nearest], lng[nearest], known, state[nearest], state_grid)

    def state_at(self, lat: Floats, lng: Floats) -> States:
        """State of n points in degrees; points outside the grid take its nearest cell."""
        return self.state_grid[grid_cell(lat, lng)]


def grid_cell(lat: Floats, lng: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row and column in the state grid of n points in degrees."""
    row = (np.subtract(lat, GRID_ORIGIN[0]) * GRID_CELLS_PER_DEGREE).astype(np.intp)
    column = (np.subtract(lng, GRID_ORIGIN[1]) * GRID_CELLS_PER_DEGREE).astype(np.intp)
    return np.clip(row, 0, GRID_SHAPE[0] - 1), np.clip(column, 0, GRID_SHAPE[1] - 1)
