"""Places, sellers and products of the made-up marketplace."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.arrays import Floats
from trainer.data.synthetic.states import STATES, State
from trainer.data.synthetic.text import ids

PREFIXES = 15_000
CAPITAL_SHARE = 0.55
"""Share of a state's zip prefixes around its capital."""

BUSIEST = 30.0
"""Cap on the weight of a seller or a product, so that in a small shop no single one decides the mean."""

SHARE_WITHOUT_LOCATION = 0.003
SHARE_FAR_OFF = 0.0002

CATEGORIES = {
    "cama_mesa_banho": "bed_bath_table",
    "beleza_saude": "health_beauty",
    "esporte_lazer": "sports_leisure",
    "moveis_decoracao": "furniture_decor",
    "informatica_acessorios": "computers_accessories",
    "utilidades_domesticas": "housewares",
    "relogios_presentes": "watches_gifts",
    "telefonia": "telephony",
    "ferramentas_jardim": "garden_tools",
    "automotivo": "auto",
}


@dataclass(frozen=True)
class ZipPrefixes:
    """Zip prefixes, every array of shape (n,): degrees, index into STATES, weight as a customer's or seller's home."""

    prefix: NDArray[np.int64]
    state: NDArray[np.int64]
    lat: Floats
    lng: Floats
    customers: Floats
    sellers: Floats

    @classmethod
    def of(cls, rng: np.random.Generator) -> "ZipPrefixes":
        """Prefixes within each state's range, near its capital or spread over it."""
        total = sum(state.customers for state in STATES)
        parts = [_state_places(state, max(8, round(PREFIXES * state.customers / total)), rng) for state in STATES]
        sizes = [len(part[0]) for part in parts]
        prefix, lat, lng, size = (np.concatenate(column) for column in zip(*parts, strict=True))
        state = np.repeat(np.arange(len(STATES)), sizes)
        return cls(
            prefix,
            state,
            lat,
            lng,
            customers=_weights(size, state, [entry.customers for entry in STATES]),
            sellers=_weights(size, state, [entry.sellers for entry in STATES]),
        )

    @cached_property
    def zip_text(self) -> pl.Series:
        """The prefixes as five digits with leading zeros."""
        return pl.Series(self.prefix).cast(pl.String).str.zfill(5)

    @cached_property
    def state_text(self) -> pl.Series:
        """The states' codes."""
        return pl.Series([state.code for state in STATES])[self.state]

    @cached_property
    def city_text(self) -> pl.Series:
        """Made-up city names: neighbouring prefixes share one."""
        return pl.select("cidade " + pl.lit(pl.Series(self.prefix // 40)).cast(pl.String)).to_series()

    def geolocation(self, rng: np.random.Generator) -> pl.DataFrame:
        """Points around each prefix. As in Olist's data a few are tens of degrees off, and a few prefixes have none."""
        points = rng.geometric(0.14, len(self.prefix))
        points[rng.random(len(points)) < SHARE_WITHOUT_LOCATION] = 0
        place = np.repeat(np.arange(len(points)), points)
        far = rng.random(len(place)) < SHARE_FAR_OFF
        shift = rng.normal(0.0, 0.008, (2, len(place))) + far * rng.uniform(20.0, 60.0, (2, len(place)))
        return pl.DataFrame(
            {
                "geolocation_zip_code_prefix": self.zip_text[place],
                "geolocation_lat": self.lat[place] + shift[0],
                "geolocation_lng": self.lng[place] + shift[1],
                "geolocation_city": self.city_text[place],
                "geolocation_state": self.state_text[place],
            }
        )


@dataclass(frozen=True)
class Marketplace:
    """Sellers (m,): place, slowness (about 1). Products (k,): seller, weight in g, price, cumulative popularity."""

    seller_ids: pl.Series
    seller_place: NDArray[np.int64]
    seller_slowness: Floats
    product_ids: pl.Series
    product_seller: NDArray[np.int64]
    product_weight: Floats
    product_price: Floats
    product_popularity: Floats

    @classmethod
    def of(cls, places: ZipPrefixes, orders: int, seed: int, rng: np.random.Generator) -> "Marketplace":
        """As many sellers and products per order as at Olist, up to a marketplace's size."""
        sellers = int(np.clip(orders // 32, 20, 50_000))
        products = int(np.clip(orders // 3, 60, 500_000))
        busy = np.minimum(rng.pareto(1.1, sellers) + 0.02, BUSIEST)
        seller = rng.choice(sellers, products, p=busy / busy.sum())
        popularity = rng.pareto(1.5, products) + 0.05
        popularity = np.minimum(popularity, BUSIEST) / np.minimum(popularity, BUSIEST).sum()
        slowness = rng.lognormal(0.0, 0.5, sellers)
        slowness /= slowness[seller] @ popularity
        return cls(
            seller_ids=ids("seller", np.arange(sellers), seed),
            seller_place=rng.choice(len(places.prefix), sellers, p=places.sellers),
            seller_slowness=slowness,
            product_ids=ids("product", np.arange(products), seed),
            product_seller=seller,
            product_weight=np.clip(rng.lognormal(6.6, 1.25, products), 50, 40_000).round(),
            product_price=np.clip(rng.lognormal(4.3, 0.95, products), 3, 6_000).round(2),
            product_popularity=np.cumsum(popularity),
        )

    def draw_products(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Products by popularity, shape (count,)."""
        return np.searchsorted(self.product_popularity, rng.random(count))

    def sellers(self, places: ZipPrefixes) -> pl.DataFrame:
        """The sellers file."""
        return pl.DataFrame(
            {
                "seller_id": self.seller_ids,
                "seller_zip_code_prefix": places.zip_text[self.seller_place],
                "seller_city": places.city_text[self.seller_place],
                "seller_state": places.state_text[self.seller_place],
            }
        )

    def products(self, rng: np.random.Generator) -> pl.DataFrame:
        """The products file; a few products lack their description, as in Olist's."""
        count = len(self.product_ids)
        described = rng.random(count) > 0.018

        def whole(low: int, high: int) -> pl.Series:
            return pl.Series(rng.integers(low, high, count))

        frame = pl.DataFrame(
            {
                "product_id": self.product_ids,
                "product_category_name": pl.Series(list(CATEGORIES))[rng.integers(0, len(CATEGORIES), count)],
                "product_name_lenght": whole(20, 64),
                "product_description_lenght": whole(50, 3000),
                "product_photos_qty": whole(1, 7),
                "product_weight_g": pl.Series(self.product_weight.astype(np.int64)),
                "product_length_cm": whole(16, 80),
                "product_height_cm": whole(2, 50),
                "product_width_cm": whole(11, 60),
            }
        )
        described_columns = pl.col("^product_(category|name|description|photos).*$")
        return frame.with_columns(pl.when(pl.Series(described)).then(described_columns))


def _state_places(state: State, wanted: int, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
    span = state.last_prefix - state.first_prefix + 1
    count = min(wanted, span)
    prefix = state.first_prefix + np.sort(rng.choice(span, count, replace=False))
    urban = rng.random(count) < CAPITAL_SHARE
    lat, lng = (
        np.where(urban, rng.normal(capital, 0.12, count), rng.normal(centre, state.half_width / 1.5, count))
        for capital, centre in zip(state.capital, state.centre, strict=True)
    )
    size = rng.lognormal(0.0, 0.9, count) * np.where(urban, 1.6, 1.0)
    return prefix, np.clip(lat, -33.7, 5.2), np.clip(lng, -73.9, -34.8), size


def _weights(size: Floats, state: NDArray[np.int64], share: list[float]) -> Floats:
    weights = size / np.bincount(state, size)[state] * np.array(share)[state]
    return weights / weights.sum()
