from datetime import UTC, datetime, timedelta

import pytest

from console.frame.words import Words, lasting, number, percent, size, span


def test_moments_are_written_in_the_zone() -> None:
    words = Words("America/Sao_Paulo")
    assert words.moment(datetime(2018, 3, 5, 1, 30, tzinfo=UTC)) == "2018-03-04 22:30 -03"
    assert words.moment("2018-03-05T01:30:00") == "2018-03-04 22:30 -03"
    assert words.moment(None) == "–"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(8, "8 seconds"), (119, "119 seconds"), (720, "12 minutes"), (7_200, "2 hours"), (3 * 86_400, "3 days")],
)
def test_spans_have_the_largest_unit_of_which_there_are_two(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_numbers_shares_and_sizes() -> None:
    assert (number(12_345), number(5.064, 2), number(None)) == ("12,345", "5.06", "–")
    assert (percent(0.905, 1), percent(None)) == ("90.5 %", "–")
    assert (size(999), size(1_500_000)) == ("999 bytes", "1.5 MB")


@pytest.mark.parametrize(
    ("days", "said"), [(4.21, "4.2 days"), (1.5, "36.0 hours"), (0.02, "28.8 minutes"), (0, "0.0 minutes")]
)
def test_times_are_said_in_a_unit_that_fits_the_shop(days: float, said: str) -> None:
    assert lasting(days) == said
