"""The backtest's figures: a table per month and pooled, and the flat JSON that other programs read."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from common.model.quality import mae
from trainer.evaluation.after_purchase import later_figures
from trainer.evaluation.promises import calibration
from trainer.evaluation.score import scores

POOLED = "pooled"
FORECASTERS = {
    "our model": "days",
    "champion": "champion_days",
    "constant median": "median_days",
    "three-fact baseline": "three_fact_days",
    "the shop's promise": "promised_days",
}


def tabulate(forecasts: pl.DataFrame) -> pl.DataFrame:
    """One row per month (and POOLED) and forecaster (see `score.scores`); the champion only where it is judged."""
    rows = []
    for month, part in _parts(forecasts):
        for name, column in FORECASTERS.items():
            judged = part.filter(pl.col(column).is_not_nan())
            if judged.is_empty():
                continue
            bounds = [judged[bound].to_numpy() for bound in ("lower_days", "upper_days")] if column == "days" else []
            metrics = scores(judged["actual_days"].to_numpy(), judged[column].to_numpy(), *bounds)
            rows.append({"month": month, "forecaster": name, "orders": judged.height, **metrics})
    return pl.DataFrame(rows, infer_schema_length=None)


def figures(forecasts: pl.DataFrame, shop: str) -> dict[str, Any]:
    """The keys of the product contract's `Figures`, pooled and, under `months`, per month or week.

    A ratio to what the shop does not have is None.
    """
    per_month = [{"month": month, **_of(part)} for month, part in _parts(forecasts) if month != POOLED]
    ratios = [month["mae_ratio"] for month in per_month if month["mae_ratio"] is not None]
    return {
        "shop": shop,
        **_of(forecasts),
        "worst_month_mae_ratio": max(ratios, default=None),
        "coverage_worst_month": min(month["coverage"] for month in per_month),
        **later_figures(forecasts),
        **calibration(forecasts),
        "months": per_month,
    }


def write_figures(path: Path, values: dict[str, Any]) -> None:
    """Write the figures as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".part")
    scratch.write_text(json.dumps(values, indent=1) + "\n")
    scratch.replace(path)


def _of(part: pl.DataFrame) -> dict[str, Any]:
    actual = part["actual_days"].to_numpy()
    ours = scores(actual, *(part[name].to_numpy() for name in ("days", "lower_days", "upper_days")))
    baseline, median = _rival(part, "three_fact_days"), _rival(part, "median_days")
    promise = _rival(part, "promised_days")
    promised = part.filter(pl.col("promised_days").is_not_nan())
    return {
        "orders": part.height,
        "mae": ours["mae"],
        "rmse": ours["rmse"],
        "bias": ours["bias"],
        "mae_ratio": baseline and baseline["ours"] / baseline["mae"],
        "rmse_ratio": baseline and ours["rmse"] / baseline["rmse"],
        "median_mae": median and median["mae"],
        "mae_vs_median": median and median["ours"] / median["mae"],
        "mae_vs_promise": promise and promise["ours"] / promise["mae"],
        "coverage": ours["interval_coverage"],
        "mean_width_days": ours["interval_width_days"],
        "promise_days_vs_olist": _mean(promised, pl.col("promise_days") - pl.col("promised_days")),
        "on_time_share": _mean(part, pl.col("actual_days") <= pl.col("promise_days")),
        "olist_on_time_share": _mean(promised, pl.col("actual_days") <= pl.col("promised_days")),
    }


def _rival(part: pl.DataFrame, column: str) -> dict[str, float] | None:
    """MAE and RMSE of a rival where it has an answer, and our MAE there; None if it has none."""
    judged = part.filter(pl.col(column).is_not_nan())
    if judged.is_empty():
        return None
    actual = judged["actual_days"].to_numpy()
    theirs = scores(actual, judged[column].to_numpy())
    return {
        "mae": theirs["mae"],
        "rmse": theirs["rmse"],
        "ours": mae(actual, judged["days"].to_numpy()),
    }


def _mean(part: pl.DataFrame, expression: pl.Expr) -> float | None:
    mean = part.select(expression.cast(pl.Float64).mean()).item()
    return None if mean is None else float(mean)


def _parts(forecasts: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    months = [(str(key[0]), part) for key, part in forecasts.group_by("month", maintain_order=True)]
    return [*months, (POOLED, forecasts)]
