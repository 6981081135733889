"""`monitor`: backfill metrics over history, watch live traffic, handle alerts."""

import argparse
import sys
import time

from rich.console import Console
from sqlalchemy.exc import OperationalError

from common.errors import DeliveryTimeError
from common.settings import RegistrySettings, load
from monitor.settings import PreparedDataSettings


def main() -> None:
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except DeliveryTimeError as error:
        sys.exit(f"monitor: {error}")
    except OperationalError as error:
        sys.exit(f"monitor: the database does not answer: {str(error.orig).strip().splitlines()[0]}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="monitor", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("backfill", help="metrics of the champion over the prepared history, week by week")
    command.add_argument("--weeks", type=_positive, metavar="N", help="only the newest N weeks")
    command.set_defaults(run=_backfill)
    command = commands.add_parser("worker", help="consume the prediction log, measure live windows, raise alerts")
    command.set_defaults(run=_worker)
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 (got {text!r})")
    return int(text)


def _backfill(arguments: argparse.Namespace) -> None:
    from common.database.session import engine
    from common.registry import Registry
    from monitor.backfill import backfill

    start = time.perf_counter()
    bundle = Registry(load(RegistrySettings)).champion()
    done = backfill(bundle, load(PreparedDataSettings).data_dir, arguments.weeks)
    Console().print(
        f"{len(done.windows)} weeks of version {done.model_version} written to model_metrics at "
        f"{engine().url.render_as_string(hide_password=True)}: {done.windows[0].start:%Y-%m-%d} to "
        f"{done.windows[-1].end:%Y-%m-%d}, {done.empty} without orders, {time.perf_counter() - start:.0f} s",
        soft_wrap=True,
        highlight=False,
    )


def _worker(_: argparse.Namespace) -> None:
    from monitor.worker import run_worker

    run_worker()


if __name__ == "__main__":
    main()
