"""Data: what models learn from, and what was odd in the shop's own data."""

from collections.abc import Iterable

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

from console.frame.charts import Line, line_chart
from console.frame.markup import block, facts, table, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import number
from console.reads.data import Data, DataReport, LearnedFrom

SECONDS = 60.0


class DataPage:
    """The history in the object store, and the report of its preparation."""

    def __init__(self, shell: Shell, data: Data) -> None:
        self._shell = shell
        self._data = data

    def add(self, _: FastAPI) -> None:
        """Serve the page at /data."""

        @ui.page("/data", dark=None)
        def page(request: Request) -> None:
            with self._shell.page(request, "/data"):
                Panel("What the next model learns from", self._data.learned_from, self._draw_history, SECONDS)
                Panel("The shop's data, as it was read last", self._data.report, _draw_report, SECONDS)

    def _draw_history(self, found: LearnedFrom) -> None:
        seen = found.orders - sum(source for _, source, _ in found.months)
        facts(
            [
                ("shop", f"{found.shop} ({found.time_zone})"),
                ("orders", number(found.orders)),
                ("of them asked for here, beyond the shop's source", number(max(seen, 0))),
                ("version", found.version),
                ("made", self._shell.words.moment(found.made_at)),
            ]
        )
        text("h3", "Orders by month of purchase")
        lines = [
            Line("all", [(f"{month}-01", count) for month, _, count in found.months]),
            Line("from the shop's source", [(f"{month}-01", count) for month, count, _ in found.months]),
        ]
        line_chart("Orders by month", lines, "orders")


def _draw_report(found: DataReport) -> None:
    with block("div", "columns wide"):
        with block("div"):
            text("h3", found.source)
            counts = [
                *((f"read: {name}", count) for name, count in found.read),
                *((f"dropped: {reason}", count) for reason, count in found.dropped),
                ("kept", found.kept),
                ("of them not delivered yet", found.under_way),
                ("of these presumed lost", found.presumed_lost),
            ]
            table("Rows", ("", "#rows"), [(name, number(count)) for name, count in counts], "compact")
        with block("div"):
            _list("Read as", found.notes)
            _list("Odd", found.odd)
            _list("Never an input of the model", found.barred)


def _list(title: str, lines: Iterable[str]) -> None:
    if lines:
        text("h3", title)
        with block("ul"):
            for line in lines:
                text("li", line)
