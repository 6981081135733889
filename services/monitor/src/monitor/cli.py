"""`monitor`: backfill metrics over history, watch live traffic, handle alerts."""

import argparse
import getpass
import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from common.command_line import line, positive, run
from common.settings import BatchSettings, DatabaseSettings, ObjectStoreSettings, load

if TYPE_CHECKING:
    from common.database.session import Database
    from monitor.replay.comparison import Comparison
    from monitor.replay.kept_promises import JudgedPromises

SOME_REFUSED = 3
"""Exit code of `actuals import` when some rows could not be used; the others were."""

LINE_WIDTH = 400
"""Of an alert in a list: a narrow terminal wraps the line, but no name is cut and a line stays one for grep."""


def main() -> None:
    """Run one command; exit with its code."""
    run(_parser())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="monitor", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("backfill", help="metrics of the champion over the prepared history, week by week")
    command.add_argument("--weeks", type=positive, metavar="N", help="only the newest N weeks")
    command.add_argument(
        "--reports", type=_count, default=4, metavar="N", help="full Evidently reports of the newest N weeks (4)"
    )
    command.set_defaults(run=_backfill)
    _add_windows(commands)
    command = commands.add_parser("worker", help="consume the prediction log, measure live windows, raise alerts")
    command.set_defaults(run=_worker)
    command = commands.add_parser("replay", help="play past orders through the running gateway, faster than real time")
    command.add_argument("--from", dest="start", type=_day, default=_day("2018-02-15"), metavar="DAY", help="first day")
    command.add_argument("--to", dest="end", type=_day, default=_day("2018-03-31"), metavar="DAY", help="day after it")
    command.add_argument(
        "--speed", type=_speed, default=43_200.0, help="times as fast as real time (default: two seconds a day)"
    )
    command.add_argument(
        "--retrain-on", type=_day, metavar="DAY", help="ask for a retraining on that day, if no alert has by then"
    )
    command.add_argument(
        "--patience", type=_seconds, default=900.0, metavar="SECONDS", help="wait so long for a retraining to end (900)"
    )
    command.set_defaults(run=_replay)
    actuals = commands.add_parser("actuals", help="what shops report of their orders").add_subparsers(
        required=True, metavar="action"
    )
    command = actuals.add_parser("import", help="take in a CSV or Parquet file of deliveries and other words")
    command.add_argument("source", metavar="FILE|s3://...", help="file, object, or prefix that ends in /")
    command.set_defaults(run=_import_actuals)
    orders = commands.add_parser("orders", help="orders under way").add_subparsers(required=True, metavar="action")
    command = orders.add_parser("at-risk", help="those that will likely miss their promise, worst first")
    command.add_argument("--csv", action="store_true", help="as CSV, every column, instead of a table")
    command.set_defaults(run=_list_orders_at_risk)
    alerts = commands.add_parser("alerts", help="list and acknowledge alerts").add_subparsers(
        required=True, metavar="action"
    )
    command = alerts.add_parser("list", help="alerts that are not closed")
    command.add_argument("--all", action="store_true", help="closed ones too, the newest hundred")
    command.set_defaults(run=_list_alerts)
    command = alerts.add_parser("ack", help="tell the others that you are looking after an alert")
    command.add_argument("id", type=positive)
    command.add_argument("--by", type=line, default=getpass.getuser(), help="who (you by default)")
    command.set_defaults(run=_acknowledge)
    return parser


def _add_windows(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("metrics", help="the newest measured windows")
    command.add_argument("--source", choices=("live", "backfill"), help="only these (default: both)")
    command.add_argument("--last", type=positive, default=8, metavar="N", help="how many (8)")
    command.add_argument("--csv", action="store_true", help="as CSV, every column, instead of a table")
    command.set_defaults(run=_metrics)
    command = commands.add_parser("report", help="save the full Evidently report of a window as HTML")
    command.add_argument("window", type=positive, nargs="?", help="as `monitor metrics` numbers them (default: newest)")
    command.add_argument("--to", type=Path, default=Path("build/reports"), metavar="FOLDER", help="(build/reports)")
    command.set_defaults(run=_report)


def _metrics(arguments: argparse.Namespace) -> None:
    from monitor.commands.windows import as_csv, as_table, newest

    with _database().transaction() as session:
        windows = newest(session, arguments.source, arguments.last)
        if arguments.csv:
            print(as_csv(windows), end="")
        elif windows:
            Console(width=LINE_WIDTH).print(as_table(windows))
        else:
            print("no window was measured yet: `monitor backfill` measures the shop's history")


def _report(arguments: argparse.Namespace) -> None:
    from common.servers.objects import ObjectStore
    from monitor.commands.windows import reported, save_report

    with _database().transaction() as session:
        window = reported(session, arguments.window)
    print(save_report(ObjectStore(load(ObjectStoreSettings)), window, arguments.to))


def _count(text: str) -> int:
    return 0 if text == "0" else positive(text)


def _seconds(text: str) -> float:
    return 0.0 if text == "0" else float(positive(text))


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not speed > 0:
        raise argparse.ArgumentTypeError(f"must be a number above 0 (got {text!r})")
    return speed


def _day(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a day like 2018-02-15 (got {text!r})") from None


def _backfill(arguments: argparse.Namespace) -> None:
    from monitor import wiring
    from monitor.windows.backfill import backfill

    start = time.perf_counter()
    database, bundle = wiring.database(), wiring.registry().champion()
    done = backfill(database, wiring.reports(), bundle, wiring.past_orders(), arguments.weeks, arguments.reports)
    print(
        f"{len(done.windows)} weeks of version {done.model_version} written to model_metrics at "
        f"{database.engine.url.render_as_string(hide_password=True)}: {done.windows[0].start:%Y-%m-%d} to "
        f"{done.windows[-1].end:%Y-%m-%d}, {done.empty} without orders, "
        f"{done.reports} full reports in the object store, {time.perf_counter() - start:.0f} s"
    )


def _worker(_: argparse.Namespace) -> None:
    from monitor import wiring
    from monitor.worker import run_worker

    run_worker(wiring.tasks(), wiring.residents())


def _replay(arguments: argparse.Namespace) -> None:
    from monitor import wiring
    from monitor.replay.comparison import compare, retraining_since
    from monitor.replay.kept_promises import judge_promises
    from monitor.replay.replay import replay
    from monitor.settings import MonitorSettings

    past, span, database = wiring.past_orders(), (arguments.start, arguments.end), wiring.database()
    begun_at = datetime.now(UTC)
    with wiring.gateway() as gateway, wiring.registry() as registry:
        before = registry.champion()
        done = replay(past, gateway, database, wiring.queue(), *span, arguments.speed, arguments.retrain_on)
        print(f"{done.orders} orders predicted, {done.actuals} deliveries reported", flush=True)
        retraining = retraining_since(database, begun_at, arguments.patience)
        if retraining is None:
            print("no retraining was asked for: nothing to compare")
        elif retraining.model_version is None:
            print(f"the retraining is {retraining.status}: {retraining.outcome or 'not ended, is a trainer running?'}")
        else:
            print(f"retraining ({retraining.reason}): {retraining.outcome}")
            _print(compare(past, registry, before, retraining.model_version, arguments.end))
    with database.transaction() as session:
        _print_promises(judge_promises(session, past, *span, begun_at, load(MonitorSettings).window_length))


def _print(comparison: "Comparison") -> None:
    span = f"{comparison.start:%Y-%m-%d} to {comparison.end:%Y-%m-%d}"
    table = Table("version", "", "knew until", "mean error, days", box=None, pad_edge=False)
    for model in comparison.models:
        table.add_row(model.version, model.what, f"{model.known_until:%Y-%m-%d}", f"{model.mae:.3f}")
    console = Console(width=LINE_WIDTH)
    if comparison.models:
        console.print(f"the replay's {comparison.orders:,} orders after the retraining, {span}:", table)
    for reason in comparison.missing:
        console.print(reason)


def _print_promises(judged: "JudgedPromises") -> None:
    table = Table("promised at", "promises", "kept", box=None, pad_edge=False)
    for share, counted in judged.counted.items():
        table.add_row(share, f"{counted['promises']:,}", f"{counted['kept'] / counted['promises']:.3f}")
    console = Console(width=LINE_WIDTH)
    console.print("the replay's promises, by all deliveries that the history knows:", table)
    changes = [
        *(f"opens with {window}" for window in judged.opened),
        *(f"closes with {each}" for each in judged.closed),
    ]
    console.print(f"the alert promises-missed, over {judged.windows} windows: {', '.join(changes) or 'does not open'}")


def _import_actuals(arguments: argparse.Namespace) -> int:
    from monitor import wiring
    from monitor.actuals.importing import import_file

    done = import_file(wiring.database(), wiring.object_store, load(BatchSettings), arguments.source)
    silent = done.rows - done.reports - done.refused
    print(
        f"{done.rows} rows: {done.reports} reported something of an order, {silent} say nothing, {done.refused} refused"
    )
    return SOME_REFUSED if done.refused else 0


def _list_alerts(arguments: argparse.Namespace) -> None:
    from common.database.alerts import listed

    with _database().transaction() as session:
        alerts = listed(session, arguments.all)
    table = Table("id", "status", "severity", "rule", "subject", "opened", "message", box=None, pad_edge=False)
    for alert in alerts:
        opened = f"{alert.opened_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        table.add_row(str(alert.id), alert.status, alert.severity, alert.rule, alert.subject, opened, alert.message)
    Console(width=LINE_WIDTH).print(table if alerts else "no alerts")


def _list_orders_at_risk(arguments: argparse.Namespace) -> None:
    from common.database.at_risk import page
    from monitor.orders.listing import as_csv, as_table

    with _database().transaction() as session:
        found, _ = page(session, owner=None, limit=None, cursor=None)
    if arguments.csv:
        print(as_csv(found), end="")
    else:
        Console(width=LINE_WIDTH).print(as_table(found) if found else "no orders at risk")


def _acknowledge(arguments: argparse.Namespace) -> None:
    from common.database.alerts import acknowledge

    with _database().transaction() as session:
        alert = acknowledge(session, arguments.id, arguments.by)
    print(f"alert {alert.id} ({alert.rule}) acknowledged by {alert.acknowledged_by}")


def _database() -> "Database":
    """Without the rest of the wiring, which takes longer to import than the alerts to be listed."""
    from common.database.session import Database

    return Database(load(DatabaseSettings))


if __name__ == "__main__":
    main()
