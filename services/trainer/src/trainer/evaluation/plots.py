"""Plots of the backtest and of the gate's holdout, as PNG files."""

from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from trainer.evaluation.gate import Evaluation

SIZE = (9, 4)


def plot_backtest(folder: Path, table: pl.DataFrame) -> list[Path]:
    """Error and coverage per month, from `trainer.evaluation.figures.tabulate`."""
    monthly = table.filter(pl.col("month") != "pooled")
    error = Figure(SIZE, layout="constrained")
    axes = error.subplots()
    for (name,), part in monthly.group_by("forecaster", maintain_order=True):
        axes.plot(part["month"].to_list(), part["mae"].to_list(), marker="o", label=str(name))
    axes.set(ylabel="MAE, days", title="Error per month of purchase")
    axes.legend()
    covered = monthly.filter(pl.col("interval_coverage").is_not_null())
    coverage = Figure(SIZE, layout="constrained")
    axes = coverage.subplots()
    axes.plot(covered["month"].to_list(), covered["interval_coverage"].to_list(), marker="o")
    axes.axhline(0.9, linestyle="--", color="grey")
    axes.set(ylabel="share of deliveries", ylim=(0.6, 1), title="Coverage of the 90 % interval per month of purchase")
    return [_save(error, folder / "error_per_month.png"), _save(coverage, folder / "coverage_per_month.png")]


def plot_holdout(folder: Path, evaluation: Evaluation) -> list[Path]:
    """Forecast against delivery on the gate's holdout, in groups of similar forecast."""
    order = np.argsort(evaluation.predictions.days)
    groups = [part for part in np.array_split(order, 20) if len(part)]
    days = evaluation.judged.days
    figure = Figure(SIZE, layout="constrained")
    axes = figure.subplots()
    forecast = [evaluation.predictions.days[part].mean() for part in groups]
    axes.plot(forecast, [np.median(days[part]) for part in groups], marker="o", label="median delivery")
    low, high = ([float(np.quantile(days[part], share)) for part in groups] for share in (0.05, 0.95))
    axes.fill_between(forecast, low, high, alpha=0.2, label="90 % of deliveries")
    axes.plot(forecast, forecast, linestyle="--", color="grey", label="forecast")
    axes.set(xlabel="forecast, days", ylabel="delivery, days", title=f"Forecast and delivery, {evaluation.holdout}")
    axes.legend()
    return [_save(figure, folder / "forecast_and_delivery.png")]


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=100)
    return path
