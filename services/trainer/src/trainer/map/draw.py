"""The whole map of a shop, from its orders and its places."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from common.model.geography import Geography
from common.model.pace import RELATIONS
from common.model.time_scale import TimeScale
from common.orders.regions import Regions
from trainer.data.history import DAY, TrainingData
from trainer.map.grid import draw_grid
from trainer.map.pace_groups import pace_groups
from trainer.map.places import WITH_REGION, code_digits, place_table
from trainer.map.points import ends_of, named_by_point
from trainer.map.regions import Division, divide


@dataclass(frozen=True)
class DrawnMap:
    """The map, and the names of the groups of its delivery pace, RELATIONS included."""

    geography: Geography
    pace_groups: tuple[str, ...]


def draw_map(data: TrainingData, scale: TimeScale) -> DrawnMap:
    """Places, regions and groups of the delivery pace."""
    origins, destinations = ends_of(data, "origin"), named_by_point(ends_of(data, "destination"), data.places)
    division = divide(destinations)
    grid = _grid(data, destinations, division)
    regions = Regions(division.names, np.zeros(len(division.names) + 1, dtype=np.int8), *grid)
    known = pl.concat([_with_region(rows, regions, division) for rows in (destinations, origins)])
    unused = data.places.with_columns(origin=pl.lit(None, pl.String)).select(*origins.columns)
    codes = _with_region(unused, regions, division)
    digits = code_digits(known, codes, data.shop.country)
    places = place_table(known, codes, data.shop.country, digits)
    purchases = data.history.orders.purchase_timestamp
    days = max((purchases[-1] - purchases[0]) / DAY, 1.0)
    group, names = _groups(division, destinations, len(purchases) / days * scale.pace_window)
    regions = Regions(division.names, group, *grid)
    return DrawnMap(Geography(places, regions, data.shop.country, digits), (*names, *RELATIONS))


def _grid(
    data: TrainingData, destinations: pl.DataFrame, division: Division
) -> tuple[np.ndarray, int, float, float, float]:
    """From the shop's places if they have the regions: they cover the country, where no order went yet, too."""
    if division.numbers and data.places["region"].count():
        named = data.places.drop_nulls("region")
        return draw_grid(named["lat"].to_numpy(), named["lng"].to_numpy(), _numbers(named, division))
    lat, lng = (destinations[axis].fill_null(np.nan).to_numpy() for axis in ("lat", "lng"))
    return draw_grid(lat, lng, division.of_destinations)


def _with_region(rows: pl.DataFrame, regions: Regions, division: Division) -> pl.DataFrame:
    """The rows with `number`, the region that each lies in: as named, else by its point."""
    lat, lng = (rows[axis].fill_null(np.nan).to_numpy() for axis in ("lat", "lng"))
    named = _numbers(rows, division)
    number = np.where(named >= 0, named, regions.of_cell(regions.cell(lat, lng)))
    return rows.with_columns(number=pl.Series(number, dtype=pl.Int32).replace(-1, None)).select(WITH_REGION)


def _numbers(rows: pl.DataFrame, division: Division) -> np.ndarray:
    """The regions' numbers by their names, or by the country where countries are the regions; -1 where unknown."""
    pairs = rows.select("country", "region").unique()
    by_name = division.numbers
    found = [
        by_name.get((country, region or country), by_name.get((country, country), -1))
        for country, region in pairs.iter_rows()
    ]
    numbered = pairs.with_columns(found=pl.Series(found, dtype=pl.Int64))
    joined = rows.join(numbered, on=["country", "region"], how="left", nulls_equal=True, maintain_order="left")
    return joined["found"].fill_null(-1).to_numpy()


def _groups(division: Division, destinations: pl.DataFrame, in_window: float) -> tuple[np.ndarray, tuple[str, ...]]:
    count = len(division.names)
    chosen = division.of_destinations
    orders = np.bincount(chosen[chosen >= 0], minlength=count)
    lat, lng = (destinations[axis].fill_null(np.nan).to_numpy() for axis in ("lat", "lng"))
    middles = np.full((count, 2), np.nan)
    for region in range(count):
        inside = (chosen == region) & np.isfinite(lat)
        if inside.any():
            middles[region] = np.median(lat[inside]), np.median(lng[inside])
    return pace_groups(division.names, orders, middles[:, 0], middles[:, 1], in_window)
