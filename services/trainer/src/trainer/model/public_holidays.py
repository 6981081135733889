"""The days on which little is delivered, from the `holidays` library."""

from collections.abc import Iterable
from datetime import date

from holidays import OPTIONAL, PUBLIC, country_holidays

COUNTRY = "BR"

AHEAD_YEARS = 3
"""How many years after its data a model knows the holidays of."""


def public_holidays(first: date, last: date) -> list[date]:
    """Public and customary holidays (Carnival, Christmas Eve) of whole years: `first` to AHEAD_YEARS after `last`."""
    years: Iterable[int] = range(first.year, last.year + AHEAD_YEARS + 1)
    return sorted(country_holidays(COUNTRY, years=years, categories=(PUBLIC, OPTIONAL)))
