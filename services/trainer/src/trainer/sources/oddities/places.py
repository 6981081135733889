"""Oddities of places: coordinates swapped, both ends the same, ends of which nothing is known."""

from collections.abc import Iterator, Mapping

import polars as pl

from trainer.sources.oddities.oddity import Oddity, share
from trainer.sources.sample import spread
from trainer.sources.zones import NOBODYS, places_of

SAMPLE, POINTS = 20_000, 200
"""Orders, spread over all, and those of a country that are looked up."""

FEW, MOST = 0.1, 0.5
"""Coordinates look swapped where fewer of them lie in their country, and more do once exchanged."""

SHOWN_SHARE = 0.01
UNKNOWN_SHARE = 0.1


def only_exchanged(counts: Mapping[str, int]) -> Iterator[Oddity]:
    """Ends with coordinates that are a place on the Earth only once they are exchanged, e.g. a latitude of 139."""
    for end, count in counts.items():
        text = (
            f"{end}: latitude and longitude of {count:,} rows are a place only once exchanged, and were left out: "
            "exchange the two columns"
        )
        yield Oddity(f"{end}-exchanged", count, text)


def places(orders: pl.LazyFrame, total: int) -> Iterator[Oddity]:
    """Findings on both ends of all orders."""
    names = orders.collect_schema().names()
    for end in ("origin", "destination"):
        yield from _swapped(orders, end, total)
        ways = [
            pl.col(name) for name in (f"{end}_{way}" for way in ("id", "postal_code", "lat", "region")) if name in names
        ]
        empty = orders.select(pl.all_horizontal(way.is_null() for way in ways).sum()).collect(engine="streaming").item()
        if empty == total:
            yield Oddity(f"{end}-unknown", total, f"of no order's {end} more is known than its country")
        elif empty >= UNKNOWN_SHARE * total:
            yield Oddity(
                f"{end}-unknown", empty, f"{share(empty, total)} orders have no {end}: they get their country's average"
            )
    same = (pl.col("origin_lat") == pl.col("destination_lat")) & (pl.col("origin_lng") == pl.col("destination_lng"))
    ended = pl.col("delivered_timestamp").is_not_null()
    count, known = orders.select((same & ended).sum(), ended.sum().alias("known")).collect(engine="streaming").row(0)
    if count >= SHOWN_SHARE * known and count:
        yield Oddity(
            "same-place", count, f"{share(count, known)} delivered orders have the same coordinates at both ends"
        )


def _swapped(orders: pl.LazyFrame, end: str, total: int) -> Iterator[Oddity]:
    """Countries in which hardly any of the points lie, and most do once exchanged."""
    lat, lng, country = (pl.col(f"{end}_{name}") for name in ("lat", "lng", "country"))
    sample = spread(orders, total, SAMPLE).select(country.alias("country"), lat, lng).drop_nulls()
    for (code,), rows in sample.collect(engine="streaming").group_by("country"):
        points = rows.gather_every(max(1, rows.height // POINTS)).rows()
        given = _inside(str(code), places_of((row[1], row[2]) for row in points))
        exchanged = _inside(str(code), places_of((row[2], row[1]) for row in points))
        if given < FEW and exchanged > MOST:
            counted = orders.select((lat.is_not_null() & (country == code)).sum()).collect(engine="streaming").item()
            text = (
                f"{end}: latitude and longitude look swapped in all {counted:,} orders of {code}: {given:.0%} of them "
                f"lie in it, exchanged {exchanged:.0%}: exchange the two columns"
            )
            yield Oddity(f"{end}-swapped", counted, text)


def _inside(country: str, places: list[tuple[str, str] | None]) -> float:
    """Share of the places that lie in the country, or on land where the country is nobody's."""
    inside = [place is not None and country in (place[0], NOBODYS) for place in places]
    return sum(inside) / len(inside)
