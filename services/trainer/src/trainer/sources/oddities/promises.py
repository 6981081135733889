"""Is the promise one that was shown at the purchase? A default, or one revised later, is told by its figures."""

from collections.abc import Iterator
from datetime import time

import polars as pl

from trainer.sources.oddities.oddity import Oddity, share

FEWEST = 50
DEFAULT_SHARE = 0.2
"""Share of orders with one and the same span from which it counts as a default."""

EQUAL_SHARE = 0.3
"""Share of deliveries on the very moment (or day, for dates) that was promised, from which the promise was revised."""

LOOKED_AT, WHOLE_DATES = 1_000, 0.95
"""Promises are dates if this share of the first is at midnight."""

TOO_GOOD = 0.25
"""Error of the promise over that of one constant: no shop knows so much at the purchase."""


def promises(orders: pl.LazyFrame, median: float, zone: str) -> Iterator[Oddity]:
    """Defaults, leaks, and how good the promise is beside one constant: `median`, the days that orders take."""
    bought, delivered, promised = (pl.col(f"{name}_timestamp") for name in ("purchase", "delivered", "promised"))
    known = orders.filter(promised.is_not_null())
    spans = known.group_by(span=(promised - bought).dt.total_seconds()).len().collect(engine="streaming")
    total = int(spans["len"].sum())
    if total < FEWEST:
        return
    most: int = spans.select(pl.max("len")).item()
    if most >= DEFAULT_SHARE * total:
        span = spans.filter(pl.col("len") == most).select(pl.min("span")).item()
        yield Oddity("default-promise", most, f"{share(most, total)} promises are exactly {_duration(span)}: a default")
    days = (delivered - bought).dt.total_seconds() / 86_400
    missed = (promised - delivered).dt.total_seconds().abs() / 86_400
    equal = _date(promised, zone) == _date(delivered, zone) if _are_dates(known, zone) else promised == delivered
    figures = known.filter(delivered.is_not_null()).select(
        n=pl.len(), missed=missed.mean(), constant=(days - median).abs().mean(), same=(equal & (missed < 2)).sum()
    )
    n, error, constant, same = figures.collect(engine="streaming").row(0)
    if n < FEWEST:
        return
    if same >= EQUAL_SHARE * n:
        text = f"{share(same, n)} promises equal the delivery: revised after the purchase, so never an input"
        yield Oddity("promise-leaks", same, text, "promised_timestamp")
    elif constant and error < TOO_GOOD * constant:
        text = f"the promise misses by {_days(error)}, one constant by {_days(constant)}: too good, so never an input"
        yield Oddity("promise-too-good", n, text, "promised_timestamp")
    else:
        verdict = "worse" if error > constant else "better"
        text = f"the promise misses by {_days(error)} on average, one constant by {_days(constant)}: it is {verdict}"
        yield Oddity("promise", n, text)


def _are_dates(orders: pl.LazyFrame, zone: str) -> bool:
    clock = orders.select(pl.col("promised_timestamp").head(LOOKED_AT).dt.convert_time_zone(zone).dt.time()).collect()
    return bool((clock.to_series() == time(0)).mean() > WHOLE_DATES)  # type: ignore[operator]


def _date(moment: pl.Expr, zone: str) -> pl.Expr:
    return moment.dt.convert_time_zone(zone).dt.date()


def _duration(seconds: int) -> str:
    if seconds % 86_400 == 0:
        return f"{seconds // 86_400} days"
    return f"{seconds / 3_600:g} hours" if seconds >= 7_200 else f"{seconds / 60:g} minutes"


def _days(days: float) -> str:
    return f"{days:.1f} days" if days >= 1 else f"{days * 1_440:.1f} minutes"
