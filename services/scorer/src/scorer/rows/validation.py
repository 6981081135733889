"""Which rows can be scored, and why the others cannot. Arrow columns in, arrays out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from common.orders.columns import (
    LATITUDE_RANGE,
    LONGITUDE_RANGE,
    REQUIRED_COLUMNS,
    YEARS,
    ZIP_RANGE,
    Orders,
    moment_of,
    naive_utc,
)

NUMBER = r"^[ \t]*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))[ \t]*$"
RANGES = dict(zip(REQUIRED_COLUMNS, (ZIP_RANGE, LATITUDE_RANGE, LONGITUDE_RANGE), strict=True))
EARLIEST, LATEST = np.datetime64(f"{YEARS[0]}-01-01", "s"), np.datetime64(f"{YEARS[1] + 1}-01-01", "s")
NO_MOMENT = f"purchase_timestamp is not an ISO 8601 time from {YEARS[0]} to {YEARS[1]}"
SHOWN = 40
"""Characters of a bad value that its reason repeats."""

Moments = NDArray[np.datetime64]
"""datetime64[s], (n,)"""


@dataclass(frozen=True)
class Validated:
    """n rows: `orders` holds the good ones only, `good` is bool (n,), `reasons` has the row numbers of the bad ones."""

    orders: Orders
    good: NDArray[np.bool_]
    reasons: dict[int, str]


def validate(columns: Mapping[str, pa.Array], now: datetime, broken: Mapping[int, str] | None = None) -> Validated:
    """Check n rows given as Arrow columns of numbers or strings.

    `now` (UTC) is the purchase time of rows without one. `broken` has rows that are already known to be bad, with
    their reasons; what their columns hold is not looked at.
    """
    broken = broken or {}
    found: dict[int, list[str]] = {row: [reason] for row, reason in broken.items()}
    numbers: dict[str, NDArray[np.float64]] = {}
    for name in REQUIRED_COLUMNS:
        numbers[name], problems = _numbers(name, columns[name])
        _add(found, problems, broken)
    purchase, problems = _purchase(columns.get("purchase_timestamp"), now, len(numbers[name]))
    _add(found, problems, broken)
    good = np.ones(len(purchase), dtype=np.bool_)
    good[list(found)] = False
    zips, lat, lng = (numbers[name] if not found else numbers[name][good] for name in REQUIRED_COLUMNS)
    orders = Orders(zips.astype(np.int64), lat, lng, purchase if not found else purchase[good])
    return Validated(orders, good, {row: "; ".join(found[row]) for row in sorted(found)})


def _add(found: dict[int, list[str]], problems: Mapping[int, str], broken: Mapping[int, str]) -> None:
    for row, reason in problems.items():
        if row not in broken:
            found.setdefault(row, []).append(reason)


def _numbers(name: str, column: pa.Array) -> tuple[NDArray[np.float64], dict[int, str]]:
    """The column as float64 and the reasons of the rows that hold no number in range."""
    problems: dict[int, str] = {}
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column, problems = _parsed(name, column)
    values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    low, high = RANGES[name]
    fits = (values >= low) & (values <= high)
    whole = name == "seller_zip_code_prefix"
    if whole:
        fits &= values == np.floor(values)
    if not fits.all():
        missing = column.is_null().to_numpy(zero_copy_only=False)
        kind = "a whole number" if whole else "a number"
        for row in np.flatnonzero(~fits).tolist():
            if missing[row]:
                problems.setdefault(row, f"{name} is missing")
            else:
                problems[row] = f"{name} must be {kind} between {low:g} and {high:g} (got {values[row]:.17g})"
    return values, problems


def _parsed(name: str, column: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    """Strings to numbers, null where there is none."""
    readable = pc.match_substring_regex(column, NUMBER)
    blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    wrong = pc.fill_null(pc.and_(pc.invert(readable), pc.invert(blank)), False)
    problems = {
        row: f"{name} is not a number (got {column[row].as_py()[:SHOWN]!r})"
        for row in np.flatnonzero(wrong.to_numpy(zero_copy_only=False)).tolist()
    }
    trimmed = pc.utf8_trim_whitespace(pc.if_else(readable, column, None))
    return pc.utf8_ltrim(trimmed, "+").cast(pa.float64()), problems


def _purchase(column: pa.Array | None, now: datetime, rows: int) -> tuple[Moments, dict[int, str]]:
    """Purchase times and the reasons of the rows that have no usable one; empty ones are `now`."""
    moment = np.datetime64(naive_utc(now), "s")
    if column is None or column.null_count == rows:
        return np.full(rows, moment), {}
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        values, problems = _parsed_moments(column)
    else:
        values = _as_moments(column.cast(pa.timestamp("us", "UTC")) if getattr(column.type, "tz", None) else column)
        problems = {row: f"{NO_MOMENT} (got {values[row]})" for row in np.flatnonzero(_implausible(values)).tolist()}
    return np.where(np.isnat(values), moment, values), problems


def _parsed_moments(column: pa.Array) -> tuple[Moments, dict[int, str]]:
    """Strings to times, NaT where there is none."""
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True)
    column = pc.if_else(blank, None, column)
    try:
        values = _as_moments(column)
        if not _implausible(values).any():
            return values, {}
    except pa.ArrowInvalid:
        pass  # some have a zone, or are no times: look at each different value
    encoded = column.dictionary_encode()
    moments: list[datetime | None] = []
    wrong: set[int] = set()
    for number, value in enumerate(encoded.dictionary.to_pylist()):
        try:
            moments.append(naive_utc(moment_of(value)))
        except (ValueError, OverflowError):
            moments.append(None)
            wrong.add(number)
    problems = {
        row: f"{NO_MOMENT} (got {column[row].as_py()[:SHOWN]!r})"
        for row, number in enumerate(encoded.indices.to_pylist())
        if number in wrong
    }
    return _as_moments(pa.array(moments, pa.timestamp("us")).take(encoded.indices)), problems


def _as_moments(column: pa.Array) -> Moments:
    return column.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False).astype("datetime64[s]")


def _implausible(values: Moments) -> NDArray[np.bool_]:
    return (values < EARLIEST) | (values >= LATEST)
