"""The evaluation commands: what `trainer backtest` and `trainer promise` do and print."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import mlflow
import numpy as np
import polars as pl
from rich.console import Console, JustifyMethod
from rich.table import Table as Grid
from tqdm import tqdm

from common.model.bundle import Bundle
from common.model.quality import mae
from common.model.time_scale import TimeScale
from common.orders.promises import LEAST_SHARE, MOST_SHARE
from trainer.data.history import TrainingData
from trainer.evaluation.after_purchase import later_summary
from trainer.evaluation.backtest import backtest, own_on_time_share
from trainer.evaluation.figures import FORECASTERS, POOLED, figures, tabulate, write_figures
from trainer.evaluation.periods import Period, periods
from trainer.evaluation.plots import plot_backtest
from trainer.evaluation.promises import SHARES, by_value, policy, told
from trainer.evaluation.worth import worth_told, worths
from trainer.model.params import Params
from trainer.model.table import TrainingTable

NAMED = ("month", "region", "value")
"""Columns of names."""


FactsThen: TypeAlias = Callable[[TrainingData, np.datetime64, int], TrainingData]
"""The data with the facts that a model of some moment would use, by a seed."""


@dataclass(frozen=True)
class Months:
    """Which months to judge, like 2017-09; None: see `trainer.evaluation.periods`. seed: of CatBoost."""

    first: str | None
    last: str | None
    seed: int


def run_backtest(
    data: TrainingData,
    judged: Months,
    output: Path,
    console: Console,
    champion: Bundle | None,
    logged: bool,
    facts_then: FactsThen,
) -> None:
    """Judge each month, print the tables, and write the figures. logged: to the connected MLflow too.

    What is judged uses the facts that `register-model` would have chosen before the first month.
    """
    params, wanted = _usual(data), _periods(data, judged)
    served = facts_then(data, wanted[0].start, judged.seed)
    forecasts = _forecasts(served, wanted, judged.seed, params, champion)
    table, values = tabulate(forecasts), figures(forecasts, data.shop.name)
    values |= worths(served, forecasts, lambda other: _mae(_forecasts(other, wanted, judged.seed, params, shares=())))
    write_figures(output, values)
    for name in FORECASTERS:
        _print(table.filter(pl.col("forecaster") == name).drop("forecaster"), name, console)
    console.print(_summary(values), soft_wrap=True)
    for sentence in (*told(values), *later_summary(values), *worth_told(values)):
        console.print(sentence, soft_wrap=True)
    if logged:
        run_id = _log(table, values, params, judged.seed, output)
        console.print(f"plots: the MLflow run `backtest` ({run_id})", soft_wrap=True)
    console.print(f"figures: {output}", soft_wrap=True)


def run_promise(
    data: TrainingData, judged: Months, on_time_share: float | None, console: Console, facts_then: FactsThen
) -> None:
    """Print what promises at some on-time shares would have done, month by month, against the shop's own; those of the
    policy by region and by the order's value too.

    on_time_share: the policy; None: the shop file's, else the share that the shop's own promises had.
    """
    wanted = _periods(data, judged)
    share = on_time_share or data.shop.promise_share or own_on_time_share(data.history, wanted)
    share = min(max(share, LEAST_SHARE), MOST_SHARE)
    shares = sorted({*SHARES, share})
    served = facts_then(data, wanted[0].start, judged.seed)
    forecasts = _forecasts(served, wanted, judged.seed, _usual(data), None, share, shares)
    for each in shares:
        months = policy(forecasts, each, "month")
        every = policy(forecasts.with_columns(month=pl.lit(POOLED)), each, "month")
        name = f"promises at {each:.4g}" + (", the policy" if each == share else "")
        _print(pl.concat([months, every]), name, console)
    _print(policy(forecasts, share, "region").sort("orders", descending=True), f"at {share:.4g}, by region", console)
    if (valued := by_value(forecasts)) is not None:
        _print(policy(valued, share, "value"), f"at {share:.4g}, by the order's value", console)
    total = policy(forecasts.with_columns(month=pl.lit(POOLED)), share, "month").row(0, named=True)
    if total["shops_days"] is None:
        console.print(f"{total['kept']:.2%} on time; the shop made no promise of its own", soft_wrap=True)
        return
    difference = total["days_saved"]
    console.print(
        f"promise {abs(difference):.2f} days {'shorter' if difference > 0 else 'longer'} than the shop's on average, "
        f"{total['kept']:.2%} on time against {total['shops_kept']:.2%}",
        soft_wrap=True,
    )


def _periods(data: TrainingData, judged: Months) -> list[Period]:
    return periods(TrainingTable.of(data), judged.first, judged.last)


def _mae(forecasts: pl.DataFrame) -> float:
    return mae(forecasts["actual_days"].to_numpy(), forecasts["days"].to_numpy())


def _usual(data: TrainingData) -> Params:
    days = data.history.days
    known = days[np.isfinite(days)]
    return Params.usual(len(known), TimeScale.of_median(float(np.median(known))))


def _forecasts(
    data: TrainingData,
    wanted: list[Period],
    seed: int,
    params: Params,
    champion: Bundle | None = None,
    on_time_share: float | None = None,
    shares: Sequence[float] = SHARES,
) -> pl.DataFrame:
    share = on_time_share or own_on_time_share(data.history, wanted)
    table = TrainingTable.of(data, wanted[0].start)
    return backtest(table, wanted, params, share, champion, seed, _progress, shares)


def _summary(values: dict[str, Any]) -> str:
    """The pooled figures in a sentence each; those of rivals that the shop does not have are left out."""
    ratios = [
        f"{values[name]:.4f} of {rival}"
        for name, rival in (
            ("mae_vs_median", "the known median's"),
            ("mae_ratio", "the three-fact baseline's"),
            ("mae_vs_promise", "the shop's promise's"),
        )
        if values[name] is not None
    ]
    text = f"MAE {values['mae']:.4g} days: {', '.join(ratios)}; coverage {values['coverage']:.4f}, worst month "
    text += f"{values['coverage_worst_month']:.3f}, mean width {values['mean_width_days']:.3g} days"
    if values["promise_days_vs_olist"] is None:
        return text
    return text + (
        f"; promise {values['promise_days_vs_olist']:+.2f} days against the shop's with "
        f"{values['on_time_share']:.2%} on time (the shop's {values['olist_on_time_share']:.2%})"
    )


def _progress(each: Iterator[pl.DataFrame], total: int) -> Iterator[pl.DataFrame]:
    return iter(tqdm(each, total=total, unit="month", disable=None))


def _print(table: pl.DataFrame, title: str, console: Console) -> None:
    if table.is_empty():
        return
    table = table[[column.name for column in table if column.null_count() < table.height]]
    rows = [tuple(_shown(each) if isinstance(each, float) else str(each) for each in row) for row in table.iter_rows()]
    grid = Grid(title=title)
    for name, cells in zip(table.columns, zip(*rows, strict=True), strict=True):
        longest = max(len(word) for cell in cells for word in cell.split())  # names fold, numbers stay whole
        side: JustifyMethod = "left" if name in NAMED else "right"
        grid.add_column(name.replace("_", " "), justify=side, min_width=longest, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    console.print(grid)


def _shown(number: float) -> str:
    """Three digits behind the point, or three that count: minutes are few days."""
    return f"{number:.3f}" if abs(number) >= 0.1 else np.format_float_positional(number, 3, fractional=False, trim="-")


def _log(table: pl.DataFrame, values: dict[str, object], params: Params, seed: int, output: Path) -> str:
    tags = {"step": "backtest"}
    with tempfile.TemporaryDirectory() as scratch, mlflow.start_run(run_name="backtest", tags=tags) as run:
        mlflow.log_params(asdict(params) | {"seed": seed})
        mlflow.log_metrics({name: value for name, value in values.items() if isinstance(value, float)})
        table.write_csv(Path(scratch) / "backtest.csv")
        for path in (output, Path(scratch) / "backtest.csv", *plot_backtest(Path(scratch), table)):
            mlflow.log_artifact(str(path))
    return str(run.info.run_id)
