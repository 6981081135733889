"""Places from the prepared locations: which state a zip prefix, and a point, is in."""

from pathlib import Path

import numpy as np
import polars as pl
from scipy.ndimage import distance_transform_edt

from common.errors import InvalidInput
from common.orders.geography import Floats
from common.orders.places import GRID_SHAPE, STATES, Places, States, grid_cell


def read_places(data_dir: Path) -> Places:
    """Places of the prepared data; InvalidInput if a state is none of Brazil's."""
    table = pl.read_parquet(data_dir / "prepared" / "geolocation.parquet").sort("zip_code_prefix")
    strange = table.filter(~pl.col("state").is_in(STATES))
    if not strange.is_empty():
        raise InvalidInput(f"{strange.height} zip prefixes lie in no state of Brazil, e.g. {strange['state'][0]!r}")
    state = np.array([STATES.index(name) for name in table["state"]], dtype=np.int8)
    lat, lng = table["lat"].to_numpy(), table["lng"].to_numpy()
    return Places.of(table["zip_code_prefix"].to_numpy(), lat, lng, state, state_grid(lat, lng, state))


def state_grid(lat: Floats, lng: Floats, state: States) -> States:
    """The state that most prefixes of each cell lie in; a cell without any takes the nearest one's."""
    row, column = grid_cell(lat, lng)
    votes = np.zeros((len(STATES), *GRID_SHAPE), dtype=np.int32)
    np.add.at(votes, (state, row, column), 1)
    nearest = distance_transform_edt(votes.sum(axis=0) == 0, return_distances=False, return_indices=True)
    grid: States = votes.argmax(axis=0).astype(np.int8)[tuple(nearest)]
    return grid
