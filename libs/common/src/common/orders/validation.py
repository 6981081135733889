"""Which rows can be scored, and why the others cannot. Arrow columns in, orders out; needs pyarrow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from common.arrays import Bools, Floats
from common.orders.clock import Clock
from common.orders.fields import (
    DESTINATION,
    INPUTS,
    LONGEST_TEXT,
    ORIGIN,
    PAIRS,
    OrderField,
    postal_code_of,
)
from common.orders.later import faults
from common.orders.moments import IN_ZONE, MOMENT, REWRITTEN, implausible, in_iso, moment_of, naive_utc
from common.orders.names import COUNTRY_NAMES, LATER, OLD_NUMBERS, POSTAL_CODES, PROMISED, ZIP_CODE_PREFIX
from common.orders.orders import Orders
from common.orders.reading import Reading
from common.orders.shop.countries import country_of
from common.orders.texts import MISSING, Texts

NUMBER = r"^[ \t]*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))[ \t]*$"
MINUS = "\N{MINUS SIGN}"
"""Some countries' programs write it for the hyphen."""

SHOWN = 40
"""Characters of a bad value that its reason repeats."""

Moments = NDArray[np.datetime64]
"""datetime64[s], (n,)"""

Problems = dict[int, str]
"""Reasons by row."""


@dataclass(frozen=True)
class Validated:
    """n rows: `orders` holds the good ones only, `good` is bool (n,), `reasons` has the row numbers of the bad ones."""

    orders: Orders
    good: Bools
    reasons: dict[int, str]


@dataclass
class _Rows:
    """What was read so far, and the reasons found against each row."""

    count: int
    numbers: dict[str, Floats] = field(default_factory=dict)
    texts: dict[str, Texts] = field(default_factory=dict)
    found: dict[int, list[str]] = field(default_factory=dict)
    broken: Mapping[int, str] = field(default_factory=dict)

    def note(self, problems: Mapping[int, str]) -> None:
        for row, reason in problems.items():
            if row not in self.broken:
                self.found.setdefault(row, []).append(reason)

    def has(self, name: str) -> Bools:
        """Which rows have a value there."""
        if name in self.numbers:
            return ~np.isnan(self.numbers[name])
        return self.texts[name].index != MISSING


def validate(
    columns: Mapping[str, pa.Array], now: datetime, reading: Reading, broken: Mapping[int, str] | None = None
) -> Validated:
    """Check n rows given as Arrow columns of numbers or strings, by the names of an order's fields and facts.

    `now` (UTC) is the purchase time of rows without one. `broken` has rows that are already known to be bad, with
    their reasons; what their columns hold is not looked at.
    """
    rows = _Rows(len(next(iter(columns.values()))), broken=broken or {})
    rows.found = {row: [reason] for row, reason in rows.broken.items()}
    facts = [OrderField(name, "number") for name in reading.numeric] + [
        OrderField(name, "text") for name in reading.category
    ]
    for each in (*INPUTS, *facts):
        if each.kind == "moment" or each.name not in columns:
            continue
        if each.kind == "text":
            rows.texts[each.name], problems = _texts(each.name, columns[each.name])
        else:
            rows.numbers[each.name], problems = numbers_of(each, columns[each.name])
        rows.note(problems)
    present = np.datetime64(naive_utc(now), "s")
    later = _moments(rows, columns, LATER, reading.clock)
    promised = _moments(rows, columns, (PROMISED,), reading.clock).get(PROMISED) if reading.promised else None
    purchase = _moments(rows, columns, ("purchase_timestamp",), reading.clock).get("purchase_timestamp")
    purchase = np.full(rows.count, present) if purchase is None else np.where(np.isnat(purchase), present, purchase)
    if later:
        unread = set(rows.found)
        rows.note({row: fault for row, fault in faults(purchase, later, present) if row not in unread})
    _locate(rows)
    good = np.ones(rows.count, dtype=np.bool_)
    good[list(rows.found)] = False
    numbers = {OLD_NUMBERS.get(name, name): values for name, values in rows.numbers.items()}
    orders = Orders(purchase, rows.texts, numbers, later, promised)
    return Validated(
        orders.where(good) if rows.found else orders,
        good,
        {row: "; ".join(rows.found[row]) for row in sorted(rows.found)},
    )


def _locate(rows: _Rows) -> None:
    """Notes the rows that do not say where they come from or go to."""
    otherwise = any(name in rows.numbers or name in rows.texts for name in DESTINATION)
    for lat, lng in PAIRS.items():
        if lat in rows.numbers and lng in rows.numbers and (otherwise or lat != "customer_lat"):
            for name, other in ((lat, lng), (lng, lat)):
                _note(rows, rows.has(other) & ~rows.has(name), f"{name} is missing")
    for old, names in (((ZIP_CODE_PREFIX,), ORIGIN), (("customer_lat", "customer_lng"), DESTINATION)):
        given = [name for name in names if name in rows.numbers or name in rows.texts]
        if not given:
            for name in old:
                if name in rows.numbers:
                    _note(rows, ~rows.has(name), f"{name} is missing")
            continue
        located = np.zeros(rows.count, dtype=np.bool_)
        for name in (*given, *(name for name in old if name in rows.numbers)):
            located |= rows.has(name)
        end = names[0].partition("_")[0]
        _note(rows, ~located, f"the {end} is missing: fill {' or '.join(given)}")


def _note(rows: _Rows, wrong: Bools, reason: str) -> None:
    if wrong.any():
        rows.note({row: reason for row in np.flatnonzero(wrong).tolist() if row not in rows.found})


def numbers_of(field: OrderField, column: pa.Array) -> tuple[Floats, Problems]:
    """The column as float64, NaN where there is nothing, and the reasons of the rows that hold no number in range."""
    problems: Problems = {}
    name, (low, high) = field.name, field.bounds
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.string())  # true is no 1
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column, problems = _parsed(name, column)
    values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    fits = field.admits(values)
    if not fits.all():
        missing = column.is_null().to_numpy(zero_copy_only=False)
        kind = "a whole number" if field.kind == "whole" else "a number"
        bounds = f" between {low:g} and {high:g}" if np.isfinite(low) else ""
        for row in np.flatnonzero(~fits & ~missing).tolist():
            problems[row] = f"{name} must be {kind}{bounds} (got {values[row]:.17g})"
    return values, problems


def _parsed(name: str, column: pa.Array) -> tuple[pa.Array, Problems]:
    """Strings to numbers, null where there is none."""
    column = pc.replace_substring(column, MINUS, "-")
    readable = pc.match_substring_regex(column, NUMBER)
    blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    wrong = pc.fill_null(pc.and_(pc.invert(readable), pc.invert(blank)), False)
    problems = {
        row: f"{name} is not a number (got {column[row].as_py()[:SHOWN]!r})"
        for row in np.flatnonzero(wrong.to_numpy(zero_copy_only=False)).tolist()
    }
    trimmed = pc.utf8_trim_whitespace(pc.if_else(readable, column, None))
    return pc.utf8_ltrim(trimmed, "+").cast(pa.float64()), problems


def _texts(name: str, column: pa.Array) -> tuple[Texts, Problems]:
    """The column as texts, and the reasons of the rows that hold none of that kind. Each distinct one is looked at
    once."""
    if pa.types.is_decimal(column.type):
        column = pc.replace_substring_regex(column.cast(pa.string()), r"\.0+$", "")
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, None)
        whole = pc.equal(column, pc.floor(column))
        column = pc.if_else(whole, column.cast(pa.int64(), safe=False).cast(pa.string()), column.cast(pa.string()))
    encoded = column.cast(pa.string()).dictionary_encode()
    clean = _cleaning(name)
    values: list[str | None] = []
    wrong: dict[int, str] = {}
    for number, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            values.append(clean(text.strip()) or None)
        except ValueError as error:
            values.append(None)
            wrong[number] = f"{name} {str(error).partition(' (got ')[0]} (got {text[:SHOWN]!r})"
        if len(values[-1] or "") > LONGEST_TEXT:
            values[-1] = None
            wrong[number] = f"{name} must have up to {LONGEST_TEXT} characters (got {text[:SHOWN]!r}…)"
        if "\0" in (values[-1] or ""):
            values[-1] = None
            wrong[number] = f"{name} must have no NUL character (got {text[:SHOWN]!r})"
    distinct = Texts.of(values)
    index = pc.fill_null(encoded.indices, MISSING).to_numpy(zero_copy_only=False)
    problems: Problems = {}
    if wrong:
        problems = {row: wrong[number] for row, number in enumerate(index.tolist()) if number in wrong}
    return Texts(distinct.values, np.append(distinct.index, np.int32(MISSING))[index].astype(np.int32)), problems


def _cleaning(name: str) -> Callable[[str], str]:
    """How a field's text is compared; the function raises ValueError for what it cannot be."""
    if name in POSTAL_CODES:
        return postal_code_of
    if name in COUNTRY_NAMES:
        return lambda text: country_of(text) if text else ""
    return str


def _moments(rows: _Rows, columns: Mapping[str, pa.Array], names: Sequence[str], clock: Clock) -> dict[str, Moments]:
    """Those of the named columns that say anything, in UTC, NaT where they say nothing; notes what is no moment."""
    found = {}
    for name in names:
        column = columns.get(name)
        if column is None or column.null_count == rows.count:
            continue
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            column = column.cast(pa.string())  # since when, and in which unit, is anybody's guess
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            found[name], wrong = _parsed_moments(column, clock)
        else:
            found[name] = as_seconds(column)
            wrong = {row: str(found[name][row]) for row in np.flatnonzero(implausible(found[name])).tolist()}
            if getattr(column.type, "tz", None) is None:
                found[name] = clock.utc(found[name])
        rows.note({row: f"{name} is not {MOMENT} (got {shown})" for row, shown in wrong.items()})
    return found


def _parsed_moments(column: pa.Array, clock: Clock) -> tuple[Moments, Problems]:
    """Strings to times in UTC, NaT where there is none, and what the rows say that say something else."""
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True)
    column = pc.if_else(blank, None, column)
    values = _alike(column, clock)
    if values is not None:
        return values, {}
    encoded = column.dictionary_encode()
    moments: list[datetime | None] = []
    wrong: set[int] = set()
    for number, value in enumerate(encoded.dictionary.to_pylist()):
        try:
            moments.append(clock.utc_of_one(moment_of(value)))
        except (ValueError, OverflowError):
            moments.append(None)
            wrong.add(number)
    problems = {
        row: repr(column[row].as_py()[:SHOWN])
        for row, number in enumerate(encoded.indices.to_pylist())
        if number in wrong
    }
    return _as_moments(pa.array(moments, pa.timestamp("us")).take(encoded.indices)), problems


def _alike(column: pa.Array, clock: Clock) -> Moments | None:
    """The times in UTC of strings that are all written as the first one is, null where they are; None if any is not."""
    first = pc.first(column).as_py()
    if first is None:
        return np.full(len(column), np.datetime64("NaT", "s"))
    iso = in_iso(first)
    if iso != first:
        column = pc.utf8_trim_whitespace(column)
        for pattern, replacement in REWRITTEN:
            column = pc.replace_substring_regex(column, pattern, replacement, max_replacements=1)
    zone = "UTC" if IN_ZONE.search(iso) else None
    try:
        values = _as_moments(column, zone)
    except pa.ArrowInvalid:
        return None
    if implausible(values, margin=1).any():
        return None  # the years are those of the zone that a time is written in: look at each
    return values if zone else clock.utc(values)


def as_seconds(column: pa.Array) -> Moments:
    """Times or days of any unit, rounded down to seconds: finer units do not reach as far."""
    zone = "UTC" if getattr(column.type, "tz", None) else None
    seconds = column.cast(pa.timestamp("s", zone), safe=False)
    return seconds.to_numpy(zero_copy_only=False).astype("datetime64[s]")


def _as_moments(column: pa.Array, zone: str | None = None) -> Moments:
    return column.cast(pa.timestamp("us", zone), safe=False).to_numpy(zero_copy_only=False).astype("datetime64[s]")
