"""Kitchens of one city that deliver within the hour: minutes, coordinates at both ends, a clock that is put forward."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.orders.distances import great_circle_km
from trainer.data.synthetic.shops.clock import DAY, Clock
from trainer.data.synthetic.text import ids

START, END = date(2023, 1, 9), date(2023, 4, 9)
CENTRE = (40.73, -73.98)
KITCHENS = 60
HOURLY = np.array([1, 0.5, 0.2, 0, 0, 0, 0, 1, 2, 2, 3, 6, 10, 8, 4, 3, 4, 7, 11, 12, 9, 6, 4, 2])
WEEKLY = np.array([0.9, 0.9, 0.9, 1.0, 1.2, 1.3, 1.1])
VEHICLES = {"bicycle": 13.0, "scooter": 20.0, "car": 17.0}
"""km/h in a straight line."""

CANCELLED = 0.01

SHOP_FILE = """# Made up by `trainer synthesize --shop minutes`.
name = "minutes"
country = "US"
time_zone = "America/New_York"

[orders]
source = "orders.csv"

[orders.columns]
purchase_timestamp = "ordered_at"
origin_id = "kitchen"

[orders.status]
column = "status"
cancelled = ["cancelled"]

[facts]
numeric = ["items"]
category = ["vehicle"]
"""


@dataclass(frozen=True)
class Minutes:
    """Kitchens, every array of shape (KITCHENS,): degrees, minutes that they cook."""

    clock: Clock
    lat: NDArray[np.float64]
    lng: NDArray[np.float64]
    cooks: NDArray[np.float64]
    seed: int

    @classmethod
    def of(cls, seed: int) -> "Minutes":
        """Kitchens around the centre."""
        rng = np.random.default_rng([seed, 1])
        lat, lng = (rng.normal(centre, 0.03, KITCHENS) for centre in CENTRE)
        clock = Clock.of("America/New_York", START, END, HOURLY, WEEKLY)
        return cls(clock, lat, lng, rng.gamma(9, 1.2, KITCHENS), seed)

    @property
    def files(self) -> dict[str, str]:
        """What lies beside the orders."""
        return {"shop.toml": SHOP_FILE}

    def chunk(self, first: int, last: int, orders: int) -> pl.DataFrame:
        """Orders first..last-1 of all, by purchase time."""
        rng = np.random.default_rng([self.seed, 2, first])
        count = last - first
        bought = self.clock.purchases((np.arange(first, last) + rng.random(count)) / orders)
        kitchen = rng.integers(0, KITCHENS, count)
        lat, lng = self.lat[kitchen] + rng.normal(0, 0.015, count), self.lng[kitchen] + rng.normal(0, 0.02, count)
        km = great_circle_km(lat, lng, self.lat[kitchen], self.lng[kitchen])
        vehicle = rng.integers(0, len(VEHICLES), count)
        items = rng.geometric(0.35, count)
        hour = self.clock.local(bought).dt.hour().to_numpy()
        rush = 1 + 0.35 * np.isin(hour, (12, 18, 19, 20)) + 0.3 * _rain(bought, self.seed)
        cooking = (self.cooks[kitchen] + 0.8 * items) * rng.lognormal(0, 0.25, count)
        riding = km / np.array(list(VEHICLES.values()))[vehicle] * 60 * rng.lognormal(0, 0.2, count)
        minutes = np.round((cooking + riding) * rush + 3, 1)
        promised = np.ceil((self.cooks[kitchen] + km * 4 + 12) / 5) * 5
        cancelled = rng.random(count) < CANCELLED
        return pl.DataFrame(
            {
                "order_id": ids("minutes", np.arange(first, last), self.seed).str.slice(0, 12),
                "ordered_at": self.clock.text(bought),
                "kitchen": pl.Series(kitchen).cast(pl.String),
                "origin_lat": self.lat[kitchen].round(5),
                "origin_lng": self.lng[kitchen].round(5),
                "destination_lat": lat.round(5),
                "destination_lng": lng.round(5),
                "delivered_minutes": pl.Series(minutes).set(pl.Series(cancelled), None),
                "promised_minutes": promised.astype(np.int64),
                "vehicle": np.array(list(VEHICLES))[vehicle],
                "items": items,
                "status": np.where(cancelled, "cancelled", "delivered"),
            }
        )


def _rain(bought: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """How wet the day is, 0..1: one day in four."""
    day = bought // DAY
    first = int(day.min())
    wet = np.array([np.random.default_rng([seed, 3, number]).random() for number in range(first, int(day.max()) + 1)])
    return np.clip(wet[day - first] * 4 - 3, 0, 1)
