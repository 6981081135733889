"""Types of the command line's arguments: each says what it wants."""

import argparse
import math
from collections.abc import Callable
from datetime import date, datetime

from common.orders.moments import naive_utc
from common.orders.shop.countries import country_of
from common.orders.shop.sections import zone_of


def moment(text: str) -> datetime:
    """A day or a moment, in UTC without zone."""
    return naive_utc(shop_moment(text))


def shop_moment(text: str) -> datetime:
    """A day or a moment, without zone if it is written without."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a day like 2018-06-01, or a moment (got {text!r})") from None


def day(text: str) -> date:
    """A day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a day like 2018-06-01 (got {text!r})") from None


def month(text: str) -> str:
    """A month as YYYY-MM."""
    try:
        return f"{date.fromisoformat(text + '-01'):%Y-%m}"
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a month like 2017-09 (got {text})") from error


def on_time_share(text: str) -> float:
    """A share of orders delivered in time."""
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0.5 <= share <= 0.99:
        raise argparse.ArgumentTypeError(f"must be between 0.5 and 0.99 (got {text!r})")
    return share


def country(text: str) -> str:
    """A country's alpha-2 code."""
    return _checked(country_of, text)


def zone(text: str) -> str:
    """A time zone of the IANA list."""
    return _checked(zone_of, text)


def _checked(check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
