"""Where the ends of the known orders are, as far as the orders and the shop's places say it: one row for each end."""

from typing import Literal

import numpy as np
import polars as pl

from common.orders.names import ZIP_CODE_PREFIX
from common.orders.orders import Orders
from common.orders.regions import Regions
from trainer.data.history import TrainingData
from trainer.map.grid import draw_grid

End = Literal["origin", "destination"]


def ends_of(data: TrainingData, end: End) -> pl.DataFrame:
    """n rows: country, code, region (null where unknown), lat, lng (degrees, null where unknown), and origin.

    A code's coordinates and region are those of the shop's places, where the order has none of its own.
    """
    orders = data.history.orders
    rows = pl.DataFrame(
        {
            "origin": _texts(orders, "origin_id")
            if end == "origin"
            else pl.repeat(None, len(orders), dtype=pl.String, eager=True),
            "country": _texts(orders, f"{end}_country").fill_null(data.shop.country),
            "postal_code": _codes(orders, end),
            "region": _texts(orders, f"{end}_region"),
            "lat": _numbers(orders, f"{end}_lat"),
            "lng": _numbers(orders, f"{end}_lng"),
        }
    )
    joined = rows.join(data.places, on=["country", "postal_code"], how="left", suffix="_there", maintain_order="left")
    has_own = pl.col("lat").is_not_null() & pl.col("lng").is_not_null()
    return joined.select(
        "origin",
        "country",
        "postal_code",
        pl.coalesce("region", "region_there").alias("region"),
        *(pl.when(has_own).then(axis).otherwise(f"{axis}_there").alias(axis) for axis in ("lat", "lng")),
    )


def named_by_point(ends: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """The ends with the region of the nearest places, where an end has coordinates alone."""
    named = places.drop_nulls(["region", "lat", "lng"])
    regions = named.select("country", "region").unique().sort("country", "region").with_row_index("number")
    if regions.is_empty() or ends["region"].null_count() == 0:
        return ends
    number = named.join(regions, on=["country", "region"], maintain_order="left")["number"].to_numpy()
    grid = Regions((), np.zeros(1, dtype=np.int8), *draw_grid(named["lat"].to_numpy(), named["lng"].to_numpy(), number))
    lat, lng = (ends[axis].fill_null(np.nan).to_numpy() for axis in ("lat", "lng"))
    found = pl.Series(grid.of_cell(grid.cell(lat, lng))).replace(-1, None)
    at_point = regions["region"].gather(found.fill_null(0)).set(found.is_null(), None)
    return ends.with_columns(region=pl.coalesce("region", at_point))


def _texts(orders: Orders, name: str) -> pl.Series:
    texts = orders.texts.get(name)
    if texts is None:
        return pl.repeat(None, len(orders), dtype=pl.String, eager=True)
    return pl.Series(texts.gather(np.array(texts.values, dtype=object), None), dtype=pl.String)


def _codes(orders: Orders, end: End) -> pl.Series:
    numbers = orders.numbers.get(ZIP_CODE_PREFIX) if end == "origin" else None
    if numbers is not None:
        return pl.Series(numbers.astype(np.int64)).cast(pl.String).str.zfill(5)
    return _texts(orders, f"{end}_postal_code")


def _numbers(orders: Orders, name: str) -> pl.Series:
    numbers = orders.numbers.get(name)
    if numbers is None:
        return pl.repeat(None, len(orders), dtype=pl.Float64, eager=True)
    return pl.Series(numbers).fill_nan(None)
