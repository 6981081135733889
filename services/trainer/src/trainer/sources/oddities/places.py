"""Oddities of places: coordinates swapped, both ends the same, ends of which nothing is known."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common.orders.distances import great_circle_km
from trainer.sources.oddities.finding import Finding, share

FAR_KM = 1_500
CLOSER = 3
"""Swapped coordinates lie this far from every city of their country, and exchanged this many times nearer."""

SHOWN_SHARE = 0.01
UNKNOWN_SHARE = 0.1

Floats = NDArray[np.float64]


def places(orders: pl.LazyFrame, total: int) -> Iterator[Finding]:
    """Findings on both ends of all orders."""
    names = orders.collect_schema().names()
    for end in ("origin", "destination"):
        yield from _swapped(orders, end)
        ways = [
            pl.col(name) for name in (f"{end}_{way}" for way in ("id", "postal_code", "lat", "region")) if name in names
        ]
        empty = orders.select(pl.all_horizontal(way.is_null() for way in ways).sum()).collect(engine="streaming").item()
        if empty == total:
            yield Finding(f"{end}-unknown", total, f"of no order's {end} more is known than its country")
        elif empty >= UNKNOWN_SHARE * total:
            yield Finding(
                f"{end}-unknown", empty, f"{share(empty, total)} orders have no {end}: they get their country's average"
            )
    same = (pl.col("origin_lat") == pl.col("destination_lat")) & (pl.col("origin_lng") == pl.col("destination_lng"))
    ended = pl.col("delivered_timestamp").is_not_null()
    count, known = orders.select((same & ended).sum(), ended.sum().alias("known")).collect(engine="streaming").row(0)
    if count >= SHOWN_SHARE * known and count:
        yield Finding(
            "same-place", count, f"{share(count, known)} delivered orders have the same coordinates at both ends"
        )


def _swapped(orders: pl.LazyFrame, end: str) -> Iterator[Finding]:
    lat, lng, country = pl.col(f"{end}_lat"), pl.col(f"{end}_lng"), pl.col(f"{end}_country")
    middles = (
        orders.filter(lat.is_not_null())
        .group_by(country=country)
        .agg(lat=lat.median(), lng=lng.median(), n=pl.len())
        .collect(engine="streaming")
    )
    for code, middle_lat, middle_lng, count in middles.iter_rows():
        cities = _cities().get(code)
        if cities is None:
            continue
        given, exchanged = (
            _nearest_km(cities, *point) for point in ((middle_lat, middle_lng), (middle_lng, middle_lat))
        )
        if given > FAR_KM and given > CLOSER * exchanged:
            text = (
                f"{end}: latitude and longitude look swapped in all {count:,} orders of {code}: their middle is "
                f"{given:,.0f} km from its nearest city, exchanged {exchanged:,.0f} km: exchange the two columns"
            )
            yield Finding(f"{end}-swapped", count, text)


def _nearest_km(cities: tuple[Floats, Floats], lat: float, lng: float) -> float:
    if abs(lat) > 90:
        return float("inf")
    distances = great_circle_km(np.float64(lat), np.float64(lng), *cities)  # type: ignore[arg-type]
    return float(np.min(distances))


@lru_cache
def _cities() -> dict[str, tuple[Floats, Floats]]:
    """The cities that time zones are named after, by country, in degrees (tz database, zone.tab)."""
    found: dict[str, list[tuple[float, float]]] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            country, place, *_ = line.split("\t")
            split = max(place.rfind("+"), place.rfind("-"))
            found.setdefault(country, []).append((_degrees(place[:split], 2), _degrees(place[split:], 3)))
    return {
        country: (np.array([a for a, _ in cities]), np.array([b for _, b in cities]))
        for country, cities in found.items()
    }


def _degrees(text: str, whole: int) -> float:
    """±DDMM[SS] or ±DDDMM[SS]."""
    sign, digits = (-1 if text[0] == "-" else 1), text[1:]
    parts = (digits[:whole], digits[whole : whole + 2], digits[whole + 2 :] or "0")
    return sign * sum(int(part) / 60**power for power, part in enumerate(parts))
