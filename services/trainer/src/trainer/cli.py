"""`trainer`: data, search, registration and evaluation from the command line."""

import argparse

from common.command_line import run
from trainer.commands import data, evaluation, models, retraining, signing


def main() -> None:
    """Run one command; exit 1 with one clear message when its input is not usable."""
    run(_parser())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="trainer", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for each in (data, models, evaluation, retraining, signing):
        each.add_commands(commands)
    return parser


if __name__ == "__main__":
    main()
