"""Pace: how fast deliveries are in each region, now and over time."""

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

from console.frame.charts import Line, line_chart
from console.frame.markup import text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.pages.pace_table import draw_pace
from console.reads import pace
from console.reads.champion_pace import ChampionPace
from console.reads.database_reader import DatabaseReader
from console.reads.pace import PaceCourse

DAYS = 730
SECONDS = 60.0


class PacePage:
    """The table delivery_pace, as a table of now and as lines."""

    def __init__(self, shell: Shell, present: ChampionPace, read: DatabaseReader) -> None:
        self._shell = shell
        self._present = present
        self._read = read

    def add(self, _: FastAPI) -> None:
        """Serve the page at /pace."""

        @ui.page("/pace", dark=None)
        def page(request: Request) -> None:
            with self._shell.page(request, "/pace") as visitor:
                Panel("Now, beside what is normal", lambda: self._present.of(visitor), draw_pace, SECONDS)
                Panel("Two years", lambda: self._read(lambda session: pace.courses(session, DAYS)), _draw, SECONDS)


def _draw(found: list[PaceCourse]) -> None:
    if not found:
        text("p", "No delivery pace is known yet: it comes with the first registered model.")
        return
    lines = [Line(each.region, list(zip(each.days, each.pace_days, strict=True))) for each in found]
    line_chart("Delivery pace by region", lines, "days").classes("tall")
