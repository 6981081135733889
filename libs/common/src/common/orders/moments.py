"""Moments of purchases and deliveries, as requests, files and the log write them."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

YEARS = (2000, 2099)
"""Of a purchase or a delivery, on the clock of the zone it is written in."""

MOMENT = f"an ISO 8601 time from {YEARS[0]} to {YEARS[1]}"
"""What a moment must be, in every message."""

EARLIEST, LATEST = np.datetime64(f"{YEARS[0]}-01-01", "s"), np.datetime64(f"{YEARS[1] + 1}-01-01", "s")

REWRITTEN = (
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2})(?: {2,}|t)([0-9])", r"\1T\2"),
    (r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]:)", r"\1T0\2"),  # an hour of one digit: spreadsheets
    (r"(:[0-9]{2})[.,]([0-9]{1,6})[0-9]*", r"\1.\2"),  # finer than microseconds: SQL Server, Trino, Java
    (r"([Zz]|[+-][0-9]{2}:?[0-9]{2})(?: ?\[[A-Za-z0-9_/+-]+\]| +[A-Z]{3,5}| +[+-][0-9]{2,4})$", r"\1"),  # Java, Go
    (r"(:[0-9]{2}(?:\.[0-9]+)?) *(?i:z|utc|gmt)$", r"\1Z"),  # BigQuery, Trino, Ruby
    (r"(:[0-9]{2}(?:\.[0-9]+)?) +([+-][0-9]{2})", r"\1\2"),  # SQL Server, Snowflake, Ruby
)
"""What databases and languages write beside ISO 8601 without a doubt of what is meant: regular expressions that Python,
Arrow and polars read alike, each with the ISO 8601 for it, to be replaced in this order. They leave ISO 8601 alone."""

IN_ZONE = re.compile(r":[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$")
"""How the ISO 8601 of a moment with a zone ends."""

_REWRITTEN = tuple((re.compile(pattern), replacement) for pattern, replacement in REWRITTEN)
_IN_NAMED_ZONE = re.compile(r"([^\[]*:[0-9]{2}(?:\.[0-9]+)?) ?\[?([A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+)\]?")


def moment_of(text: str) -> datetime:
    """The moment that a text names, without a zone where it names none; ValueError says what it must be."""
    text = text.strip()
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _rewritten(text)
    if moment is None or not YEARS[0] <= moment.year <= YEARS[1] or text[10:11] in ("+", "-"):
        raise ValueError(MOMENT)  # 2018-02-15-03:00 is a day in a zone (XML), and no clock
    return moment


def in_iso(text: str) -> str:
    """The text in ISO 8601, if it is one of REWRITTEN; else as it is."""
    text = text.strip()
    for pattern, replacement in _REWRITTEN:
        text = pattern.sub(replacement, text, count=1)
    return text


def _rewritten(text: str) -> datetime | None:
    if not text.startswith("20"):
        return None
    text = in_iso(text)
    zone = None
    try:
        if named := _IN_NAMED_ZONE.fullmatch(text):
            text, zone = named[1], ZoneInfo(named[2])
        moment = datetime.fromisoformat(text)
    except (ValueError, LookupError, OSError):  # OSError: a zone's name that is a folder of the list
        return None
    return moment.replace(tzinfo=zone) if zone and moment.tzinfo is None else moment


def naive_utc(moment: datetime) -> datetime:
    """The moment without a zone: one with a zone is converted to UTC first, one without is taken as it is."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def implausible(moments: NDArray[np.datetime64], margin: int = 0) -> NDArray[np.bool_]:
    """Which of n moments lie outside YEARS, or up to `margin` days inside; NaT does not."""
    return (moments < EARLIEST + np.timedelta64(margin, "D")) | (moments >= LATEST - np.timedelta64(margin, "D"))
