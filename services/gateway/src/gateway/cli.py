"""`gateway serve`, `gateway keys create | list | revoke`, `gateway acts`."""

import argparse
import sys

from common import command_line, logs
from common.command_line import line, positive
from common.database.access import acts
from common.database.session import Database
from common.settings import DatabaseSettings, ModeSettings, ObjectStoreSettings, QueueSettings, RegistrySettings, load
from gateway.access.key_store import KeyStore
from gateway.access.keys import SCOPES
from gateway.serve import serve
from gateway.settings import GatewaySettings, keys_required


def main() -> None:
    """Run one command; exit with its code."""
    command_line.run(_parser())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gateway", description="Predictions and batch jobs over HTTP.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="serve HTTP until stopped")
    serving.add_argument("--workers", type=positive, default=1, help="processes that answer (default 1)")
    serving.set_defaults(run=_serve)

    keys = commands.add_parser("keys", help="API keys").add_subparsers(required=True, metavar="ACTION")
    creating = keys.add_parser("create", help="make a key and print it, once")
    creating.add_argument("name", type=line, help="what the key is called")
    creating.add_argument("--owner", type=line, help="whose jobs and rate it uses (default NAME)")
    creating.add_argument("--scope", action="append", choices=SCOPES, help="repeatable (default predict)")
    for does in ("read", "write"):
        creating.add_argument(
            f"--{does}",
            action="append",
            metavar="PREFIX",
            help=f"s3://bucket/folder/ that its jobs may {does}, repeatable",
        )
    creating.set_defaults(run=_create)
    keys.add_parser("list", help="the valid keys, without their text").set_defaults(run=_list)
    revoking = keys.add_parser("revoke", help="make a key invalid for good")
    revoking.add_argument("name")
    revoking.set_defaults(run=_revoke)

    acting = commands.add_parser("acts", help="who made keys, promoted, erased and so on: the record, newest first")
    acting.add_argument("--last", type=positive, default=50, help="how many (default 50)")
    acting.set_defaults(run=_acts)
    return parser


def _serve(arguments: argparse.Namespace) -> None:
    """Serve; every setting that a worker needs is checked first, here, where a user sees the message."""
    logs.configure("gateway")
    settings = load(GatewaySettings)
    for group in (DatabaseSettings, ObjectStoreSettings, QueueSettings, RegistrySettings):
        load(group)
    keys_required(settings, load(ModeSettings))
    serve(settings, arguments.workers)


def _create(arguments: argparse.Namespace) -> None:
    owner, scopes = arguments.owner or arguments.name, arguments.scope or ["predict"]
    print(_key_store().create(arguments.name, owner, scopes, arguments.read or (), arguments.write or ()))
    print("this is the only time that the key is shown", file=sys.stderr)


def _list(_: argparse.Namespace) -> None:
    for key in _key_store().valid():
        reach = [f"reads {prefix}" for prefix in key.reads] + [f"writes {prefix}" for prefix in key.writes]
        print(f"{key.id}  {key.name:30} {key.owner:30} {', '.join([*sorted(key.scopes), *reach])}")


def _revoke(arguments: argparse.Namespace) -> None:
    _key_store().revoke(arguments.name)
    print(f"{arguments.name} is revoked")


def _acts(arguments: argparse.Namespace) -> None:
    with Database(load(DatabaseSettings)).transaction() as session:
        for act in acts.newest(session, arguments.last):
            print(f"{act.happened_at:%Y-%m-%d %H:%M:%S}  {act.act:20} {act.subject:24} {act.actor:20} {act.reason}")


def _key_store() -> KeyStore:
    return KeyStore(Database(load(DatabaseSettings)))


if __name__ == "__main__":
    main()
