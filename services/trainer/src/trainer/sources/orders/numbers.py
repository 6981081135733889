"""Texts to numbers, with a point or a comma before the decimals, and to spans of time."""

from typing import Literal

import polars as pl

Decimal = Literal[".", ","]

_POINT = r"^[+-]?\d*\.\d+(?:[eE][+-]?\d+)?$"
_COMMA = r"^[+-]?\d*,\d+$"
_THOUSANDS = r"^[+-]?[1-9]\d{0,2},\d{3}$"
"""Could be either: 1,234 is one and a bit, or more than a thousand."""


_MONEY = r"^([+-]?)(?:R\$|[$€£¥₹])\s*|\s*[$€£¥₹]$"
_WORDS = {86_400: "d|days?", 3_600: "h|hrs?|hours?", 60: "m|mins?|minutes?"}
_CLOCK = r"^(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)$"


def numbers(texts: pl.Series, decimal: Decimal) -> pl.Series:
    """Finite float64, shape (n,); null where a text is null or no number. Thousands may be marked by the other sign,
    and the sign of a currency may stand before or after."""
    found = _numbers(texts, decimal)
    left = found.is_null() & texts.is_not_null()
    if not left.any():
        return found
    rest = texts.filter(left).str.strip_chars().str.replace(_MONEY, "${1}")
    return found.scatter(left.arg_true(), _numbers(rest, decimal))


def seconds(texts: pl.Series, decimal: Decimal, unit: int) -> pl.Series:
    """Spans of time in seconds, float64, shape (n,), of numbers of a unit (in seconds), which may be named before or
    after them, or of clocks such as 1:02:30; null where a text is neither."""
    found = numbers(texts, decimal) * unit
    left = found.is_null() & texts.is_not_null()
    if not left.any():
        return found
    named = rf"(?i)^\(?(?:{_WORDS[unit]})\.?\)?\s+|\s*\(?(?:{_WORDS[unit]})\.?\)?$"
    rest = texts.filter(left).str.strip_chars()
    clock = [rest.str.extract(_CLOCK, part).cast(pl.Float64) for part in (1, 2, 3)]
    spans = _numbers(rest.str.replace(named, ""), decimal) * unit
    read = pl.select(pl.coalesce(clock[0] * 3_600 + clock[1] * 60 + clock[2], spans)).to_series()
    return found.scatter(left.arg_true(), read)


def _numbers(texts: pl.Series, decimal: Decimal) -> pl.Series:
    plain = texts.str.strip_chars()
    if decimal == ",":
        plain = plain.str.replace_all(r"\.(\d{3})", "${1}").str.replace(",", ".", literal=True)
    else:
        plain = plain.str.replace_all(r",(\d{3})", "${1}")
    found = plain.cast(pl.Float64, strict=False)
    return found.set(found.is_infinite() | found.is_nan(), None)


def decimal_of(texts: pl.Series) -> Decimal | Literal["both"] | None:
    """The sign before the decimals of these numbers; None where none shows or it is in doubt, `both` if both do."""
    plain = texts.drop_nulls().str.strip_chars().str.replace(_MONEY, "${1}")
    comma = plain.str.contains(_COMMA) | plain.str.contains(r"^[+-]?\d{1,3}(?:\.\d{3})+,\d+$")
    certain = bool((comma & ~plain.str.contains(_THOUSANDS)).any())
    point = bool(plain.str.contains(_POINT).any())
    if certain and point:
        return "both"
    if certain:
        return ","
    return "." if point or not comma.any() else None
