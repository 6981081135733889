"""`gateway serve`."""

import argparse
import sys

from common import logs
from common.errors import DeliveryTimeError
from common.settings import load
from gateway.serve import serve
from gateway.settings import GatewaySettings


def main() -> None:
    arguments = _parser().parse_args()
    logs.configure("gateway")
    try:
        arguments.run(arguments)
    except DeliveryTimeError as error:
        sys.exit(str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gateway", description="Predictions and batch jobs over HTTP.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serving = commands.add_parser("serve", help="serve HTTP until stopped")
    serving.add_argument("--workers", type=int, default=1, help="processes that answer (default 1)")
    serving.set_defaults(run=_serve)
    return parser


def _serve(arguments: argparse.Namespace) -> None:
    serve(load(GatewaySettings), arguments.workers)


if __name__ == "__main__":
    main()
