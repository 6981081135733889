"""Which region is slow, and since when."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import delete

from common.database.session import Database
from common.database.tables import DeliveryPace
from common.model.bundle import Bundle
from console.reads.pace import RegionPace, present
from support.console_fixtures import Console, visit

SERIES = """label => {
    const id = Number(document.querySelector(`[aria-label="${label}"]`).id.slice(1));
    const series = getElement(id).chart.getOption().series;
    return Object.fromEntries(series.map(each => [each.name, each.data.map(dot => [dot.name, dot.value])]));
}"""
"""What a chart shows, by the name of each series."""

FIRST = date(2018, 1, 1)


@pytest.fixture(autouse=True)
def no_other_pace(database: Database) -> Iterator[None]:
    for after in (False, True):
        with database.transaction() as session:
            session.execute(delete(DeliveryPace))
        if not after:
            yield


def paces(database: Database, **regions: list[float]) -> dict[str, RegionPace]:
    """Each region's pace, day by day, the first 40 days being those that were learned from."""
    with database.transaction() as session:
        for region, values in regions.items():
            for number, value in enumerate([10.0 + number % 3 for number in range(40)] + values):
                day = FIRST + timedelta(days=number)
                session.add(DeliveryPace(day=day, region=region, pace_days=value, orders=1_000))
    with database.transaction() as session:
        return {each.region: each for each in present(session, FIRST + timedelta(days=39))}


def test_a_slow_region_comes_first_with_the_day_since_which_it_has_been(database: Database) -> None:
    found = paces(database, calm=[11.0, 11.0, 11.0], slow=[20.0, 11.0, 18.0, 19.0], fast=[11.0, 5.0, 5.0])
    assert next(iter(found)) == "slow"
    assert {region: (each.verdict, each.since) for region, each in found.items()} == {
        "slow": ("slow", FIRST + timedelta(days=42)),
        "fast": ("fast", FIRST + timedelta(days=41)),
        "calm": ("normal", None),
    }


def test_the_map_shows_the_models_places_in_the_colour_of_their_pace(
    chromium: Browser, console: Console, database: Database, sample_bundle: Bundle
) -> None:
    slow, calm = sample_bundle.pace.groups[:2]
    paces(database, **{slow: [11.0, 30.0], calm: [11.0, 11.0]})
    with visit(chromium, console.url) as seen:
        seen.open("/pace")
        expect(seen.page.get_by_role("img", name="Places by their region's pace")).to_be_visible()
        drawn = seen.page.evaluate(SERIES, "Places by their region's pace")
    assert {"slow", "normal"} <= drawn.keys()
    assert {name for name, _ in drawn["slow"]} == {slow}
    assert all(-90 <= lat <= 90 for _, (_, lat) in drawn["slow"])
