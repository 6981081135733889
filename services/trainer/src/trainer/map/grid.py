"""Which region each point of the map lies in: a grid of cells over the places that orders go to."""

import numpy as np
from scipy.ndimage import distance_transform_edt

from common.arrays import Floats

MOST_CELLS = 200
"""Of a side of the grid."""

MOST_PER_DEGREE = 1_000
CUT = 0.0005
"""Share of points at each side that may lie outside: a few coordinates are always wrong."""


def draw_grid(lat: Floats, lng: Floats, region: np.ndarray) -> tuple[np.ndarray, int, float, float, float]:
    """cells, rows, south, west and per_degree of `common.orders.regions.Regions`, from n points with their region.

    A cell belongs to the region that most of its points lie in; an empty one to the nearest cell's.
    """
    known = np.isfinite(lat) & np.isfinite(lng) & (region >= 0)
    if not known.any():
        return np.zeros(0, dtype=np.int16), 0, 0.0, 0.0, 1.0
    lat, lng, region = lat[known], lng[known], region[known]
    (south, north), (west, east) = (np.quantile(axis, [CUT, 1 - CUT]) for axis in (lat, lng))
    side = max(north - south, east - west, 1 / MOST_PER_DEGREE)
    per_degree = _round(MOST_CELLS / side)
    south, west = np.floor(south * per_degree) / per_degree, np.floor(west * per_degree) / per_degree
    rows, columns = (int((far - near) * per_degree) + 1 for near, far in ((south, north), (west, east)))
    row = np.clip((lat - south) * per_degree, 0, rows - 1).astype(np.intp)
    column = np.clip((lng - west) * per_degree, 0, columns - 1).astype(np.intp)
    votes = np.zeros((int(region.max()) + 1, rows, columns), dtype=np.int32)
    np.add.at(votes, (region, row, column), 1)
    nearest = distance_transform_edt(votes.sum(axis=0) == 0, return_distances=False, return_indices=True)
    cells = votes.argmax(axis=0).astype(np.int16)[tuple(nearest)]
    return cells.ravel(), rows, float(south), float(west), float(per_degree)


def _round(per_degree: float) -> float:
    """A whole number of cells in a degree where there is room for one, else of degrees in a cell."""
    return float(np.floor(per_degree)) if per_degree >= 1 else 1 / np.ceil(1 / per_degree)
