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

from common.errors import DeliveryTimeError
from common.model.bundle import Bundle
from trainer.data.history import end_of, read_history
from trainer.evaluation.backtest import Judged, backtest, months, own_on_time_share
from trainer.evaluation.figures import FORECASTERS, POOLED, figures, tabulate, write_figures
from trainer.evaluation.plots import plot_backtest
from trainer.model.fit import Table
from trainer.model.params import Params
from trainer.model.places import read_places
from trainer.registry import tracking
from trainer.registry.register import current_champion


@dataclass(frozen=True)
class Asked:
    """first, last: months like 2017-09, last None for the newest. offline: neither read nor tell the registry."""

    data_dir: Path
    first: str
    last: str | None
    seed: int
    offline: bool = False
    on_time_share: float | None = None


def run_backtest(asked: Asked, output: Path, console: Console) -> None:
    """Judge each month, print the tables, log them to MLflow, and write the figures."""
    params = Params()
    forecasts = _forecasts(asked, params, None if asked.offline else _champion(console))
    table, found = tabulate(forecasts), figures(forecasts)
    write_figures(output, found)
    for name in FORECASTERS:
        _print(table.filter(pl.col("forecaster") == name).drop("forecaster"), name, console)
    console.print(
        f"MAE {found['mae_ratio']:.4f} and RMSE {found['rmse_ratio']:.4f} of the original's recipe, worst month "
        f"{found['worst_month_mae_ratio']:.3f}; coverage {found['coverage']:.4f}, worst month "
        f"{found['coverage_worst_month']:.3f}, mean width {found['mean_width_days']:.1f} days; promise "
        f"{found['promise_days_vs_olist']:+.2f} days against Olist's with {found['on_time_share']:.2%} on time "
        f"(Olist {found['olist_on_time_share']:.2%})",
        soft_wrap=True,
    )
    if not asked.offline:
        _log(table, found, params, asked.seed, output)
    console.print(f"figures: {output}", soft_wrap=True)


def run_promise(asked: Asked, console: Console) -> None:
    """Print, month by month, the promise at the wanted on-time share against the shop's own."""
    forecasts = _forecasts(asked, Params(), None)
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


def _forecasts(asked: Asked, params: Params, champion: Bundle | None) -> pl.DataFrame:
    history = read_history(asked.data_dir)
    wanted = months(history, asked.first, asked.last)
    table = Table.of(history, read_places(asked.data_dir), end_of(history))
    share = asked.on_time_share or own_on_time_share(history, wanted)
    return backtest(table, wanted, params, share, champion, asked.seed, _progress)


def _progress(each: Iterator[Judged], total: int) -> Iterator[Judged]:
    return iter(tqdm(each, total=total, unit="month", disable=None))


def _champion(console: Console) -> Bundle | None:
    try:
        return current_champion()
    except DeliveryTimeError as error:
        console.print(f"without the champion: {error}", soft_wrap=True)
        return None


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


def _log(table: pl.DataFrame, found: dict[str, object], params: Params, seed: int, output: Path) -> None:
    tracking.connect()
    with tempfile.TemporaryDirectory() as scratch, mlflow.start_run(tags={"step": "backtest"}):
        mlflow.log_params(asdict(params) | {"seed": seed})
        mlflow.log_metrics({name: value for name, value in found.items() if isinstance(value, float)})
        table.write_csv(Path(scratch) / "backtest.csv")
        for path in (output, Path(scratch) / "backtest.csv", *plot_backtest(Path(scratch), table)):
            mlflow.log_artifact(str(path))
