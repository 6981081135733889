from datetime import UTC, date, datetime

import numpy as np
import pytest

from trainer.data.synthetic.season import Season, black_friday


@pytest.fixture(scope="module")
def season() -> Season:
    return Season.of(date(2017, 1, 1), date(2018, 8, 31), np.random.default_rng(1))


@pytest.mark.parametrize(("year", "day"), [(2016, 25), (2017, 24), (2018, 23), (2019, 29)])
def test_black_friday_is_the_day_after_thanksgiving(year: int, day: int) -> None:
    assert black_friday(year) == date(year, 11, day)


def test_purchases_fill_the_range_in_order(season: Season) -> None:
    seconds = season.purchases(np.linspace(0, 1, 1_000, endpoint=False))
    assert np.all(np.diff(seconds) >= 0)
    assert datetime.fromtimestamp(int(seconds[0]), UTC).date() == date(2017, 1, 1)
    assert datetime.fromtimestamp(int(seconds[-1]), UTC).date() == date(2018, 8, 31)


def test_black_friday_sells_several_times_a_usual_friday(season: Season) -> None:
    days = season.purchases(np.linspace(0, 1, 100_000, endpoint=False)) // 86_400
    sold = {day: int((days == (day - date(1970, 1, 1)).days).sum()) for day in (date(2017, 11, 24), date(2017, 11, 10))}
    assert sold[date(2017, 11, 24)] > 3 * sold[date(2017, 11, 10)]


def test_deliveries_are_slow_in_february_and_fast_in_july(season: Season) -> None:
    def level(day: date) -> float:
        return float(season.level[(day - date(2017, 1, 1)).days])

    assert level(date(2018, 2, 20)) > 1.2 > 1.0 > level(date(2018, 7, 5)) > 0.5
