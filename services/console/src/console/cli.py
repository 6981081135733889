"""`console serve`: the system in a browser."""

import argparse

from common.command_line import run


def main() -> None:
    """Run one command; exit with its code."""
    run(_parser())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="console", description="The system in a browser.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("serve", help="serve pages until stopped").set_defaults(run=_serve)
    return parser


def _serve(_: argparse.Namespace) -> None:
    from console.serve import serve

    serve()


if __name__ == "__main__":
    main()
