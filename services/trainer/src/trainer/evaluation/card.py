"""The model card: what a version is, what it learned from, how good it is where, and what it cannot do."""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from common.model.pace import RELATIONS
from trainer.evaluation.gate import Evaluation
from trainer.evaluation.score import scores
from trainer.model.fit import Model
from trainer.model.forecast import LOSS
from trainer.model.table import TrainingTable

HEAD = ("orders", "mae", "rmse", "bias", "within_3_days", "interval_coverage", "interval_width_days")


def model_card(evaluation: Evaluation, model: Model, table: TrainingTable, fingerprint: str) -> str:
    """Markdown. Metrics are of the gate's holdout, forecast by a model that knew nothing of it."""
    purchases = model.learned.orders.purchase_timestamp
    months = evaluation.judged.orders.purchase_timestamp.astype("datetime64[M]").astype(str)
    geography, groups = table.located.geography, table.pace.groups[: -len(RELATIONS)]
    destinations = geography.ends(evaluation.judged.orders, "destination")
    regions = np.array(groups)[geography.regions.group[destinations.region]]
    inputs = ", ".join(model.feature_names)
    settings = "\n".join(f"| {name} | {value:.4g} |" for name, value in asdict(model.params).items())
    rivals = "\n".join(f"| {name} | {value:.3f} |" for name, value in sorted(evaluation.metrics.items()))
    return f"""# Delivery time

**Who and what for.** Days from purchase to delivery of one order, with a 90 % interval, for shops and their customers
at checkout. Not for judging sellers or carriers.

**Data.** {len(model.learned):,} delivered orders bought {purchases.min()} to {purchases.max()}, of orders with sha256
`{fingerprint}`. Inputs: {inputs}. {_under_way(model, table)}

**Model.** CatBoost, {LOSS} of log days over the delivery pace; smoothed effects of origins, routes, destinations and
facts on top; interval from recent and long-run residuals, orders under way counted as censored. {_second(model)}
{_promises(model)}

| parameter | value |
|---|---|
{settings}

## On the newest window, {evaluation.holdout}

| metric | value |
|---|---|
{rivals}

### By month of purchase

{_table(evaluation, months)}

### By the destination's region

{_table(evaluation, regions)}

## Limits

- {len(geography.regions.names)} regions in {len(groups)} groups of the pace; points elsewhere get the nearest one's.
  Unknown origins get the place of the nearest postal code and no history (`seller_known: false`).
- A shock (strike, holiday rush) shows in the pace only as orders under way age: days later, not hours.
- Orders that never arrive are not forecast; the interval is for those that do.
- Coverage holds on average. In a month of shock it falls, see the backtest.
"""


def _under_way(model: Model, table: TrainingTable) -> str:
    under_way, lost = ~table.history.known_at(model.cutoff), table.presumed_lost(model.cutoff)
    return (
        f"{under_way.sum():,} orders were under way then, {lost.sum():,} of them for more than "
        f"{table.scale.lost:g} days: presumed lost, they make no forecast slower."
    )


def _second(model: Model) -> str:
    if model.after_hand_over is None:
        return "No second model of the time from hand-over: hand-overs are unknown, few, or of no help below."
    learned = f"{len(model.after_hand_over.learned):,}"
    return f"Orders that were handed over have a second model, of the time from then on, which learned from {learned}."


def _promises(model: Model) -> str:
    if model.with_promise is None:
        return "The shop's own promise is no input: promises are unknown, few, barred, or of no help."
    return (
        "Orders that were promised a day have another, which knows the promise and learned from "
        f"{len(model.with_promise.learned):,}: without it the error is `mae_without_promise`."
    )


def _table(evaluation: Evaluation, group: NDArray[np.str_]) -> str:
    predictions = evaluation.predictions
    lines = ["| | " + " | ".join(HEAD) + " |", "|---" * (len(HEAD) + 1) + "|"]
    for name in np.unique(group):
        chosen = group == name
        measured = {"orders": float(chosen.sum())} | scores(
            evaluation.judged.days[chosen],
            predictions.days[chosen],
            predictions.lower_days[chosen],
            predictions.upper_days[chosen],
        )
        lines.append(f"| {name} | " + " | ".join(f"{measured[column]:.4g}" for column in HEAD) + " |")
    return "\n".join(lines)
