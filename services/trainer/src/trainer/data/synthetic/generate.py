"""`synthesize`: made-up orders in Kaggle's nine files and formats.

The same seed gives the same files. Orders are made and written chunk by chunk, so memory does not grow with them.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from tqdm import tqdm

from common.errors import InvalidInput
from trainer.data.staging import staged_folder
from trainer.data.synthetic.chunk import Demand
from trainer.data.synthetic.season import Season
from trainer.data.synthetic.world import CATEGORIES, Marketplace, ZipPrefixes
from trainer.sources.made_up import SYNTHETIC_MARKER, is_synthetic
from trainer.sources.olist import files

CHUNK = 200_000
"""Orders made at once. A part of the seed: another size draws other orders."""

FOLLOW_UP = timedelta(days=60)
"""Deliveries are recorded for this long after the last purchase, as in Olist's data."""

GROWING = {
    "orders": files.ORDERS,
    "customers": files.CUSTOMERS,
    "items": files.ITEMS,
    "payments": files.PAYMENTS,
    "reviews": files.REVIEWS,
}


@dataclass(frozen=True)
class Wanted:
    """How many orders, bought between which days (both included), from which seed."""

    orders: int = 40_000
    start: date = date(2017, 1, 1)
    end: date = date(2018, 8, 31)
    seed: int = 7

    def __post_init__(self) -> None:
        if self.orders < 1:
            raise InvalidInput(f"orders must be 1 or more (got {self.orders})")
        if self.end < self.start:
            raise InvalidInput(f"the end must not be before the start (got {self.start} to {self.end})")
        if self.seed < 0:
            raise InvalidInput(f"the seed must be 0 or more (got {self.seed})")


def synthesize(wanted: Wanted, target: Path) -> None:
    """Write the nine files and the marker of made-up data into the target folder: all of it or nothing.

    InvalidInput when the folder holds anything but made-up orders: those are never overwritten.
    """
    if target.exists() and any(target.iterdir()) and not is_synthetic(target):
        raise InvalidInput(f"{target} holds files that are not made up, so it is left alone: name another folder")
    with staged_folder(target) as folder:
        _write(wanted, folder)


def _write(wanted: Wanted, folder: Path) -> None:
    # a stream each: the country and its seasons are the same whatever the number of orders
    country, seasons, marketplace = np.random.default_rng(wanted.seed).spawn(3)
    places = ZipPrefixes.of(country)
    season = Season.of(wanted.start, wanted.end, seasons)
    shop = Marketplace.of(places, wanted.orders, wanted.seed, marketplace)
    places.geolocation(country).write_csv(files.GEOLOCATION.path(folder))
    shop.sellers(places).write_csv(files.SELLERS.path(folder))
    shop.products(marketplace).write_csv(files.PRODUCTS.path(folder))
    translation = pl.DataFrame(list(CATEGORIES.items()), schema=files.TRANSLATION.columns, orient="row")
    translation.write_csv(files.TRANSLATION.path(folder), include_bom=True)
    known_until = int(datetime.combine(wanted.end + FOLLOW_UP, time.max, UTC).timestamp())
    _write_orders(Demand(places, shop, season, wanted.orders, known_until, wanted.seed), folder)
    (folder / SYNTHETIC_MARKER).write_text(f"made up by `trainer synthesize`: {wanted}\n")


def _write_orders(demand: Demand, folder: Path) -> None:
    with ExitStack() as stack:
        streams = {name: stack.enter_context(table.path(folder).open("wb")) for name, table in GROWING.items()}
        progress = stack.enter_context(tqdm(total=demand.orders, unit="order", unit_scale=True, disable=None))
        for first in range(0, demand.orders, CHUNK):
            last = min(first + CHUNK, demand.orders)
            for name, rows in demand.chunk(first, last).items():
                rows.write_csv(streams[name], include_header=first == 0, float_precision=2)
            progress.update(last - first)
