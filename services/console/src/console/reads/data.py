"""What models learn from: the newest version of the history, and the report of the shop's data."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool

from common.errors import NotFound
from common.servers.history import HistoryStore, HistoryVersion


@dataclass(frozen=True)
class LearnedFrom:
    """A version of the history. months: of purchase, with the orders of the shop's source and all that are known."""

    version: str
    made_at: datetime
    shop: str
    time_zone: str
    orders: int
    months: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class DataReport:
    """What the newest reading of the shop's source found. Counts are rows, by what they are counts of."""

    source: str
    read: tuple[tuple[str, int], ...]
    dropped: tuple[tuple[str, int], ...]
    kept: int
    under_way: int
    presumed_lost: int
    notes: tuple[str, ...]
    odd: tuple[str, ...]
    barred: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A month, or a week that begins on a day, or all of them, judged by models that knew what was known before it.

    Errors are means in days, None of rivals that the shop does not have; shares are of orders.
    """

    name: str
    orders: int
    mae: float
    median_mae: float | None
    promise_mae: float | None
    coverage: float
    kept: float | None
    days_saved: float | None
    shops_kept: float | None


@dataclass(frozen=True)
class Backtest:
    """worth: of each fact and of the shop's promise, whether it is used, and by how many days the error is lower."""

    shop: str
    months: tuple[Judged, ...]
    pooled: Judged
    worth: tuple[tuple[str, bool, float], ...]


class Data:
    """Reads the object store in threads, whose errors it raises; NotFound where nothing is there yet."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store

    async def learned_from(self) -> LearnedFrom:
        """The newest version."""
        newest = await run_in_threadpool(self._store.newest)
        if newest is None:
            raise NotFound("no history of orders is in the object store yet: `trainer prepare-data` puts it there")
        return _shown(newest)

    async def report(self) -> DataReport:
        """The newest report."""
        report = await run_in_threadpool(lambda: self._store.reports.newest("source"))
        if report is None:
            raise NotFound("no report of the shop's data was kept yet: `trainer prepare-data` writes it")
        return _read(json.loads(report))

    async def backtest(self) -> Backtest:
        """The newest backtest."""
        report = await run_in_threadpool(lambda: self._store.reports.newest("backtest"))
        if report is None:
            raise NotFound("no backtest was kept yet: `trainer backtest` judges the model on each month that is over")
        return _backtest(json.loads(report))


def _shown(version: HistoryVersion) -> LearnedFrom:
    months = {**version.source, **version.months}
    return LearnedFrom(
        version.name,
        version.made_at,
        version.shop.name,
        version.shop.time_zone,
        version.orders,
        tuple(
            (month, version.source[month].rows if month in version.source else 0, version.months[month].rows)
            for month in sorted(months)
        ),
    )


def _read(report: Mapping[str, Any]) -> DataReport:
    source = report.get("source", {})
    return DataReport(
        source=str(source.get("source", report.get("dataset", ""))),
        read=_counts(report.get("rows_in", {})),
        dropped=_counts(report.get("dropped", {})),
        kept=int(report.get("orders", 0)),
        under_way=int(report.get("orders_under_way", 0)),
        presumed_lost=int(report.get("orders_presumed_lost", 0)),
        notes=_lines(source.get("notes", ())),
        odd=(*_lines(source.get("implausible", ())), *_lines(each["text"] for each in source.get("findings", ()))),
        barred=_lines(source.get("barred", ())),
    )


def _counts(counts: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    return tuple((str(name), int(count)) for name, count in counts.items())


def _lines(lines: Iterable[Any]) -> tuple[str, ...]:
    return tuple(map(str, lines))


def _backtest(figures: Mapping[str, Any]) -> Backtest:
    worth = [(f"fact {name}", name in figures["facts_used"], days) for name, days in figures["facts"].items()]
    if figures["promise_worth"] is not None:
        worth.append(("the shop's promise", bool(figures["promise_used"]), figures["promise_worth"]))
    months = tuple(_judged(month["month"], month) for month in figures["months"])
    return Backtest(figures["shop"], months, _judged("all", figures), tuple(worth))


def _judged(name: str, figures: Mapping[str, Any]) -> Judged:
    ratio, saved = figures["mae_vs_promise"], figures["promise_days_vs_olist"]
    return Judged(
        name=name,
        orders=figures["orders"],
        mae=figures["mae"],
        median_mae=figures["median_mae"],
        promise_mae=ratio and figures["mae"] / ratio,
        coverage=figures["coverage"],
        kept=figures["on_time_share"],
        days_saved=saved and -saved,
        shops_kept=figures["olist_on_time_share"],
    )
