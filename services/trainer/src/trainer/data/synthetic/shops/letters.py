"""A shop in Britain that also sells to the Netherlands: postal codes hold letters, days go by, borders cost time.

Places come by codes alone: coordinates stand in a file of their own, as GeoNames has them.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.orders.distances import great_circle_km
from trainer.data.synthetic.shops.clock import DAY, Clock
from trainer.data.synthetic.text import ids

START, END = date(2022, 1, 1), date(2023, 6, 30)
KNOWN_AFTER = 3 * DAY
"""Deliveries are recorded for this long after the last purchase, so the newest orders are under way."""

HOURLY = np.array([2, 1, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 8, 7, 7, 7, 7, 7, 8, 9, 10, 9, 7, 4], dtype=float)
WEEKLY = np.array([1.1, 1.0, 1.0, 1.0, 0.9, 0.9, 1.2])

AREAS = (
    ("GB", "SW", 51.46, -0.17, 9.0), ("GB", "E", 51.54, -0.03, 8.0), ("GB", "N", 51.58, -0.11, 7.0),
    ("GB", "B", 52.48, -1.89, 8.0), ("GB", "M", 53.48, -2.24, 8.0), ("GB", "LS", 53.80, -1.55, 6.0),
    ("GB", "BS", 51.45, -2.59, 5.0), ("GB", "CF", 51.48, -3.18, 4.0), ("GB", "NE", 54.98, -1.61, 4.0),
    ("GB", "EH", 55.95, -3.19, 4.0), ("GB", "G", 55.86, -4.25, 5.0), ("GB", "AB", 57.15, -2.11, 1.5),
    ("GB", "IV", 57.48, -4.22, 0.7), ("GB", "BT", 54.60, -5.93, 2.0), ("GB", "TR", 50.26, -5.05, 1.0),
    ("NL", "10", 52.37, 4.90, 6.0), ("NL", "25", 52.08, 4.31, 4.0), ("NL", "30", 51.92, 4.48, 5.0),
    ("NL", "35", 52.09, 5.12, 4.0), ("NL", "56", 51.44, 5.48, 3.0), ("NL", "97", 53.22, 6.57, 2.0),
)  # fmt: skip
"""Country, first letters or digits of its codes, centre in degrees, weight as a home."""

CODES_PER_AREA = 150
LETTERS = np.array(list("ABDEFGHJLNPQRSTUWXYZ"))

CARRIERS = {"Royal Swift": 0.85, "Parcelhorse": 1.0, "Northern Van": 1.2, "Polderpost": 0.95}
EXPRESS_SHARE, EXPRESS = 0.2, 0.55
NOT_DELIVERED = {"cancelled": 0.015, "lost": 0.004}

SHOP_FILE = """# Made up by `trainer synthesize --shop letters`.
name = "letters"
country = "GB"
time_zone = "Europe/London"

[orders]
source = "orders.csv"

[orders.status]
column = "status"
cancelled = ["cancelled"]
lost = ["lost"]

[facts]
numeric = ["weight_kg"]
category = ["carrier", "service"]

[places]
source = "places.csv"
"""


@dataclass(frozen=True)
class Letters:
    """Postal codes (k,): index into AREAS, degrees, cumulative weight as a home. Sellers (m,): code, slowness."""

    clock: Clock
    code: pl.Series
    area: NDArray[np.int64]
    lat: NDArray[np.float64]
    lng: NDArray[np.float64]
    home: NDArray[np.float64]
    seller_code: NDArray[np.int64]
    seller_slowness: NDArray[np.float64]
    seed: int

    @classmethod
    def of(cls, seed: int) -> "Letters":
        """The country's codes and the shop's sellers."""
        rng = np.random.default_rng([seed, 1])
        area = np.repeat(np.arange(len(AREAS)), CODES_PER_AREA)
        centre = np.array([place[2:4] for place in AREAS])[area]
        points = centre + rng.normal(0, [0.12, 0.18], (len(area), 2))
        weight = rng.lognormal(0, 0.6, len(area)) * np.array([place[4] for place in AREAS])[area]
        sellers = rng.choice(len(area), 40)
        clock = Clock.of("Europe/London", START, END, HOURLY, WEEKLY)
        home = np.cumsum(weight) / weight.sum()
        slowness = rng.lognormal(0, 0.35, len(sellers))
        return cls(clock, _codes(area, rng), area, points[:, 0], points[:, 1], home, sellers, slowness, seed)

    @property
    def country(self) -> NDArray[np.str_]:
        """Each code's country."""
        return np.array([place[0] for place in AREAS])[self.area]

    @property
    def files(self) -> dict[str, str]:
        """What lies beside the orders."""
        places = pl.DataFrame({"country": self.country, "postal_code": self.code, "lat": self.lat, "lng": self.lng})
        return {"shop.toml": SHOP_FILE, "places.csv": places.write_csv(float_precision=4)}

    def chunk(self, first: int, last: int, orders: int) -> pl.DataFrame:
        """Orders first..last-1 of all, by purchase time."""
        rng = np.random.default_rng([self.seed, 2, first])
        count = last - first
        bought = self.clock.purchases((np.arange(first, last) + rng.random(count)) / orders)
        home = np.searchsorted(self.home, rng.random(count))
        seller = rng.integers(0, len(self.seller_code), count)
        origin = self.seller_code[seller]
        abroad = self.country[home] != self.country[origin]
        carrier = rng.integers(0, len(CARRIERS), count)
        express = rng.random(count) < EXPRESS_SHARE
        km = great_circle_km(self.lat[home], self.lng[home], self.lat[origin], self.lng[origin])
        handling = 0.4 + self.seller_slowness[seller] * rng.lognormal(-0.5, 0.5, count)
        transit = (0.6 + km / 350) * np.array(list(CARRIERS.values()))[carrier] * np.where(express, EXPRESS, 1.0)
        customs = np.where(abroad, 0.8 + rng.lognormal(0.2, 0.7, count), 0.0)
        level = _level(bought)
        shipped = bought + (handling * level * DAY).astype(np.int64)
        way = (transit * level * rng.lognormal(0, 0.3, count) + customs) * DAY
        delivered = _not_on_sunday(shipped + way.astype(np.int64))
        promised = bought + (np.where(abroad, 8, np.where(express, 2, 4)) * DAY)
        draw, known_until = rng.random(count), self.clock.hours[-1] + KNOWN_AFTER
        status = np.where(delivered <= known_until, "complete", np.where(shipped <= known_until, "shipped", "open"))
        for name, limit in zip(NOT_DELIVERED, np.cumsum(list(NOT_DELIVERED.values())), strict=True):
            status = np.where((draw < limit) & ~np.isin(status, list(NOT_DELIVERED)), name, status)
        return pl.DataFrame(
            {
                "order_id": ids("letters", np.arange(first, last), self.seed).str.slice(0, 12),
                "purchase_timestamp": self.clock.text(bought),
                "shipped_timestamp": self.clock.text(shipped, (shipped <= known_until) & (status != "cancelled")),
                "delivered_timestamp": self.clock.text(delivered, status == "complete"),
                "promised_timestamp": self.clock.text(promised),
                "origin_id": pl.Series(seller).cast(pl.String),
                "origin_country": self.country[origin],
                "origin_postal_code": self.code[origin],
                "destination_country": self.country[home],
                "destination_postal_code": self.code[home],
                "carrier": np.array(list(CARRIERS))[carrier],
                "service": np.where(express, "express", "standard"),
                "weight_kg": rng.lognormal(0.3, 0.8, count).round(2),
                "status": status,
            }
        )


def _codes(area: NDArray[np.int64], rng: np.random.Generator) -> pl.Series:
    """`LS6 3QB` in Britain, `1017 AB` in the Netherlands; an area's codes differ."""
    texts = []
    for number, place in enumerate(area):
        country, prefix = AREAS[place][:2]
        unit = "".join(rng.choice(LETTERS, 2))
        position = number % CODES_PER_AREA
        district, sector = divmod(position, 10)
        texts.append(
            f"{prefix}{1 + district} {sector}{unit}" if country == "GB" else f"{prefix}{position % 100:02} {unit}"
        )
    return pl.Series(texts)


def _level(bought: NDArray[np.int64]) -> NDArray[np.float64]:
    """How slow everything is at the time: a wave each December, and one in the summer of 2022."""
    day = bought / DAY
    peaks = ((date(2022, 12, 15), 14, 0.5), (date(2022, 7, 20), 20, 0.3), (date(2023, 3, 1), 15, 0.2))
    level = np.ones(len(day))
    for peak, width, height in peaks:
        level += height * np.exp(-0.5 * ((day - (peak - date(1970, 1, 1)).days) / width) ** 2)
    return level


def _not_on_sunday(moment: NDArray[np.int64]) -> NDArray[np.int64]:
    return moment + np.where((moment // DAY + 3) % 7 == 6, DAY, 0)
