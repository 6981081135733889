"""The commands by which models are vouched for: signing-key, sign."""

import argparse

from common.command_line import version_number
from common.database.access.acts import account, record
from common.errors import InvalidInput
from common.servers.signatures import SigningKey, new_key
from trainer import wiring
from trainer.commands import Commands


def add_commands(commands: Commands) -> None:
    """signing-key, sign."""
    making = commands.add_parser("signing-key", help="print a new pair of keys, by which models are signed and trusted")
    making.set_defaults(run=_make)
    signing = commands.add_parser("sign", help="vouch for registered versions, such as those of before signatures")
    signing.add_argument(
        "version", metavar="VERSION", nargs="*", type=version_number, help="default: the champion and the challenger"
    )
    signing.set_defaults(run=_sign)


def _make(_: argparse.Namespace) -> None:
    text = new_key()
    print(f"TRAINER_SIGNING_KEY={text}\nREGISTRY_TRUSTED_KEYS={SigningKey(text).public}")


def _sign(arguments: argparse.Namespace) -> None:
    key = wiring.signing_key()
    if key is None:
        raise InvalidInput("TRAINER_SIGNING_KEY is not set: `trainer signing-key` prints a new one")
    database = wiring.database()
    with wiring.bundles() as registry:
        for version in arguments.version or registry.aliased():
            made = registry.sign(version, key)
            with database.transaction() as session:
                record(session, "version signed", account(), version, f"by {key.public[:8]}")
            print(
                f"version {version} is signed by {key.public[:8]}: trained at {made.trained_at}, for {made.shop.name}"
            )
