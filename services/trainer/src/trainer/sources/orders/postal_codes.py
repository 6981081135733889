"""Postal codes: one spelling for each, and the leading zeros that a spreadsheet took."""

import polars as pl

from common.orders.fields import POSTAL_CODE_MARKS, SPREADSHEET_NUMBER
from common.orders.names import POSTAL_CODES

USUAL = 0.5
"""Share of a country's codes of digits that must have one length for shorter ones to be filled up to it."""


def normalised(texts: pl.Series) -> pl.Series:
    """Upper case without blanks and dashes, shape (n,), null where nothing is left; a number loses its `.0`."""
    code = texts.str.to_uppercase().str.replace(SPREADSHEET_NUMBER, "${1}").str.replace_all(POSTAL_CODE_MARKS, "")
    return code.set(code == "", None)


def padded(orders: pl.LazyFrame) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """The orders with every code of digits as long as its country's usual one, and a note for each country."""
    notes = []
    for name in POSTAL_CODES:
        country = pl.col(name.replace("postal_code", "country"))
        code = pl.col(name)
        digits = code.str.contains(r"^\d+$")
        lengths = (
            orders.filter(digits)
            .group_by(country=country, length=code.str.len_bytes())
            .len()
            .collect(engine="streaming")
            .with_columns(total=pl.col("len").sum().over("country"))
        )
        usual = lengths.filter(pl.col("len") > USUAL * pl.col("total"))
        for place, length, *_ in usual.sort("country").iter_rows():
            shorter = lengths.filter((pl.col("country") == place) & (pl.col("length") < length))["len"].sum()
            if shorter:
                is_short = digits & (country == place) & (code.str.len_bytes() < length)
                orders = orders.with_columns(pl.when(is_short).then(code.str.zfill(length)).otherwise(code).alias(name))
                notes.append(f"{name}: {shorter:,} codes of {place} filled up with zeros to {length} digits")
    return orders, tuple(notes)
