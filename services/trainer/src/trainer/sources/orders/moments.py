"""Texts to moments in UTC. A moment without a zone stands on the shop's clock.

On the day that clocks are put forward an hour does not exist: a moment in it is read with the offset before the
change. On the day they are put back an hour comes twice: a moment in it is the first. Both as Python does (PEP 495).
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from common.orders.moments import REWRITTEN, YEARS, moment_of, naive_utc

UTC = pl.Datetime("us", "UTC")
DAY = pl.duration(days=1)

EXCEL_EPOCH = 25_569
"""1970-01-01 in days since 1899-12-30, Excel's day 0 (its 1900 has a February 29th)."""

SERIALS = (36_526, 73_415)
"""Excel's numbers of the days of YEARS."""

_ZONE = r"\d:?\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)$"
_ISO = "%Y-%m-%dT%H:%M:%S%.f"


@dataclass
class ClockChanges:
    """Moments without a zone that the clock does not show or shows twice, by the name of their column."""

    skipped: Counter[str] = field(default_factory=Counter)
    twice: Counter[str] = field(default_factory=Counter)

    @property
    def notes(self) -> Iterator[str]:
        """A line for each column that holds such moments."""
        for name, count in self.skipped.items():
            yield f"{name}: {count:,} in the hour that clocks skip in spring, read with the offset before it"
        for name, count in self.twice.items():
            yield f"{name}: {count:,} in the hour that comes twice in autumn, read as the first"


def moments(texts: pl.Series, form: str, zone: str, changes: ClockChanges | None = None) -> pl.Series:
    """Datetime[us, UTC], shape (n,); null where a text is null or cannot be read, or its year is not in YEARS.

    form: `iso`, `excel`, `unix`, `unix-ms`, or strptime's letters. A number that is an Excel day in a column of texts
    is read as one.
    """
    texts = texts.str.strip_chars()
    match form:
        case "iso":
            found = _iso(texts, zone, changes)
        case "unix":
            found = _since_1970(texts, 1_000_000)
        case "unix-ms":
            found = _since_1970(texts, 1_000)
        case "excel":
            found = pl.Series(texts.name, [None], dtype=UTC).new_from_index(0, len(texts))
        case _ if "%z" in form:
            found = _within(texts.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False))
        case _:
            local = texts.str.to_datetime(form, time_unit="us", strict=False, ambiguous="null")
            found = to_utc(_within(local), zone, changes)
    unread = found.is_null() & texts.is_not_null()
    if not unread.any() or form in ("unix", "unix-ms"):
        return found.alias(texts.name)
    return pl.select(pl.coalesce(found, _excel(texts, zone))).to_series().alias(texts.name)


def to_utc(local: pl.Series, zone: str, changes: ClockChanges | None = None) -> pl.Series:
    """Moments on a zone's clock, shape (n,), in UTC; `changes` counts those that the clock skips or shows twice."""
    if local.null_count() == len(local):
        return local.cast(UTC)
    placed = _on_calm_days(local, zone)
    odd = placed.is_null() & local.is_not_null()
    if not odd.any():
        return placed.alias(local.name)
    left = local.filter(odd)
    once, first = (_placed(left, zone, ambiguous) for ambiguous in ("null", "earliest"))
    shifted = _placed(left.dt.offset_by("-1d"), zone, "earliest").dt.offset_by("24h")
    if changes is not None:
        for counter, count in ((changes.twice, first.count() - once.count()), (changes.skipped, first.null_count())):
            counter.update({local.name: count} if count else {})
    return placed.scatter(odd.arg_true(), pl.select(pl.coalesce(first, shifted)).to_series()).alias(local.name)


def _on_calm_days(local: pl.Series, zone: str) -> pl.Series:
    """Those moments whose day has one distance from UTC, null for the others: a look-up for each is several times as
    fast as the clock's rules for each."""
    ends = pl.select(first=local.min(), last=local.max() + pl.lit(timedelta(days=2)))
    days = ends.select(pl.date_ranges("first", "last").explode().cast(pl.Datetime("us"))).to_series()
    behind = (days - _placed(days, zone, "null").dt.replace_time_zone(None)).rename("behind")
    is_calm = (behind == behind.shift(-1)).fill_null(False)
    day = (local.dt.epoch("d") - days.dt.epoch("d")[0]).cast(pl.UInt32)
    return (local - behind.set(~is_calm, None).gather(day)).dt.replace_time_zone("UTC")


def _placed(local: pl.Series, zone: str, ambiguous: Literal["null", "earliest"]) -> pl.Series:
    return local.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null").dt.convert_time_zone("UTC")


def _iso(texts: pl.Series, zone: str, changes: ClockChanges | None) -> pl.Series:
    """The usual form at once, all others of ISO 8601 in a second look at what is left."""
    between = "T" if texts.head(100).str.contains("T", literal=True).any() else " "
    usual = texts.str.to_datetime(f"%Y-%m-%d{between}%H:%M:%S", time_unit="us", strict=False, cache=False)
    found = to_utc(_within(usual), zone, changes)
    left = usual.is_null() & texts.is_not_null()
    if not left.any():
        return found
    return found.scatter(left.arg_true(), _any_iso(texts.filter(left), zone, changes))


def _any_iso(texts: pl.Series, zone: str, changes: ClockChanges | None) -> pl.Series:
    whole = texts
    for pattern, replacement in REWRITTEN:
        whole = whole.str.replace(pattern, re.sub(r"\\([0-9])", r"${\1}", replacement))
    local = to_utc(_within(_naive_iso(whole).alias(texts.name)), zone, changes)
    zoned = whole.str.contains(_ZONE)
    in_zone = whole.str.replace("Z$", "+00:00").str.replace(r"([+-]\d\d)$", "${1}:00")
    in_zone = in_zone.str.replace(r"(T\d\d:\d\d)([+-])", "${1}:00${2}")
    found = in_zone.str.to_datetime(_ISO + "%#z", time_unit="us", time_zone="UTC", strict=False)
    read = pl.select(pl.when(zoned).then(_within(found)).otherwise(local)).to_series()
    left = read.is_null() & texts.str.contains("^20[0-9]{2}(-|[0-9]{4}T)")
    return read.scatter(left.arg_true(), _one_by_one(texts.filter(left), ZoneInfo(zone))) if left.any() else read


def _one_by_one(texts: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Whatever else a request may have: a zone by its name, the days of a week."""
    read: dict[str, datetime] = {}
    for text in texts.unique():
        with suppress(ValueError, OverflowError):
            moment = moment_of(text)
            read[text] = naive_utc(moment.replace(tzinfo=moment.tzinfo or zone))
    return pl.Series(texts.name, [read.get(text) for text in texts], pl.Datetime("us")).dt.replace_time_zone("UTC")


def _naive_iso(texts: pl.Series) -> pl.Series:
    width = texts.str.len_bytes()
    clock = pl.when(width == 10).then(pl.lit("T00:00:00")).when(width == 16).then(pl.lit(":00")).otherwise(pl.lit(""))
    whole = pl.select(pl.lit(texts) + clock).to_series()
    return whole.str.to_datetime(_ISO, time_unit="us", strict=False)


def _since_1970(texts: pl.Series, microseconds: int) -> pl.Series:
    number = texts.cast(pl.Float64, strict=False)
    number = number.set(~number.is_between(0, 2**52 / microseconds).fill_null(False), None)
    return _within((number * microseconds).round().cast(pl.Int64).cast(UTC))


def _excel(texts: pl.Series, zone: str) -> pl.Series:
    days = texts.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    days = days.set(~days.is_between(*SERIALS).fill_null(False), None)
    seconds = ((days - EXCEL_EPOCH) * 86_400).round().cast(pl.Int64)
    return to_utc((seconds * 1_000_000).cast(pl.Datetime("us")), zone)


def _within(moment: pl.Series) -> pl.Series:
    return moment.set(~moment.dt.year().is_between(*YEARS).fill_null(True), None)
