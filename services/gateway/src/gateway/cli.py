"""`gateway serve`, `gateway keys create | list | revoke`."""

import argparse
import sys

from sqlalchemy.exc import OperationalError

from common import logs
from common.command_line import line, positive
from common.errors import DeliveryTimeError
from common.settings import load
from gateway.http import key_store
from gateway.http.keys import SCOPES
from gateway.serve import serve
from gateway.settings import GatewaySettings


def main() -> None:
    arguments = _parser().parse_args()
    try:
        arguments.run(arguments)
    except DeliveryTimeError as error:
        sys.exit(f"gateway: {error}")
    except OperationalError as error:
        sys.exit(f"gateway: the database does not answer: {str(error.orig).strip().splitlines()[0]}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gateway", description="Predictions and batch jobs over HTTP.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="serve HTTP until stopped")
    serving.add_argument("--workers", type=positive, default=1, help="processes that answer (default 1)")
    serving.set_defaults(run=_serve)

    keys = commands.add_parser("keys", help="API keys").add_subparsers(required=True, metavar="ACTION")
    creating = keys.add_parser("create", help="make a key and print it, once")
    creating.add_argument("name", type=line, help="whose key it is")
    creating.add_argument("--scope", action="append", choices=SCOPES, help="repeatable (default predict)")
    creating.set_defaults(run=_create)
    keys.add_parser("list", help="the valid keys, without their text").set_defaults(run=_list)
    revoking = keys.add_parser("revoke", help="make a key invalid for good")
    revoking.add_argument("name")
    revoking.set_defaults(run=_revoke)
    return parser


def _serve(arguments: argparse.Namespace) -> None:
    logs.configure("gateway")
    serve(load(GatewaySettings), arguments.workers)


def _create(arguments: argparse.Namespace) -> None:
    print(key_store.create(arguments.name, arguments.scope or ["predict"]))
    print("this is the only time that the key is shown", file=sys.stderr)


def _list(_: argparse.Namespace) -> None:
    for key in key_store.valid():
        print(f"{key.id}  {key.name:30} {', '.join(sorted(key.scopes))}")


def _revoke(arguments: argparse.Namespace) -> None:
    key_store.revoke(arguments.name)
    print(f"{arguments.name} is revoked")


if __name__ == "__main__":
    main()
