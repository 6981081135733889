"""Facts that cannot help: constants, categories of which hardly any comes twice, and what is known only afterwards."""

from collections.abc import Iterator, Sequence

import polars as pl

from trainer.sources.oddities.oddity import Oddity
from trainer.sources.sample import spread

MANY_VALUES = 20_000
FEW_ORDERS = 3.0
"""A category is one that can be learned from if it has fewer values, or this many orders per value."""

TOO_CLOSE = 0.97
"""Rank correlation with the days to delivery from which a number was hardly known at the purchase."""

FEWEST = 50
MANY = 5_000_000
"""Orders from which distinct values are counted about, not exactly: it takes far less memory."""

SAMPLE = 5_000
"""Orders, spread over all, by which a number is judged."""


def facts(orders: pl.LazyFrame, numeric: Sequence[str], category: Sequence[str], total: int) -> Iterator[Oddity]:
    """Findings on declared facts; the barred ones are left out of the model."""
    if not numeric and not category:
        return
    distinct = pl.Expr.n_unique if total <= MANY else pl.Expr.approx_n_unique
    differ = {f"n {name}": 1 + (pl.col(name).min() != pl.col(name).max()).cast(pl.Int32) for name in numeric}
    differ |= {f"n {name}": distinct(pl.col(name)) for name in category}
    empty_rows = {f"null {name}": pl.col(name).null_count() for name in (*numeric, *category)}
    counts = orders.select(**differ, **empty_rows).collect(engine="streaming").row(0, named=True)
    for name in (*numeric, *category):
        values, empty = counts[f"n {name}"], counts[f"null {name}"]
        if empty == total:
            yield Oddity("empty-fact", total, f"{name} is empty in every order", name)
        elif values == 1:
            yield Oddity("constant-fact", total, f"{name} has one value in every order", name)
        elif name in category and values > min(MANY_VALUES, max(total / FEW_ORDERS, FEWEST)):
            text = f"{name} has {values:,} values in {total:,} orders, like an id: nothing is learned from it"
            yield Oddity("many-values", values, text, name)
    yield from _known_afterwards(spread(orders, total, SAMPLE), numeric) if numeric else ()


def _known_afterwards(orders: pl.LazyFrame, numeric: Sequence[str]) -> Iterator[Oddity]:
    span = (pl.col("delivered_timestamp") - pl.col("purchase_timestamp")).dt.total_seconds()
    ended = orders.select(span.alias("_span"), *numeric).drop_nulls("_span").collect(engine="streaming")
    for name in numeric:
        both = ended.select(name, "_span").drop_nulls()
        if both.height < FEWEST or both[name].n_unique() < 3:
            continue
        correlation = both.select(pl.corr(name, "_span", method="spearman")).item()
        if correlation is not None and abs(correlation) >= TOO_CLOSE:
            text = (
                f"{name} goes with the delivery itself (rank correlation {correlation:.2f}): not known at the purchase"
            )
            yield Oddity("fact-leaks", both.height, text, name)
