"""Countries and their zones, by the tz database and the borders of its zones (OpenStreetMap, by tzfpy)."""

from collections.abc import Iterable
from importlib.resources import files

import tzfpy

NOBODYS = "AQ"
"""Antarctica: nobody sells there, but coordinates that were exchanged lie there."""


def zones_by_country() -> dict[str, list[str]]:
    """The zones of each country, in the tz database's order."""
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines()
    found: dict[str, list[str]] = {}
    for country, _, zone, *_ in (line.split("\t") for line in lines if not line.startswith("#")):
        found.setdefault(country, []).append(zone)
    return found


def places_of(points: Iterable[tuple[float, float]]) -> list[tuple[str, str] | None]:
    """Country and zone of each point (degrees); None at sea, in Antarctica, and where there is no such point."""
    owner = {zone: country for country, zones in zones_by_country().items() for zone in zones}
    found = (tzfpy.get_tz(lng, lat) if abs(lat) <= 90 and abs(lng) <= 180 else "" for lat, lng in points)
    return [(owner[zone], zone) if owner.get(zone, NOBODYS) != NOBODYS else None for zone in found]
