"""The backtest's figures: a table per month and pooled, and the flat JSON that other programs read."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from trainer.evaluation.score import scores

POOLED = "pooled"
FORECASTERS = {
    "our model": "days",
    "champion": "champion_days",
    "constant median": "median_days",
    "three-fact baseline": "three_fact_days",
    "Olist's promise": "promised_days",
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


def figures(forecasts: pl.DataFrame) -> dict[str, Any]:
    """The keys of the product contract's `Figures`, pooled and, under `months`, per month."""
    per_month = [{"month": month, **_of(part)} for month, part in _parts(forecasts) if month != POOLED]
    return {
        **_of(forecasts),
        "worst_month_mae_ratio": max(month["mae_ratio"] for month in per_month),
        "coverage_worst_month": min(month["coverage"] for month in per_month),
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
    baseline = scores(actual, part["three_fact_days"].to_numpy())
    return {
        "orders": part.height,
        "mae": ours["mae"],
        "rmse": ours["rmse"],
        "bias": ours["bias"],
        "mae_ratio": ours["mae"] / baseline["mae"],
        "rmse_ratio": ours["rmse"] / baseline["rmse"],
        "coverage": ours["interval_coverage"],
        "mean_width_days": ours["interval_width_days"],
        "promise_days_vs_olist": _mean(part, pl.col("promise_days") - pl.col("promised_days")),
        "on_time_share": _mean(part, pl.col("actual_days") <= pl.col("promise_days")),
        "olist_on_time_share": _mean(part, pl.col("actual_days") <= pl.col("promised_days")),
    }


def _mean(part: pl.DataFrame, expression: pl.Expr) -> float:
    return float(part.select(expression.cast(pl.Float64).mean()).item())


def _parts(forecasts: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    months = [(str(key[0]), part) for key, part in forecasts.group_by("month", maintain_order=True)]
    return [*months, (POOLED, forecasts)]
