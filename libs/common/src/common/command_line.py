"""What every command line shares: the types of its arguments, and how it ends."""

import argparse
import re
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import OperationalError, ProgrammingError

from common.addresses import redacted
from common.errors import DeliveryTimeError, first_line
from common.release import release

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT."""

NOT_ALLOWED = "42501"
"""Postgres' code for what a role may not do."""


def run(parser: argparse.ArgumentParser) -> None:
    """Parse the arguments, call their `run`, and exit with the code it returns (None is 0). `--version` is ours.

    What a user can mend ends with exit code 1 and one line: the program's name, and what to do.
    """
    arguments = versioned(parser).parse_args()
    command: Callable[[argparse.Namespace], Any] = arguments.run
    try:
        sys.exit(command(arguments))
    except DeliveryTimeError as error:
        sys.exit(redacted(f"{parser.prog}: {error}"))
    except OperationalError as error:
        sys.exit(f"{parser.prog}: the database does not answer: {first_line(error.orig)}")
    except ProgrammingError as error:
        if getattr(error.orig, "pgcode", None) != NOT_ALLOWED:
            raise
        sys.exit(
            f"{parser.prog}: {first_line(error.orig)}: each service may do its own work alone. Give the command the "
            "DATABASE_URL of the role that owns the tables (Compose: `docker compose run --rm migrate COMMAND`)"
        )
    except OSError as error:
        sys.exit(redacted(f"{parser.prog}: {error}"))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def versioned(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser with `--version`, which says the release."""
    parser.add_argument("--version", action="version", version=f"{parser.prog} {release()}")
    return parser


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 (got {text!r})")
    return int(text)


def version_number(text: str) -> str:
    """The number of a registered model version."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"must be the number of a version (got {text!r})")
    return text


def line(text: str) -> str:
    """One line of text that is not blank."""
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError(f"must be one line of text (got {text!r})")
    return text
