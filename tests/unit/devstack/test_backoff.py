import pytest

from devstack.supervision import backoff
from devstack.supervision.backoff import Backoff


def test_the_wait_doubles_with_each_failure_up_to_half_a_minute() -> None:
    waits = Backoff()
    assert [waits.next_seconds() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_a_process_that_was_healthy_for_long_starts_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(backoff.time, "monotonic", lambda: now)
    waits = Backoff()
    assert [waits.next_seconds() for _ in range(3)] == [0.5, 1, 2]
    waits.ready()
    now = backoff.CALM_SECONDS
    assert waits.next_seconds() == 0.5


def test_a_process_that_keeps_dying_soon_after_its_start_waits_longer_each_time() -> None:
    waits = Backoff()
    waits.next_seconds()
    waits.ready()
    assert waits.next_seconds() == 1
