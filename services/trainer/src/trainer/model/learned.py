"""What a model has learned from, as far as the confidence in its answers depends on it."""

import numpy as np
from scipy.spatial import KDTree

from common.arrays import Floats
from common.model.uncertainty.confidence import Learned
from common.orders.distances import EARTH_RADIUS_KM
from common.orders.regions import Regions
from trainer.model.located import Located

USUAL = 0.999
"""Share of the destinations learned from that are no strangers among themselves: a few coordinates are always wrong."""

KM_PER_DEGREE = EARTH_RADIUS_KM * np.pi / 180


def learned_from(located: Located) -> Learned:
    """What the learned orders say of others: a destination is outside where it is farther from all of theirs than
    nearly every one of theirs is from its nearest other one."""
    destination, count = located.destination, len(located.destination.lat)
    regions = located.geography.regions
    points = np.unique(np.column_stack([destination.lat, destination.lng]), axis=0)
    points = points[np.isfinite(points).all(axis=1)]
    if not regions.rows or len(points) < 2:
        return Learned(count)
    tree = KDTree(_on_sphere(points[:, 0], points[:, 1]))
    among = np.asarray(tree.query(tree.data, k=[2])[0])
    lat, lng = _middles(regions)
    nearest = np.asarray(tree.query(_on_sphere(lat, lng))[0])
    half_cell = 0.5 * np.hypot(1, 1) / regions.per_degree * KM_PER_DEGREE
    limit = float(_km(np.quantile(among, [USUAL]))[0]) + half_cell
    return Learned(count, _km(nearest) > limit, np.array([limit / KM_PER_DEGREE]))


def _middles(regions: Regions) -> tuple[Floats, Floats]:
    """Latitudes and longitudes of the grid's cells, in degrees."""
    row, column = np.divmod(np.arange(len(regions.cells)), regions.columns)
    return regions.south + (row + 0.5) / regions.per_degree, regions.west + (column + 0.5) / regions.per_degree


def _on_sphere(lat: Floats, lng: Floats) -> Floats:
    phi, theta = np.radians(lat), np.radians(lng)
    return np.column_stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)])


def _km(chord: Floats) -> Floats:
    """From straight through the unit sphere to along the earth's surface."""
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2, 1.0))
