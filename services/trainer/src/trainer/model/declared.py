"""A model of what a shop declares, for the time in which it has too few deliveries to learn from.

The declared days become made-up deliveries, from which the ordinary way makes an ordinary bundle: whatever serves,
scores or watches models needs to know nothing of it.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from common.arrays import Floats
from common.orders.distances import EARTH_RADIUS_KM, great_circle_km
from common.orders.orders import Orders
from common.orders.shop.declared import SERVICE, Declared, Transit
from trainer.data.history import DAY, History, TrainingData
from trainer.model.table import TrainingTable

MADE_UP = 3_000
SPREAD = 0.3
"""Log days; what shops' deliveries lie around a forecast by, as far as was seen."""

FEWEST_FOR_MEDIANS = 30
DISTANCES = 4
"""Medians by distance are those of so many parts of the deliveries."""

FARTHEST_KM = 3_000.0
NOWHERE_SHARE = 0.1
"""Of the made-up orders: those whose ends are not known more closely than by their country."""


def declared_of(data: TrainingData) -> Declared | None:
    """What the shop declares, else the medians by distance of its first deliveries; None if they are too few."""
    if data.shop.declared or data.deliveries < FEWEST_FOR_MEDIANS:
        return data.shop.declared
    known = ~np.isnat(data.history.delivered)
    distance = TrainingTable.of(data).columns[known, 4].astype(np.float64)
    days = data.history.days[known]
    shares = np.linspace(0, 1, DISTANCES + 1)[1:-1]
    edges = np.unique(np.nanquantile(distance, shares)) if np.isfinite(distance).any() else np.zeros(0)
    part = np.searchsorted(edges, distance)
    medians = [float(np.median(days[part == number])) for number in range(len(edges) + 1) if (part == number).any()]
    lines = [Transit(days=max(median, 0.01)) for median in medians]
    bounded = [line.model_copy(update={"up_to_km": float(edge)}) for line, edge in zip(lines, edges, strict=False)]
    return Declared(transit=(*bounded, lines[-1]))


def made_up(data: TrainingData, declared: Declared, now: np.datetime64, seed: int = 0) -> TrainingData:
    """Deliveries as they are declared, until now, all over the shop's places if it names any, else anywhere."""
    rng = np.random.default_rng(seed)
    longest = declared.handling_days + max(line.days for line in declared.transit)
    bought = np.sort(now - (rng.uniform(1, max(120.0, 20 * longest), MADE_UP) * 86_400).astype("timedelta64[s]"))
    columns, distance = _ends(data, declared, rng)
    services = [*declared.services, None]
    given = [services[number] for number in rng.integers(0, len(services), MADE_UP)]
    days = declared.days(distance, given) * np.exp(SPREAD * rng.standard_normal(MADE_UP))
    columns |= {"purchase_timestamp": bought} | ({SERVICE: given} if declared.services else {})
    orders = Orders.of_columns(columns, (), data.shop.facts.category)
    delivered = bought + (days * DAY.astype(np.int64)).astype("timedelta64[s]")
    known = np.where(delivered < now, delivered, np.datetime64("NaT", "s"))
    history = History(orders, known, np.full(MADE_UP, np.nan))
    return TrainingData(history, data.shop, data.places, version=data.version)


def fingerprint_of(declared: Declared, data: TrainingData) -> str:
    """What a model of these declared days is made from."""
    return hashlib.sha256((declared.model_dump_json() + data.shop.name).encode()).hexdigest()


def _ends(data: TrainingData, declared: Declared, rng: np.random.Generator) -> tuple[dict[str, object], Floats]:
    """Columns of both ends, and their distance in km, NaN where an end is not known closely."""
    places = data.places.drop_nulls(["lat", "lng"])
    if places.is_empty():
        farthest = max((line.up_to_km or 0.0 for line in declared.transit), default=0.0) * 1.5 or FARTHEST_KM
        distance = farthest * rng.random(MADE_UP) ** 2
        lat, lng = rng.uniform(-50, 60, MADE_UP), rng.uniform(-170, 170, MADE_UP)
        turn, angle = rng.uniform(0, 2 * np.pi, MADE_UP), distance / EARTH_RADIUS_KM
        there_lat = lat + np.degrees(angle) * np.cos(turn)
        there_lng = lng + np.degrees(angle) * np.sin(turn) / np.cos(np.radians(lat))
    else:
        one, other = (rng.integers(0, places.height, MADE_UP) for _ in range(2))
        points = places.select("lat", "lng").to_numpy()
        (lat, lng), (there_lat, there_lng) = points[one].T, points[other].T
    unknown = rng.random(MADE_UP) < NOWHERE_SHARE
    ends = {"origin_lat": lat, "origin_lng": lng, "destination_lat": there_lat, "destination_lng": there_lng}
    columns: dict[str, object] = {name: _but(values, unknown) for name, values in ends.items()}
    distance = great_circle_km(there_lat, there_lng, lat, lng)
    country = [data.shop.country] * MADE_UP
    return columns | {"origin_country": country, "destination_country": country}, _but(distance, unknown)


def _but(values: Floats, unknown: NDArray[np.bool_]) -> Floats:
    return np.where(unknown, np.nan, values)
