"""Regions: those that the shop names, else cells that hold about as many orders each, else countries."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from common.arrays import Floats

NAMED_SHARE = 0.5
"""With regions for fewer of the destinations than this, the map is divided by coordinates."""

FEWEST_ORDERS = 20
"""A named region of fewer orders is no region of its own."""

MOST_REGIONS = 400
CELL_SPLITS = 4
"""Without named regions the map is halved so many times: 16 cells. 4 to 32 differ little."""

FEWEST_IN_CELL = 100


@dataclass(frozen=True)
class Division:
    """R regions. names: for people. numbers: which it is, by country and name; empty for cells. of_destinations: int16
    (n,), the region of each order's destination, -1 where unknown."""

    names: tuple[str, ...]
    numbers: dict[tuple[str, str], int]
    of_destinations: np.ndarray


def divide(destinations: pl.DataFrame) -> Division:
    """The regions of a shop, from where its n orders went (see `trainer.map.points`)."""
    if destinations["region"].count() >= NAMED_SHARE * len(destinations):
        return _by_name(destinations.select("country", name=pl.col("region")))
    located = destinations["lat"].is_not_null().to_numpy()
    if located.mean() >= NAMED_SHARE:
        return _by_cells(destinations["lat"].to_numpy(), destinations["lng"].to_numpy(), located)
    return _by_name(destinations.select("country", name=pl.col("country")))


def _by_name(rows: pl.DataFrame) -> Division:
    counted = (
        rows.drop_nulls()
        .group_by("country", "name")
        .len()
        .filter(pl.col("len") >= min(FEWEST_ORDERS, len(rows) // 20))
        .sort("len", "country", "name", descending=[True, False, False])
        .head(MOST_REGIONS)
        .sort("country", "name")
        .with_row_index("number")
    )
    numbers = rows.join(counted, on=["country", "name"], how="left", maintain_order="left")["number"]
    keys = list(counted.select("country", "name").iter_rows())
    one_country = counted["country"].n_unique() == 1
    names = tuple(name if one_country or name == country else f"{country} {name}" for country, name in keys)
    return Division(names, {key: at for at, key in enumerate(keys)}, numbers.cast(pl.Int16).fill_null(-1).to_numpy())


def _by_cells(lat: Floats, lng: Floats, located: np.ndarray) -> Division:
    """Halved again and again at the median of the longer side."""
    of = np.full(len(lat), -1, dtype=np.int16)
    parts = [np.flatnonzero(located)]
    for _ in range(CELL_SPLITS):
        parts = [half for part in parts for half in _halves(part, lat, lng)]
    names = []
    for number, part in enumerate(parts):
        of[part] = number
        names.append(f"around {np.median(lat[part]):.2f}, {np.median(lng[part]):.2f}")
    return Division(tuple(names), {}, of)


def _halves(part: np.ndarray, lat: Floats, lng: Floats) -> list[np.ndarray]:
    if len(part) < 2 * FEWEST_IN_CELL:
        return [part]
    height, width = np.ptp(lat[part]), np.ptp(lng[part]) * np.cos(np.radians(np.median(lat[part])))
    along = lat[part] if height >= width else lng[part]
    south = along < np.median(along)
    return [part[south], part[~south]] if south.any() and not south.all() else [part]
