"""The files' text as values."""

import polars as pl

from trainer.sources.olist.files import DATE_FORMAT


def date(column: str) -> pl.Expr:
    """Text to datetime[us]; null where it cannot be read."""
    return pl.col(column).str.to_datetime(DATE_FORMAT, time_unit="us", strict=False, cache=False)


def number(column: str) -> pl.Expr:
    """Text to a finite float64; null where it cannot be read."""
    parsed = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(parsed.is_finite()).then(parsed)


def zip_prefix(column: str) -> pl.Expr:
    """Text to int32 within the bounds of a zip prefix; null where it cannot be read."""
    parsed = pl.col(column).cast(pl.Int32, strict=False)
    return pl.when(parsed.is_between(1, 99_999)).then(parsed)


def postal_code(prefix: pl.Expr) -> pl.Expr:
    """Zip prefixes as postal codes: five digits, zeros in front."""
    return prefix.cast(pl.String).str.zfill(5)
