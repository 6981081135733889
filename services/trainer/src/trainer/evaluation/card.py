"""The model card: what a version is, what it learned from, how good it is where, and what it cannot do."""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from common.model.pace import REGION_OF_STATE, REGIONS
from common.orders.places import STATES, Places
from trainer.evaluation.gate import Verdict
from trainer.evaluation.score import scores
from trainer.model.fit import LOSS, Model
from trainer.model.params import Params

HEAD = ("orders", "mae", "rmse", "bias", "within_3_days", "interval_coverage", "interval_width_days")


def model_card(verdict: Verdict, places: Places, params: Params, model: Model, fingerprint: str) -> str:
    """Markdown. Metrics are of the gate's window, forecast by a model that knew nothing of it."""
    purchases = model.learned.orders.purchase_timestamp
    months = verdict.judged.orders.purchase_timestamp.astype("datetime64[M]").astype(str)
    state = places.state_at(verdict.judged.orders.customer_lat, verdict.judged.orders.customer_lng)
    regions = np.array(REGIONS)[REGION_OF_STATE[state]]
    settings = "\n".join(f"| {name} | {value:.4g} |" for name, value in asdict(params).items())
    rivals = "\n".join(f"| {name} | {value:.3f} |" for name, value in sorted(verdict.metrics.items()))
    return f"""# Delivery time

**Who and what for.** Days from purchase to delivery of one order, with a 90 % interval, for shops and their customers
at checkout. Not for judging sellers or carriers.

**Data.** {len(model.learned):,} delivered orders bought {purchases.min()} to {purchases.max()}, prepared orders with
sha256 `{fingerprint}`. Inputs: seller's zip prefix, customer's location, time of purchase.

**Model.** CatBoost, {LOSS} of log days over the delivery pace; the sellers' smoothed history on top; interval from
recent and long-run residuals, orders under way counted as censored.

| parameter | value |
|---|---|
{settings}

## On the newest window, {verdict.window}

| metric | value |
|---|---|
{rivals}

### By month of purchase

{_table(verdict, months)}

### By customer's region

{_table(verdict, regions)}

## Limits

- {len(STATES)} Brazilian states; points elsewhere get the nearest one's pace. Unknown sellers get the nearest zip
  prefix's place and no history (`seller_known: false`).
- A shock (strike, holiday rush) shows in the pace only as orders under way grow old: days, not hours, later.
- Orders that never arrive are not forecast; the interval is for those that do.
- Coverage holds on average. In a month of shock it falls, see the backtest.
"""


def _table(verdict: Verdict, group: NDArray[np.str_]) -> str:
    found = verdict.predictions
    lines = ["| | " + " | ".join(HEAD) + " |", "|---" * (len(HEAD) + 1) + "|"]
    for name in np.unique(group):
        chosen = group == name
        measured = {"orders": float(chosen.sum())} | scores(
            verdict.judged.days[chosen],
            found.days[chosen],
            found.lower_days[chosen],
            found.upper_days[chosen],
        )
        lines.append(f"| {name} | " + " | ".join(f"{measured[column]:.4g}" for column in HEAD) + " |")
    return "\n".join(lines)
