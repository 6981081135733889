"""An answer of the gateway: days, dates, the distribution behind them, a promise to choose, what speaks against it."""

import json
from collections.abc import Sequence
from typing import Any

from nicegui import ui

from console.frame.charts import curve
from console.frame.markup import block, facts, text
from console.frame.words import lasting, number, percent, unit_of

Promise = tuple[float, float, str]
"""On-time share, days and date."""

MAIN = ("delivery_time", "delivery_time_days", "lower_days", "upper_days", "delivery_date", "lower_date", "upper_date")
SAID = (*MAIN, "confidence", "promises")
LOWER = 0.05
"""Of the interval: the share of such orders that arrives before its lower end."""

REASONS = {
    "origin_new": "the model has never seen this origin",
    "route_new": "the model has never seen an order from there to here",
    "destination_imprecise": "the destination is known roughly: a region, or a country",
    "destination_outside": "the destination is far from all orders that the model knows: are the coordinates swapped?",
    "fact_unknown": "a fact of this order has a value that the model has never seen",
    "little_data": "the model has learned from few orders",
    "pace_stale": "the delivery pace is old: no deliveries have been reported lately",
    "volatile": "deliveries have been changing a lot lately",
}


def draw_answer(found: dict[str, Any], sent: dict[str, Any], promises: Sequence[Promise]) -> None:
    """The answer to what was sent; promises: of these orders at further shares, the least share first."""
    days, low, high = (float(found[name]) for name in ("delivery_time_days", "lower_days", "upper_days"))
    unit, per_day = unit_of(high)
    text("p", f"{lasting(days)}: {found['delivery_date']}", "big")
    between = f"between {number(low * per_day, 1)} and {number(high * per_day, 1)} {unit}"
    text(
        "p", f"Nine of ten such orders take {between}, {found['lower_date']} to {found['upper_date']}; half take less."
    )
    _draw_confidence(found["confidence"])
    with block("div", "columns wide"):
        with block("div"):
            text("h3", "How many of a hundred such orders have arrived")
            points = [(0.0, 0.0), (low, LOWER), *((days, share) for share, days, _ in promises)]
            shown = [(days * per_day, 100 * share) for days, share in points]
            curve("Share of such orders that has arrived, by time", shown, f"{unit} after the purchase")
        with block("div"):
            text("h3", "What to promise")
            _draw_promises(promises)
            facts((name, _shown(value)) for name, value in found.items() if name not in (*SAID, *sent))


def _draw_confidence(confidence: dict[str, Any]) -> None:
    reasons = [REASONS.get(reason, reason) for reason in confidence["reasons"]]
    text("p", f"Confidence: {confidence['level']}" + (f", as {'; '.join(reasons)}." if reasons else "."))


def _draw_promises(promises: Sequence[Promise]) -> None:
    """A slider over the shares; the promise at the chosen one."""
    words = text("p", "", "big").props('aria-live="polite"')
    under = text("p", "", "soft")

    def choose(place: float) -> None:
        share, days, date = promises[int(place)]
        words.set_text(date)
        under.set_text(f"{percent(share)} of such orders arrive by then, within {lasting(days)}.")

    middle = len(promises) // 2
    slider = ui.slider(min=0, max=len(promises) - 1, step=1, value=middle, on_change=lambda event: choose(event.value))
    slider.props('markers snap aria-label="Share of orders that should arrive in time"')
    choose(middle)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
