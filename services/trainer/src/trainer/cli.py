"""`trainer`: data, search, registration and evaluation from the command line.

A command is a function of the parsed arguments that imports what it needs when it runs, so that `--help` and the
light commands do not wait for CatBoost and MLflow.
"""

import argparse
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from common.command_line import line, positive, run
from common.errors import DeliveryTimeError, InvalidInput, NoChampion
from trainer import wiring
from trainer.arguments import country, day, moment, month, on_time_share, zone

if TYPE_CHECKING:
    from rich.console import Console

    from common.model.bundle import Bundle

NOT_PROMOTED = 3
"""Exit code of `register-model` when the gate kept the candidate as challenger."""


def main() -> None:
    """Run one command; exit 1 with one clear message when its input is not usable."""
    run(_parser())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trainer", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_download_data(commands)
    _add_inspect(commands)
    _add_prepare_data(commands)
    _add_synthesize(commands)
    _add_worker(commands)
    _add_flow(commands)
    _add_params_search(commands)
    _add_register_model(commands)
    _add_backtest(commands)
    _add_promise(commands)
    _add_promote(commands)
    _add_rollback(commands)
    return parser


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add_download_data(commands: Commands) -> None:
    command = commands.add_parser("download-data", help="get the nine files: OLIST_DIR, else Kaggle, else made up")
    command.set_defaults(run=_download_data)


def _download_data(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.data.download import download

    download(wiring.data_settings(), Console())


def _add_inspect(commands: Commands) -> None:
    command = commands.add_parser("inspect", help="draft a shop file from a shop's own files, or check one")
    command.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="a table of orders, and perhaps one of deliveries; or a shop file (.toml), to check it against its data",
    )
    command.add_argument("--out", type=Path, metavar="FILE", help="where the draft goes (default: the screen)")
    command.add_argument("--country", type=country, metavar="CODE", help="of the shop, if no column says it")
    command.add_argument("--time-zone", type=zone, metavar="ZONE", help="of moments without one, e.g. Europe/Berlin")
    command.set_defaults(run=_inspect)


def _inspect(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.sources.inspection.command import inspect_files

    inspect_files(arguments.files, arguments.out, arguments.country, arguments.time_zone, wiring.sources(), Console())


def _add_prepare_data(commands: Commands) -> None:
    command = commands.add_parser("prepare-data", help="check and join the nine files, one row per order")
    command.add_argument(
        "--cutoff",
        type=moment,
        metavar="DATE",
        help="train on orders delivered before it, validate on those bought since (default: the last fifth validates)",
    )
    command.set_defaults(run=_prepare_data)


def _prepare_data(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.data.prepare import prepare

    settings = wiring.data_settings()
    report = prepare(settings.dataset, settings.prepared, arguments.cutoff)
    console = Console()
    report.show(console)
    console.print(f"prepared {report.orders:,} orders in {report.seconds} s: {settings.prepared}", soft_wrap=True)


def _add_params_search(commands: Commands) -> None:
    command = commands.add_parser("params-search", help="search the model's parameters, each trial an MLflow run")
    command.add_argument("--trials", type=positive, default=15, help="how many trials (default: 15)")
    command.add_argument("--seed", type=int, default=0, help="of Hyperopt and CatBoost (default: 0)")
    command.add_argument("--jobs", type=positive, default=1, help="trials at the same time (default: 1)")
    command.add_argument("--spark", action="store_true", help="on a Spark cluster (needs the extra trainer[spark])")
    command.set_defaults(run=_params_search)


def _params_search(arguments: argparse.Namespace) -> None:
    from tqdm import tqdm

    tracking, data = wiring.tracking(), wiring.training_data()
    trials, seed, jobs = arguments.trials, arguments.seed, arguments.jobs
    with tqdm(total=trials, unit="trial", disable=None) as bar:
        if arguments.spark:
            from trainer.search.spark import search_on_spark

            best = search_on_spark(data, trials, seed, jobs, bar.update)
        else:
            from trainer.search.search import search

            best = search(data, wiring.data_settings().searches, trials, seed, jobs, bar.update)
    print(f"best of {trials} trials: run {best.run_id}, MAE {best.metrics['mae']:.3f} days, {best.params}")
    print(f"all trials: {tracking.url}")


def _add_register_model(commands: Commands) -> None:
    command = commands.add_parser("register-model", help="retrain the best trial and register it")
    command.add_argument("--seed", type=int, default=0, help="of CatBoost (default: 0)")
    command.add_argument("--as-of", type=moment, metavar="DATE", help="learn what was known on that day, nothing newer")
    command.set_defaults(run=_register_model)


def _register_model(arguments: argparse.Namespace) -> int:
    from common.servers.registry import CHAMPION, MODEL_NAME
    from trainer.registry.register import register

    versions = wiring.versions()
    registered = register(wiring.training_data(), versions, arguments.seed, arguments.as_of)
    print(f"registered {MODEL_NAME} version {registered.version} as {registered.alias}: {registered.reason}")
    return 0 if registered.alias == CHAMPION else NOT_PROMOTED


def _add_backtest(commands: Commands) -> None:
    command = commands.add_parser("backtest", help="rolling evaluation by month against the baselines")
    _add_months(command)
    command.add_argument(
        "--output",
        type=Path,
        default=Path("bench/backtest.json"),
        metavar="FILE",
        help="figures as JSON (default: bench/backtest.json)",
    )
    command.add_argument("--offline", action="store_true", help="without the registry: no champion, nothing logged")
    command.set_defaults(run=_backtest)


def _backtest(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.evaluation.commands import Months, run_backtest

    console = Console()
    if not arguments.offline:
        wiring.tracking()
    data = wiring.training_data()
    champion = None if arguments.offline else _champion(console)
    months = Months(arguments.first, arguments.last, arguments.seed)
    run_backtest(data, months, arguments.output, console, champion, logged=not arguments.offline)


def _champion(console: "Console") -> "Bundle | None":
    with wiring.bundles() as bundles:
        try:
            return bundles.champion()
        except NoChampion:
            return None
        except DeliveryTimeError as error:
            console.print(f"without the champion: {error}", soft_wrap=True)
            return None


def _add_promise(commands: Commands) -> None:
    command = commands.add_parser("promise", help="promised days at a wanted on-time share, against the shop's own")
    _add_months(command)
    command.add_argument(
        "--on-time-share",
        type=on_time_share,
        metavar="SHARE",
        help="wanted share of orders delivered within the promise, e.g. 0.95 (default: the shop's own)",
    )
    command.set_defaults(run=_promise)


def _promise(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.evaluation.commands import Months, run_promise

    months = Months(arguments.first, arguments.last, arguments.seed)
    run_promise(wiring.training_data(), months, arguments.on_time_share, Console())


def _add_months(command: argparse.ArgumentParser) -> None:
    command.add_argument("--first", type=month, default="2017-09", metavar="MONTH", help="default: 2017-09")
    command.add_argument("--last", type=month, metavar="MONTH", help="default: the newest with enough deliveries")
    command.add_argument("--seed", type=int, default=0, help="of CatBoost (default: 0)")


def _add_promote(commands: Commands) -> None:
    command = commands.add_parser("promote", help="make a registered version the champion")
    command.add_argument("version", metavar="VERSION")
    _add_reason(command)
    command.set_defaults(run=_promote)


def _promote(arguments: argparse.Namespace) -> None:
    wiring.versions().promote(arguments.version, arguments.reason, getpass.getuser())
    print(f"version {arguments.version} is champion: {arguments.reason}")


def _add_rollback(commands: Commands) -> None:
    command = commands.add_parser("rollback", help="make the champion before the present one champion again")
    _add_reason(command)
    command.set_defaults(run=_rollback)


def _rollback(arguments: argparse.Namespace) -> None:
    version = wiring.versions().rollback(arguments.reason, getpass.getuser())
    print(f"version {version} is champion again: {arguments.reason}")


def _add_reason(command: argparse.ArgumentParser) -> None:
    command.add_argument("--reason", type=line, required=True, help="kept with the version and in the record of events")


def _add_worker(commands: Commands) -> None:
    command = commands.add_parser("worker", help="retrain when the monitor asks for it, until stopped")
    command.set_defaults(run=_worker)


def _worker(_arguments: argparse.Namespace) -> None:
    from trainer.retraining.worker import run_worker

    run_worker(wiring.queue(), wiring.retrainer(), wiring.train)


def _add_flow(commands: Commands) -> None:
    command = commands.add_parser("flow", help="serve the retraining as a Prefect flow with a schedule, until stopped")
    command.add_argument("--cron", default="0 4 * * 1", help="when, in UTC (default: Mondays at four)")
    command.set_defaults(run=_flow)


def _flow(arguments: argparse.Namespace) -> None:
    from importlib.util import find_spec

    if find_spec("prefect") is None:
        raise InvalidInput(
            "`trainer flow` needs Prefect: install the trainer with its extra, delivery-time-trainer[flow]"
        )
    from trainer.flow import serve

    serve(arguments.cron)


def _add_synthesize(commands: Commands) -> None:
    command = commands.add_parser(
        "synthesize", help="make up orders: in Olist's nine files, or of another kind of shop"
    )
    command.add_argument(
        "--shop",
        choices=("olist", "letters", "minutes"),
        default="olist",
        help="olist: nine files (default); letters: postal codes of letters, two countries; minutes: within the hour",
    )
    command.add_argument("--orders", type=positive, default=40_000, help="how many (default: 40000)")
    command.add_argument("--start", type=day, default="2017-01-01", metavar="DATE", help="first day (olist)")
    command.add_argument("--end", type=day, default="2018-08-31", metavar="DATE", help="last day (olist)")
    command.add_argument("--seed", type=int, default=7, help="the same seed makes the same files (default: 7)")
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder to write")
    command.set_defaults(run=_synthesize)


def _synthesize(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.data.synthetic.generate import Wanted, synthesize
    from trainer.data.synthetic.shops.generate import synthesize_shop

    if arguments.shop == "olist":
        synthesize(Wanted(arguments.orders, arguments.start, arguments.end, arguments.seed), arguments.out)
    else:
        synthesize_shop(arguments.shop, arguments.orders, arguments.seed, arguments.out)
    Console().print(f"made up {arguments.orders:,} orders: {arguments.out}", soft_wrap=True)


if __name__ == "__main__":
    main()
