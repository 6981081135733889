"""The evaluation commands: backtest and promise."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import DeliveryTimeError, NoChampion
from trainer import wiring
from trainer.arguments import month, on_time_share
from trainer.commands import Commands

if TYPE_CHECKING:
    from rich.console import Console

    from common.model.bundle import Bundle


def add_commands(commands: Commands) -> None:
    """backtest, promise."""
    _add_backtest(commands)
    _add_promise(commands)


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
    command.add_argument("--offline", action="store_true", help="on this host's prepared data, without any server")
    command.set_defaults(run=_backtest)


def _backtest(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.evaluation.run import Months, run_backtest
    from trainer.search.useful_facts import with_facts_useful_then

    console = Console()
    if not arguments.offline:
        wiring.tracking()
    data = wiring.prepared_data() if arguments.offline else wiring.training_data()
    champion = None if arguments.offline else _champion(console)
    months = Months(arguments.first, arguments.last, arguments.seed)
    logged = not arguments.offline
    run_backtest(data, months, arguments.output, console, champion, logged, with_facts_useful_then)
    if logged and wiring.has_object_store():
        wiring.reports().put("backtest", arguments.output.read_bytes())


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
    command = commands.add_parser(
        "promise", help="what promises at on-time shares would have done, against the shop's own"
    )
    _add_months(command)
    command.add_argument(
        "--on-time-share",
        type=on_time_share,
        metavar="SHARE",
        help="wanted share of orders delivered within the promise, e.g. 0.95 (default: [promise] of the shop file, "
        "else the share of the shop's own promises)",
    )
    command.set_defaults(run=_promise)


def _promise(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.evaluation.run import Months, run_promise
    from trainer.search.useful_facts import with_facts_useful_then

    months = Months(arguments.first, arguments.last, arguments.seed)
    run_promise(wiring.training_data(), months, arguments.on_time_share, Console(), with_facts_useful_then)


def _add_months(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--first", type=month, metavar="MONTH", help="default: when a fifth of the deliveries is known before it"
    )
    command.add_argument("--last", type=month, metavar="MONTH", help="default: the newest with enough deliveries")
    command.add_argument("--seed", type=int, default=0, help="of CatBoost (default: 0)")
