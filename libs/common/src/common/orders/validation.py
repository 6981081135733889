"""Which rows can be scored, and why the others cannot. Arrow columns in, arrays out; needs pyarrow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from common.orders.fields import INPUTS, OrderField, Orders
from common.orders.moments import MOMENT, implausible, moment_of, naive_utc

NUMBER = r"^[ \t]*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))[ \t]*$"
NO_MOMENT = f"purchase_timestamp is not {MOMENT}"
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
    rows = len(columns[INPUTS[0].name])
    values: dict[str, NDArray[Any]] = {}
    for field in INPUTS:
        if field.kind == "moment":
            values[field.name], problems = _purchase(columns.get(field.name), now, rows)
        elif field.name in columns:
            values[field.name], problems = _numbers(field, columns[field.name])
        else:
            continue
        _add(found, problems, broken)
    good = np.ones(rows, dtype=np.bool_)
    good[list(found)] = False
    orders = Orders.of_columns({name: column[good] for name, column in values.items()} if found else values)
    return Validated(orders, good, {row: "; ".join(found[row]) for row in sorted(found)})


def _add(found: dict[int, list[str]], problems: Mapping[int, str], broken: Mapping[int, str]) -> None:
    for row, reason in problems.items():
        if row not in broken:
            found.setdefault(row, []).append(reason)


def _numbers(field: OrderField, column: pa.Array) -> tuple[NDArray[np.float64], dict[int, str]]:
    """The column as float64 and the reasons of the rows that hold no number in range."""
    problems: dict[int, str] = {}
    name, (low, high) = field.name, field.bounds
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column, problems = _parsed(name, column)
    values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    fits = field.admits(values)
    if not fits.all():
        missing = column.is_null().to_numpy(zero_copy_only=False)
        kind = "a whole number" if field.kind == "whole" else "a number"
        for row in np.flatnonzero(~fits).tolist():
            if missing[row]:
                if field.required:
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
        values = _as_seconds(column)
        problems = {row: f"{NO_MOMENT} (got {values[row]})" for row in np.flatnonzero(implausible(values)).tolist()}
    return np.where(np.isnat(values), moment, values), problems


def _parsed_moments(column: pa.Array) -> tuple[Moments, dict[int, str]]:
    """Strings to times, NaT where there is none."""
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True)
    column = pc.if_else(blank, None, column)
    try:
        values = _as_moments(column)
        if not implausible(values).any():
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


def _as_seconds(column: pa.Array) -> Moments:
    """Times or days of any unit, rounded down to seconds: finer units do not reach as far."""
    zone = "UTC" if getattr(column.type, "tz", None) else None
    seconds = column.cast(pa.timestamp("s", zone), safe=False)
    return seconds.to_numpy(zero_copy_only=False).astype("datetime64[s]")


def _as_moments(column: pa.Array) -> Moments:
    return column.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False).astype("datetime64[s]")
