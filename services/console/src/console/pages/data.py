"""Data: what models learn from, and what was odd in the shop's own data."""

from collections.abc import Iterable

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

from console.frame.charts import Line, line_chart
from console.frame.markup import block, facts, table, text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.frame.words import number, percent
from console.reads.data import Backtest, Data, DataReport, Judged, LearnedFrom

SECONDS = 60.0


class DataPage:
    """The history in the object store, the newest backtest, and the report of the source."""

    def __init__(self, shell: Shell, data: Data) -> None:
        self._shell = shell
        self._data = data

    def add(self, _: FastAPI) -> None:
        """Serve the page at /data."""

        @ui.page("/data", dark=None)
        def page(request: Request) -> None:
            with self._shell.page(request, "/data"):
                Panel("What the next model learns from", self._data.learned_from, self._draw_history, SECONDS)
                Panel("How good models of it are", self._data.backtest, _draw_backtest, SECONDS)
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


def _draw_backtest(found: Backtest) -> None:
    text("p", "Each month is judged by a model that knew only what was known on its first day.")
    moments = [month.name if len(month.name) > len("2018-01") else f"{month.name}-01" for month in found.months]
    errors: dict[str, list[float | None]] = {
        "the model": [month.mae for month in found.months],
        "the known median": [month.median_mae for month in found.months],
        "the shop's promise": [month.promise_mae for month in found.months],
    }
    lines = [Line(name, list(zip(moments, values, strict=True))) for name, values in errors.items() if any(values)]
    line_chart("Error by month", lines, "mean error, days")
    table(
        "Months",
        (
            "@",
            "#orders",
            "#error, days",
            "#of the median's",
            "#inside 90 %",
            "#promises kept",
            "#shop's kept",
            "#days saved",
        ),
        [_row(each) for each in (*found.months, found.pooled)],
    )
    if found.worth:
        text("h3", "What each input is worth")
        table(
            "Worth",
            ("", "used", "#days of error less"),
            [(name, "yes" if used else "no, as it did not help", number(days, 3)) for name, used, days in found.worth],
            "compact",
        )


def _row(judged: Judged) -> tuple[str, ...]:
    return (
        judged.name,
        number(judged.orders),
        number(judged.mae, 2),
        percent(judged.median_mae and judged.mae / judged.median_mae),
        percent(judged.coverage, 1),
        percent(judged.kept, 1),
        percent(judged.shops_kept, 1),
        number(judged.days_saved, 1),
    )


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
