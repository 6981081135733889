"""Texts to numbers, with a point or a comma before the decimals."""

from typing import Literal

import polars as pl

Decimal = Literal[".", ","]

_POINT = r"^[+-]?\d*\.\d+(?:[eE][+-]?\d+)?$"
_COMMA = r"^[+-]?\d*,\d+$"
_THOUSANDS = r"^[+-]?[1-9]\d{0,2},\d{3}$"
"""Could be either: 1,234 is one and a bit, or more than a thousand."""


def numbers(texts: pl.Series, decimal: Decimal) -> pl.Series:
    """Finite float64, shape (n,); null where a text is null or no number. Thousands may be marked by the other sign."""
    plain = texts.str.strip_chars()
    if decimal == ",":
        plain = plain.str.replace_all(r"\.(\d{3})", "${1}").str.replace(",", ".", literal=True)
    else:
        plain = plain.str.replace_all(r",(\d{3})", "${1}")
    found = plain.cast(pl.Float64, strict=False)
    return found.set(found.is_infinite() | found.is_nan(), None)


def decimal_of(texts: pl.Series) -> Decimal | Literal["both"] | None:
    """The sign before the decimals of these numbers; None where none shows or it is in doubt, `both` if both do."""
    plain = texts.drop_nulls().str.strip_chars()
    comma = plain.str.contains(_COMMA) | plain.str.contains(r"^[+-]?\d{1,3}(?:\.\d{3})+,\d+$")
    certain = bool((comma & ~plain.str.contains(_THOUSANDS)).any())
    point = bool(plain.str.contains(_POINT).any())
    if certain and point:
        return "both"
    if certain:
        return ","
    return "." if point or not comma.any() else None
