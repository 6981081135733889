"""The shop's country and zone, as far as the data and the tz database say."""

from datetime import UTC, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

import polars as pl

from common.orders.shop.countries import ALPHA2_OF, COUNTRIES

MOMENTS = [datetime(year, month, 15, tzinfo=UTC) for year in range(2000, 2026) for month in range(1, 13)]

MOST = 0.8
"""Share of a column's values that must be codes of countries."""


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
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    zones = [line.split("\t")[2] for line in lines if line.startswith(f"{country}\t")]
    clocks = {tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in MOMENTS) for zone in zones}
    return zones[0] if len(clocks) == 1 else None
