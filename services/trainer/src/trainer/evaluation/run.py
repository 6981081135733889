"""The evaluation commands: what `trainer backtest` and `trainer promise` do and print."""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import mlflow
import polars as pl
from rich.console import Console
from rich.table import Table as Grid
from tqdm import tqdm

from common.model.bundle import Bundle
from trainer.data.history import TrainingData
from trainer.evaluation.backtest import backtest, months, own_on_time_share
from trainer.evaluation.figures import FORECASTERS, POOLED, figures, tabulate, write_figures
from trainer.evaluation.plots import plot_backtest
from trainer.model.params import Params
from trainer.model.table import TrainingTable


@dataclass(frozen=True)
class Months:
    """Which months to judge, like 2017-09; last None for the newest with enough deliveries. seed: of CatBoost."""

    first: str
    last: str | None
    seed: int


def run_backtest(
    data: TrainingData, judged: Months, output: Path, console: Console, champion: Bundle | None, logged: bool
) -> None:
    """Judge each month, print the tables, and write the figures. logged: to the connected MLflow too."""
    params = Params()
    forecasts = _forecasts(data, judged, params, champion)
    table, values = tabulate(forecasts), figures(forecasts)
    write_figures(output, values)
    for name in FORECASTERS:
        _print(table.filter(pl.col("forecaster") == name).drop("forecaster"), name, console)
    console.print(
        f"MAE {values['mae_ratio']:.4f} and RMSE {values['rmse_ratio']:.4f} of the three-fact baseline, worst month "
        f"{values['worst_month_mae_ratio']:.3f}; coverage {values['coverage']:.4f}, worst month "
        f"{values['coverage_worst_month']:.3f}, mean width {values['mean_width_days']:.1f} days; promise "
        f"{values['promise_days_vs_olist']:+.2f} days against Olist's with {values['on_time_share']:.2%} on time "
        f"(Olist {values['olist_on_time_share']:.2%})",
        soft_wrap=True,
    )
    if logged:
        _log(table, values, params, judged.seed, output)
    console.print(f"figures: {output}", soft_wrap=True)


def run_promise(data: TrainingData, judged: Months, on_time_share: float | None, console: Console) -> None:
    """Print, month by month, the promise at the wanted on-time share (None: the shop's own) against the shop's own."""
    forecasts = _forecasts(data, judged, Params(), None, on_time_share)
    rows = forecasts.group_by("month", maintain_order=True).agg(_PROMISE)
    table = pl.concat([rows, forecasts.select(pl.lit(POOLED).alias("month"), *_PROMISE)])
    _print(table, "promise", console)
    total = table.row(-1, named=True)
    difference = total["our_days"] - total["olist_days"]
    console.print(
        f"promise {abs(difference):.2f} days {'shorter' if difference < 0 else 'longer'} than Olist's on average, "
        f"{total['our_on_time']:.2%} on time against {total['olist_on_time']:.2%}",
        soft_wrap=True,
    )


_PROMISE = (
    pl.len().alias("orders"),
    pl.col("promise_days").mean().alias("our_days"),
    pl.col("promised_days").mean().alias("olist_days"),
    (pl.col("actual_days") <= pl.col("promise_days")).mean().alias("our_on_time"),
    (pl.col("actual_days") <= pl.col("promised_days")).mean().alias("olist_on_time"),
)


def _forecasts(
    data: TrainingData, judged: Months, params: Params, champion: Bundle | None, on_time_share: float | None = None
) -> pl.DataFrame:
    wanted = months(data.history, judged.first, judged.last)
    share = on_time_share or own_on_time_share(data.history, wanted)
    return backtest(TrainingTable.of(data), wanted, params, share, champion, judged.seed, _progress)


def _progress(each: Iterator[pl.DataFrame], total: int) -> Iterator[pl.DataFrame]:
    return iter(tqdm(each, total=total, unit="month", disable=None))


def _print(table: pl.DataFrame, title: str, console: Console) -> None:
    if table.is_empty():
        return
    table = table[[column.name for column in table if column.null_count() < table.height]]
    grid = Grid(title=title)
    for name in table.columns:
        grid.add_column(name.replace("_", " "), justify="left" if name == "month" else "right", no_wrap=name == "month")
    for row in table.iter_rows():
        grid.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row))
    console.print(grid)


def _log(table: pl.DataFrame, values: dict[str, object], params: Params, seed: int, output: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch, mlflow.start_run(tags={"step": "backtest"}):
        mlflow.log_params(asdict(params) | {"seed": seed})
        mlflow.log_metrics({name: value for name, value in values.items() if isinstance(value, float)})
        table.write_csv(Path(scratch) / "backtest.csv")
        for path in (output, Path(scratch) / "backtest.csv", *plot_backtest(Path(scratch), table)):
            mlflow.log_artifact(str(path))
