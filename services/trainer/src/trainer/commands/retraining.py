"""The commands that run until stopped: worker and flow."""

import argparse

from common.errors import InvalidInput
from trainer import wiring
from trainer.commands import Commands


def add_commands(commands: Commands) -> None:
    """worker, flow."""
    _add_worker(commands)
    _add_flow(commands)


def _add_worker(commands: Commands) -> None:
    command = commands.add_parser("worker", help="retrain when the monitor asks for it, until stopped")
    command.set_defaults(run=_worker)


def _worker(_arguments: argparse.Namespace) -> None:
    from trainer.retraining.worker import run_worker

    wiring.ask_for_first_model()
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
