"""Pace: how fast deliveries are in each region, now and over time."""

from fastapi import FastAPI
from nicegui import ui
from starlette.requests import Request

from console.access.visitor import Visitor
from console.frame.charts import Line, line_chart
from console.frame.markup import text
from console.frame.panel import Panel
from console.frame.shell import Shell
from console.pages.pace_table import draw_pace
from console.pages.places_chart import places_chart
from console.reads import pace
from console.reads.champion import Champions
from console.reads.champion_pace import ChampionPace
from console.reads.database_reader import DatabaseReader
from console.reads.pace import PaceCourse
from console.reads.places import Place, Places

DAYS = 730
SECONDS = 60.0
COLOURS = {"slow": "#d1495b", "normal": "#2a9d9d", "fast": "#3d7ea6", "unknown": "#7d8894"}


class PacePage:
    """The table delivery_pace: as a table of now, on the shop's own places, and as lines."""

    def __init__(
        self, shell: Shell, champions: Champions, present: ChampionPace, places: Places, read: DatabaseReader
    ) -> None:
        self._shell = shell
        self._champions = champions
        self._present = present
        self._places = places
        self._read = read

    def add(self, _: FastAPI) -> None:
        """Serve the page at /pace."""

        @ui.page("/pace", dark=None)
        def page(request: Request) -> None:
            with self._shell.page(request, "/pace") as visitor:
                Panel("Now, beside what is normal", lambda: self._present.of(visitor), draw_pace, SECONDS)
                Panel("Where", lambda: self._map(visitor), _draw_map, SECONDS)
                Panel("Two years", lambda: self._read(lambda session: pace.courses(session, DAYS)), _draw, SECONDS)

    async def _map(self, visitor: Visitor) -> dict[str, list[Place]]:
        """The champion's places by their region's verdict."""
        verdict = {each.region: each.verdict for each in await self._present.of(visitor)}
        found: dict[str, list[Place]] = {each: [] for each in COLOURS}
        for place in await self._places.of_version((await self._champions.of(visitor)).version):
            found[verdict.get(place.region, "unknown")].append(place)
        return {each: places for each, places in found.items() if places}


def _draw_map(found: dict[str, list[Place]]) -> None:
    if not found:
        text("p", "The model knows no coordinates of its places, so there is no map.")
        return
    places_chart("Places by their region's pace", found, COLOURS).classes("tall")
    text("p", "Each dot is a place that the model knows, in the colour of its region's present pace.", "soft")


def _draw(found: list[PaceCourse]) -> None:
    if not found:
        text("p", "No delivery pace is known yet: it comes with the first registered model.")
        return
    lines = [Line(each.region, list(zip(each.days, each.pace_days, strict=True))) for each in found]
    line_chart("Delivery pace by region", lines, "days").classes("tall")
