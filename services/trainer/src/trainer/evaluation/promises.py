"""Promises and probabilities against what came: were they kept as often as they said, and what would they have cost?"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from common.arrays import Floats
from common.model.predictor import Predictions
from common.orders.clock import Clock
from trainer.data.history import DAY, History

SHARES = (0.5, 0.75, 0.8, 0.9, 0.95)
"""On-time shares that every backtest judges."""

SPANS = (0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
"""Typical deliveries from the purchase to the ends of the days whose probability every backtest judges; to the moments
themselves where deliveries mostly arrive within the day."""

BINS = 10
MUST_HOLD = 0.9
"""Shares from which on every month is judged by itself."""

FEWEST = 30
"""Orders of a month, below which its share says nothing."""

PROMISED, BY, PROBABILITY = "promise_at_{}", "by_{}", "probability_{}"
VALUES = ("order_value", "value", "price", "total", "amount")
"""Names of the numeric fact by which promises are shown, the first that the shop has."""


def judged_columns(
    predictions: Predictions, judged: History, clock: Clock, typical: float, shares: Sequence[float]
) -> dict[str, Floats]:
    """The promises at the shares, and the probabilities to arrive by the ends of some days, for n orders; see SPANS."""
    columns = {PROMISED.format(share): predictions.distribution.days_at(share) for share in shares}
    purchase = judged.orders.purchase_timestamp
    for span in SPANS:
        moment = purchase + np.timedelta64(round(span * typical * 86_400), "s")
        if typical >= 1:
            moment = clock.utc((clock.local(moment).astype("datetime64[D]") + 1).astype("datetime64[s]"))
        days = (moment - purchase) / DAY
        columns |= {BY.format(span): days, PROBABILITY.format(span): predictions.distribution.probability_by(days)}
    return columns


def calibration(forecasts: pl.DataFrame) -> dict[str, Any]:
    """How far shares and probabilities were off, under the keys of the product contract's `Figures`.

    shares: kept, of all orders. share_range: of the months, the lowest and the highest. deliver_by_error: the mean
    distance in BINS bins of probability, weighted by their orders.
    """
    shares, ranges, worst = {}, {}, 0.0
    for share in SHARES:
        is_kept = pl.col("actual_days") <= pl.col(PROMISED.format(share))
        months = forecasts.group_by("month").agg(is_kept.mean().alias("kept"), pl.len()).filter(pl.col("len") >= FEWEST)
        shares[str(share)] = forecasts.select(is_kept.mean()).item()
        ranges[str(share)] = [months["kept"].min(), months["kept"].max()]
        if share >= MUST_HOLD and len(months):
            worst = max(worst, *(months["kept"] - share).abs())
    by = pl.concat(
        forecasts.select(
            probability=pl.col(PROBABILITY.format(span)),
            came=(pl.col("actual_days") <= pl.col(BY.format(span))).cast(pl.Float64),
        )
        for span in SPANS
    )
    number = (pl.col("probability") * BINS).floor().clip(0, BINS - 1)
    bins = (
        by.group_by(number.alias("bin")).agg(pl.len(), pl.col("probability").mean(), pl.col("came").mean()).sort("bin")
    )
    off = np.average((bins["probability"] - bins["came"]).abs().to_numpy(), weights=bins["len"].to_numpy())
    columns = (bins[name].to_list() for name in ("len", "probability", "came"))
    named = [dict(zip(("orders", "said", "came"), row, strict=True)) for row in zip(*columns, strict=True)]
    return {
        "shares": shares,
        "share_range": ranges,
        "share_error": max(abs(shares[str(share)] - share) for share in SHARES),
        "share_error_worst_month": worst,
        "deliver_by_error": float(off),
        "deliver_by_bins": named,
    }


def told(values: dict[str, Any]) -> list[str]:
    """Sentences about `calibration`."""
    kept = [
        f"{share}: {values['shares'][share]:.3f} ({low:.3f} to {high:.3f} by month)"
        for share, (low, high) in values["share_range"].items()
        if low is not None
    ]
    return [
        f"promises kept at {', '.join(kept)}",
        f"probabilities to arrive by a day are off by {values['deliver_by_error']:.3f} on average",
    ]


def policy(forecasts: pl.DataFrame, share: float, by: str) -> pl.DataFrame:
    """What promises at a share would have done, by a column: mean days promised, the share kept, mean days late of
    those that were, and days saved against the shop's own promise where it made one."""
    days, actual = pl.col(PROMISED.format(share)), pl.col("actual_days")
    shops = pl.col("promised_days").fill_nan(None)
    return forecasts.group_by(by, maintain_order=True).agg(
        pl.len().alias("orders"),
        days.mean().alias("promised_days"),
        (actual <= days).mean().alias("kept"),
        (actual - days).filter(actual > days).mean().alias("days_late"),
        shops.mean().alias("shops_days"),
        (actual <= shops).mean().alias("shops_kept"),
        (shops - days).mean().alias("days_saved"),
    )


def by_value(forecasts: pl.DataFrame) -> pl.DataFrame | None:
    """The forecasts with the quarter of their value as `value`, from the lowest; None where no order has a value."""
    values = forecasts["value"].fill_nan(None)
    if values.null_count() == len(values) or values.n_unique() < 4:
        return None
    edges = [float(values.quantile(share, "lower") or 0.0) for share in (0.25, 0.5, 0.75)]
    names = [f"up to {edges[0]:g}", *(f"{low:g} to {high:g}" for low, high in pairwise(edges))]
    number = sum(((pl.col("value") > edge).cast(pl.Int8) for edge in edges), pl.lit(0, pl.Int8))
    labels = [*names, f"over {edges[2]:g}"]
    named = (
        forecasts.filter(pl.col("value").is_not_nan()).with_columns(quarter=number).sort("quarter", maintain_order=True)
    )
    return named.with_columns(value=pl.col("quarter").replace_strict(list(range(4)), labels, return_dtype=pl.String))
