from gateway.limits import RateLimit


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
