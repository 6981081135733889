from pathlib import Path

from gateway.access.limits import RateLimit


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    limit = RateLimit(rate=10, burst=3)
    assert [limit.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 0.1]
    assert limit.take("a", 0.1) == 0
    assert limit.take("a", 0.1) > 0


def test_clients_do_not_use_up_each_others_tokens() -> None:
    limit = RateLimit(rate=1, burst=1)
    assert limit.take("a", 0.0) == 0
    assert limit.take("b", 0.0) == 0
    assert limit.take("a", 0.0) == 1


def test_tokens_do_not_pile_up_beyond_the_burst() -> None:
    limit = RateLimit(rate=100, burst=2)
    limit.take("a", 0.0)
    assert [limit.take("a", 1_000.0) == 0 for _ in range(3)] == [True, True, False]


def test_processes_with_one_folder_share_the_tokens_of_each_client(tmp_path: Path) -> None:
    one, other = (RateLimit(rate=8, burst=3, folder=tmp_path) for _ in range(2))
    assert [one.take("a", 5.0), other.take("a", 5.0), one.take("a", 5.0)] == [0, 0, 0]
    assert [one.take("a", 5.0), other.take("a", 5.0)] == [0.125, 0.125]
    assert other.take("b", 5.0) == 0
    assert [other.take("a", 5.125), one.take("a", 5.125) > 0] == [0, True]


def test_a_clock_that_another_process_read_a_moment_later_gives_no_token_twice(tmp_path: Path) -> None:
    one, other = (RateLimit(rate=10, burst=1, folder=tmp_path) for _ in range(2))
    assert one.take("a", 5.0) == 0
    assert other.take("a", 4.9) > 0
    assert one.take("a", 5.05) > 0
