"""The data commands: download-data, prepare-data, synthesize; inspect, for a shop's own files."""

import argparse
from pathlib import Path

from common.command_line import positive
from common.orders.shop.source import shown
from trainer import wiring
from trainer.arguments import country, day, shop_moment, zone
from trainer.commands import Commands


def add_commands(commands: Commands) -> None:
    """download-data, inspect, prepare-data, synthesize."""
    _add_download_data(commands)
    _add_inspect(commands)
    _add_prepare_data(commands)
    _add_synthesize(commands)


def _add_download_data(commands: Commands) -> None:
    command = commands.add_parser("download-data", help="get Olist's nine files: OLIST_DIR, else Kaggle, else made up")
    command.set_defaults(run=_download_data)


def _download_data(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.data.download import download

    settings, console = wiring.data_settings(), Console()
    if settings.shop_file:
        source = shown(wiring.shop().orders.source)
        console.print(f"nothing to download: {settings.shop_file} (SHOP_FILE) names {source}", soft_wrap=True)
    else:
        download(settings, wiring.mode(), console)


def _add_inspect(commands: Commands) -> None:
    command = commands.add_parser("inspect", help="draft a shop file from a shop's own files, or check one")
    command.add_argument(
        "files",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="a table of orders, and perhaps one of deliveries; or a shop file (.toml), to check it against its data",
    )
    command.add_argument("--out", type=Path, metavar="FILE", help="where the draft goes (default: the screen)")
    command.add_argument("--country", type=country, metavar="CODE", help="of the shop, if no column says it")
    command.add_argument("--time-zone", type=zone, metavar="ZONE", help="of moments without one, e.g. Europe/Berlin")
    command.add_argument(
        "--complete", action="store_true", help="take UTC and no holidays where the data tells no time zone or country"
    )
    command.set_defaults(run=_inspect)


def _inspect(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.sources.inspection.command import inspect_files

    place, sources, console = (arguments.country, arguments.time_zone), wiring.sources(), Console()
    inspect_files(arguments.files, arguments.out, *place, sources, console, arguments.complete)


def _add_prepare_data(commands: Commands) -> None:
    command = commands.add_parser("prepare-data", help="read the shop's orders, one row per order")
    command.add_argument(
        "--cutoff",
        type=shop_moment,
        metavar="DATE",
        help="train on orders delivered before it (the shop's clock), validate on those bought since; default: the "
        "last fifth validates",
    )
    command.set_defaults(run=_prepare_data)


def _prepare_data(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.data.prepare import prepare
    from trainer.sources.progress import reading

    console, target = Console(), wiring.data_settings().prepared
    with reading(console) as advance:
        report = prepare(wiring.shop(), wiring.sources(), target, arguments.cutoff, advance)
    report.show(console)
    console.print(f"prepared {report.orders:,} orders in {report.seconds} s: {target}", soft_wrap=True)
    if wiring.has_object_store() and (version := wiring.history_updates().add_seen()):
        console.print(f"history {version.name} is in the object store, for every host", soft_wrap=True)


def _add_synthesize(commands: Commands) -> None:
    command = commands.add_parser(
        "synthesize", help="make up orders: in Olist's nine files, or of another kind of shop"
    )
    command.add_argument(
        "--shop",
        choices=("olist", "letters", "minutes", "months"),
        default="olist",
        help="olist: nine files (default); letters: postal codes of letters, two countries; minutes: within the hour; "
        "months: to countries alone",
    )
    command.add_argument("--orders", type=positive, default=40_000, help="how many (default: 40000)")
    command.add_argument("--start", type=day, default="2017-01-01", metavar="DATE", help="first day (olist)")
    command.add_argument("--end", type=day, default="2018-08-31", metavar="DATE", help="last day (olist)")
    command.add_argument("--seed", type=int, default=7, help="the same seed makes the same files (default: 7)")
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder to write")
    command.set_defaults(run=_synthesize)


def _synthesize(arguments: argparse.Namespace) -> None:
    from rich.console import Console

    from trainer.data.synthetic.generate import Wanted, synthesize
    from trainer.data.synthetic.shops.generate import synthesize_shop

    if arguments.shop == "olist":
        synthesize(Wanted(arguments.orders, arguments.start, arguments.end, arguments.seed), arguments.out)
    else:
        synthesize_shop(arguments.shop, arguments.orders, arguments.seed, arguments.out)
    Console().print(f"made up {arguments.orders:,} orders: {arguments.out}", soft_wrap=True)
