"""Groups of regions for the delivery pace: neighbours are merged until each group has enough orders."""

import numpy as np

from common.arrays import Floats
from common.model.pace import FEWEST_ORDERS
from common.orders.distances import great_circle_km

ENOUGH = 0.08
"""Share of the orders that a group has at least; 4 to 8 groups differ little."""

ENOUGH_IN_WINDOW = 1.5 * FEWEST_ORDERS
"""Orders of a group in a window of ordinary days: with fewer its pace would often stand still."""

SHOWN_NAMES = 3


def pace_groups(
    names: tuple[str, ...], orders: np.ndarray, lat: Floats, lng: Floats, in_window: float
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The group of each of R regions, int8 (R + 1,), the last for unknown regions; and the groups' names.

    orders: of each region. lat, lng: of its middle in degrees, NaN where unknown. in_window: orders that an ordinary
    window of the pace has.
    """
    members = [[number] for number in range(len(names))]
    weight = orders.astype(np.float64)
    middle = np.column_stack([lat, lng]).astype(np.float64)
    enough = max(ENOUGH, ENOUGH_IN_WINDOW / max(in_window, 1.0)) * max(weight.sum(), 1.0)
    sizes, middles = list(weight), list(middle)
    while len(members) > 1:
        smallest = int(np.argmin(sizes))
        if sizes[smallest] >= enough:
            break
        nearest = _nearest(smallest, middles, sizes, enough)
        share = sizes[smallest] / max(sizes[smallest] + sizes[nearest], 1e-9)
        if np.isfinite(middles[smallest]).all() and np.isfinite(middles[nearest]).all():
            middles[nearest] = (1 - share) * middles[nearest] + share * middles[smallest]
        sizes[nearest] += sizes[smallest]
        members[nearest] += members[smallest]
        for each in (members, sizes, middles):
            del each[smallest]
    by_size = sorted(range(len(members)), key=lambda number: -sizes[number])
    group = np.zeros(len(names) + 1, dtype=np.int8)
    labels = []
    for number, merged in enumerate(by_size):
        group[members[merged]] = number
        largest = sorted(members[merged], key=lambda region: -weight[region])
        label = " + ".join(names[region] for region in largest[:SHOWN_NAMES])
        labels.append(label + (f" + {len(largest) - SHOWN_NAMES} more" if len(largest) > SHOWN_NAMES else ""))
    group[-1] = 0
    return group, tuple(labels) or ("everywhere",)


def _nearest(smallest: int, middles: list[np.ndarray], sizes: list[float], enough: float) -> int:
    """Another group that is too small if there is one near, else the nearest of all."""
    middle = np.array(middles)
    km = great_circle_km(middle[:, 0], middle[:, 1], *np.broadcast_to(middle[smallest], middle.shape).T)
    km = np.where(np.isfinite(km), km, 1e6)
    km[smallest] = np.inf
    too_small = np.array(sizes) < enough
    return int(np.argmin(np.where(too_small, 0.5 * km, km)))
