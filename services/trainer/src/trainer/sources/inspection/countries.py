"""The shop's country and zone, as far as the data and the tz database say."""

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl

from common.orders.shop.countries import ALPHA2_OF, COUNTRIES
from trainer.sources.zones import places_of, zones_by_country

MOMENTS = [datetime(year, month, 15, tzinfo=UTC) for year in range(2000, 2026) for month in range(1, 13)]

MOST = 0.8
"""Share of a column's values that must be codes of countries."""


POINTS, HALF = 1_000, 0.5
"""Points that are looked up, and the share of them that must lie in one zone."""


def country_codes(texts: pl.Series) -> pl.Series | None:
    """The alpha-2 codes in a column, or None if it holds something else, such as names."""
    codes = texts.drop_nulls().str.to_uppercase().replace(ALPHA2_OF)
    return codes if len(codes) and codes.is_in(list(COUNTRIES)).mean() >= MOST else None  # type: ignore[operator]


def usual_country(texts: pl.Series) -> str | None:
    """The most frequent country of a column of codes."""
    codes = country_codes(texts)
    return None if codes is None else str(codes.value_counts(sort=True)[0, 0])


def only_zone(country: str) -> str | None:
    """The zone of a country whose clocks have all agreed since 2000, the tz database's first where it has several."""
    zones = zones_by_country().get(country, [])
    clocks = {tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in MOMENTS) for zone in zones}
    return zones[0] if len(clocks) == 1 else None


def where_most_lie(lat: pl.Series, lng: pl.Series) -> tuple[str, str] | None:
    """Country and zone of most of the points (degrees); None where they lie in many zones, or at sea."""
    points = pl.DataFrame({"lat": lat, "lng": lng}).drop_nulls().gather_every(max(1, len(lat) // POINTS))
    for place, count in Counter(places_of(points.iter_rows())).most_common(1):
        return place if count > HALF * points.height else None
    return None
