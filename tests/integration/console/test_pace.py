"""Which region is slow, and since when."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import delete

from common.database.session import Database
from common.database.tables import DeliveryPace
from console.reads.pace import RegionPace, present

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
