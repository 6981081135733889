"""Large results wait for each other; others do not wait."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from scorer.csv.room import LARGE_BYTES, one_large_result, room


def test_one_large_result_at_a_time_is_in_memory_and_small_ones_pass_it_by() -> None:
    second_waits = Event()

    def second() -> str:
        with room() as grown:
            grown(LARGE_BYTES)  # not yet
            second_waits.set()
            grown(LARGE_BYTES + 1)
            return "after the first"

    with ThreadPoolExecutor(1) as pool:
        with room() as grown:
            grown(LARGE_BYTES + 1)
            grown(2 * LARGE_BYTES)  # it has its room already
            other = pool.submit(second)
            assert second_waits.wait(5)
            assert not other.done()
        assert other.result(5) == "after the first"
    assert not one_large_result.locked()


def test_the_room_is_free_again_after_an_error() -> None:
    try:
        with room() as grown:
            grown(LARGE_BYTES + 1)
            raise ValueError
    except ValueError:
        assert not one_large_result.locked()
