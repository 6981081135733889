"""Which state each point of the map is in."""

import numpy as np
from scipy.ndimage import distance_transform_edt

from common.arrays import Floats
from common.orders.places import GRID_SHAPE, STATES, States, grid_cell


def state_grid(lat: Floats, lng: Floats, state: States) -> States:
    """The state that most of the n zip prefixes in each cell lie in; an empty cell takes the nearest cell's state."""
    row, column = grid_cell(lat, lng)
    votes = np.zeros((len(STATES), *GRID_SHAPE), dtype=np.int32)
    np.add.at(votes, (state, row, column), 1)
    nearest = distance_transform_edt(votes.sum(axis=0) == 0, return_distances=False, return_indices=True)
    grid: States = votes.argmax(axis=0).astype(np.int8)[tuple(nearest)]
    return grid
