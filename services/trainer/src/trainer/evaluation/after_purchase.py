"""How good the answers after the purchase are: from the hand-over on, while under way, and on who will be late."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import average_precision_score  # type: ignore[import-untyped]

from common.arrays import Bools, Floats
from common.model.predictor import Predictor
from common.model.quality import mae
from common.model.time_scale import TimeScale
from common.orders.orders import Orders
from trainer.data.history import History
from trainer.model.further.hand_over import handed_over

AGES = {"half": 0.5, "once": 1.0, "twice": 2.0}
"""At which orders under way are judged: multiples of the typical days. Where these are 10, 5, 10 and 20 days."""

BEFORE_THE_END = 0.7
"""How long before the shop's promise ends the orders at risk are judged, in the same: there, seven days."""

SHARES = (0.5, 0.75, 0.8, 0.9, 0.95)
BINS = 10
FEWEST = 100
"""Orders under way at an age, below which the shares that they keep say nothing."""


def judged_later(predictor: Predictor, judged: History, scale: TimeScale) -> dict[str, Floats]:
    """Columns of n delivered orders, NaN where nothing was asked.

    handed_over_days: the forecast from the hand-over on. then_..., aged_...: by age (AGES), which share of deliveries
    the actual one was, given that it had not come by then, and the hand-over if it had; aged: without hand-overs.
    missed: 1 where an order that was under way BEFORE_THE_END missed the promise; miss_probability, as of then;
    miss_at_purchase, as of the purchase; age: in days.
    """
    days, promised = judged.days, judged.promised_days
    columns = {"handed_over_days": days_from_hand_over(predictor, judged)}
    for name, multiple in AGES.items():
        at = np.full(len(judged), multiple * scale.typical)
        waits = days > at
        columns[f"aged_{name}"] = _probability(predictor, _as_of(judged, at, with_hand_overs=False), waits, days)
        shipped = waits & _handed_over_by(judged, at) & predictor.knows_hand_overs
        columns[f"then_{name}"] = _probability(predictor, _as_of(judged, at), shipped, days)
    at = promised - BEFORE_THE_END * scale.typical
    waits = (at > 0) & (days > at)
    columns["age"] = np.where(waits, at, np.nan)
    columns["missed"] = np.where(waits, days > promised, np.nan)
    columns["miss_probability"] = 1 - _probability(predictor, _as_of(judged, at), waits, promised)
    columns["miss_at_purchase"] = 1 - _probability(predictor, judged.orders, waits, promised)
    return columns


def days_from_hand_over(predictor: Predictor, judged: History) -> Floats:
    """The forecasts of n orders from their hand-overs on, in days from purchase; NaN where there is none."""
    found = np.full(len(judged), np.nan)
    chosen, shipped = handed_over(judged) & predictor.knows_hand_overs, judged.shipped
    if shipped is not None and chosen.any():
        orders = replace(judged.orders, later={"shipped_timestamp": shipped})
        found[chosen] = predictor.predict(orders.where(chosen)).days
    return found


def later_figures(forecasts: pl.DataFrame) -> dict[str, Any]:
    """The figures of `judged_later`'s columns, None for what the shop's data has not."""
    handed = forecasts.filter(pl.col("handed_over_days").is_not_nan())
    actual, at_purchase, then = (handed[name].to_numpy() for name in ("actual_days", "days", "handed_over_days"))
    kept = dict(_kept(forecasts))
    errors = [np.abs(np.array(shares) - SHARES).max() for shares in kept.values()]
    return {
        "after_shipping_orders": handed.height,
        "after_shipping_mae": mae(actual, then) if handed.height else None,
        "after_shipping_mae_ratio": mae(actual, then) / mae(actual, at_purchase) if handed.height else None,
        "under_way_shares": {name: dict(zip(map(str, SHARES), shares, strict=True)) for name, shares in kept.items()},
        "under_way_share_error": float(max(errors)) if errors else None,
        **_at_risk(forecasts.filter(pl.col("missed").is_not_nan())),
    }


def later_summary(values: Mapping[str, Any]) -> Iterator[str]:
    """The figures in a sentence each, of what there is."""
    if values["after_shipping_mae_ratio"] is not None:
        yield (
            f"after the hand-over, {values['after_shipping_orders']:,} orders: MAE {values['after_shipping_mae']:.4g} "
            f"days, {values['after_shipping_mae_ratio']:.4f} of that at purchase"
        )
    if values["under_way_share_error"] is not None:
        yield f"under way: kept shares are off by up to {values['under_way_share_error']:.3f}"
    if values["at_risk_average_precision"] is not None:
        ours, by_age, by_first = (
            values[f"at_risk_average_precision{rest}"] for rest in ("", "_of_age", "_at_purchase")
        )
        yield (
            f"at risk: {values['at_risk_missed_share']:.1%} of {values['at_risk_orders']:,} orders missed their "
            f"promise; average precision {ours:.3f} (by age alone {by_age:.3f}, by the forecast at purchase "
            f"{by_first:.3f}), probabilities off by {values['at_risk_error']:.3f}"
        )


def _at_risk(under_way: pl.DataFrame) -> dict[str, Any]:
    names = ("missed", "miss_probability", "age", "miss_at_purchase")
    missed, probability, age, at_purchase = (under_way[name].to_numpy() for name in names)
    if not 0 < missed.sum() < len(missed):
        return {"at_risk_orders": len(missed), "at_risk_average_precision": None, "at_risk_error": None}
    number = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    curve = [
        {
            "probability": float(probability[here].mean()),
            "missed": float(missed[here].mean()),
            "orders": int(here.sum()),
        }
        for here in (number == each for each in range(BINS))
        if here.any()
    ]
    error = sum(abs(each["probability"] - each["missed"]) * each["orders"] for each in curve) / len(missed)
    return {
        "at_risk_orders": len(missed),
        "at_risk_missed_share": float(missed.mean()),
        "at_risk_average_precision": float(average_precision_score(missed, probability)),
        "at_risk_average_precision_of_age": float(average_precision_score(missed, age)),
        "at_risk_average_precision_at_purchase": float(average_precision_score(missed, at_purchase)),
        "at_risk_error": float(error),
        "at_risk_curve": curve,
    }


def _kept(forecasts: pl.DataFrame) -> Iterator[tuple[str, list[float]]]:
    """Of each kind and age, the shares of promises that were kept at SHARES."""
    for name in (f"{kind}_{age}" for kind in ("aged", "then") for age in AGES):
        share = forecasts[name].to_numpy()
        share = share[~np.isnan(share)]
        if len(share) >= FEWEST:
            yield name, [float((share <= wanted).mean()) for wanted in SHARES]


def _handed_over_by(judged: History, age_days: Floats) -> Bools:
    if judged.shipped is None:
        return np.zeros(len(judged), dtype=np.bool_)
    return handed_over(judged) & (judged.shipped <= judged.orders.purchase_timestamp + _spans(age_days))


def _as_of(judged: History, age_days: Floats, with_hand_overs: bool = True) -> Orders:
    """The orders as they were known at an age, under way."""
    later = {"under_way_at": judged.orders.purchase_timestamp + _spans(age_days)}
    shipped = judged.shipped
    if with_hand_overs and shipped is not None:
        nothing = np.datetime64("NaT", "s")
        later["shipped_timestamp"] = np.where(_handed_over_by(judged, age_days), shipped, nothing)
    return replace(judged.orders, later=later)


def _probability(predictor: Predictor, orders: Orders, chosen: Bools, by_days: Floats) -> Floats:
    """That the chosen orders arrive within so many days."""
    found = np.full(len(orders), np.nan)
    if chosen.any():
        found[chosen] = predictor.predict(orders.where(chosen)).distribution.probability_by(by_days[chosen])
    return found


def _spans(days: Floats) -> np.ndarray:
    return np.where(np.isnan(days), np.timedelta64("NaT", "s"), np.nan_to_num(days * 86_400).astype("timedelta64[s]"))
