"""`monitor backfill`: the champion over the prepared history, week by week, into `model_metrics`.

Scored as if live: each order is predicted from its own inputs and the delivery pace as it was known on its day, and
its actual counts once delivered. One model, the champion, scores all weeks: registering one model per past month would
take longer than the rest of the system. So weeks that the champion learned from are compared for drift like any other,
but say in `note` that their quality looks better than it is.
"""

from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress

from common.database.session import Database
from common.model.bundle import Bundle
from common.model.predictor import Predictor
from monitor.windows.history import PastOrders, past_pace, scored
from monitor.windows.measure import measure
from monitor.windows.metrics_table import upsert
from monitor.windows.reference import reference_of
from monitor.windows.reports import Reports
from monitor.windows.windows import Window, windows_between

SOURCE = "backfill"


@dataclass(frozen=True)
class Backfilled:
    """What was written: the windows, oldest first, how many of them had no order, and how many full reports."""

    model_version: str
    windows: list[Window]
    empty: int
    reports: int


def backfill(
    database: Database, store: Reports, bundle: Bundle, orders: PastOrders, weeks: int | None = None, reports: int = 0
) -> Backfilled:
    """Measure the newest `weeks` weeks of history (all by default), oldest first, with full reports of the newest.

    Each week is committed by itself, so a run that was cut short is completed by the next; running it again rewrites
    the same rows.
    """
    reference = reference_of(bundle)
    predictor = Predictor(bundle, pace=past_pace(orders, bundle))
    windows = windows_between(*orders.first_and_last)[-weeks if weeks else 0 :]
    empty = saved = 0
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        for window in progress.track(windows, description="weeks"):
            rows = scored(orders.within(window), predictor)
            empty += not len(rows)
            measured = measure(rows, window, reference, SOURCE)
            row = measured.row
            if measured.snapshot and window in windows[max(len(windows) - reports, 0) :]:
                saved += 1
                row |= {"report_uri": store.save(measured.snapshot, SOURCE, bundle.version, window)}
            with database.transaction() as session:
                upsert(session, row)
    return Backfilled(bundle.version, windows, empty, saved)
