"""When a worker says that it lives: in every state of it and of its queue, at any time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from common.worker.health import LISTENING, WAITING
from common.worker.heartbeat import Heartbeat

DEAF_SECONDS = 60.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "beats" / "heartbeat"


@pytest.fixture
def beat(file: Path) -> Callable[..., str | None]:
    """One beat at a moment (seconds), of worker and queue in some state; what the file says then, None if gone."""
    state = {"listens": False, "works": False}
    heartbeat = Heartbeat(file, DEAF_SECONDS, lambda: state["listens"], lambda: state["works"])

    def beat(now: float, *, listens: bool, works: bool = True) -> str | None:
        state.update(listens=listens, works=works)
        heartbeat.beat(now)
        return file.read_text() if file.exists() else None

    return beat


def test_a_worker_lives_without_its_queue_however_long_that_lasts(beat: Callable[..., str | None]) -> None:
    assert {beat(now, listens=False, works=False) for now in (1, 100, 10_000)} == {WAITING}


def test_a_worker_is_dead_once_it_has_heard_nothing_for_too_long_from_a_queue_that_works(
    beat: Callable[..., str | None], caplog: pytest.LogCaptureFixture
) -> None:
    assert beat(1, listens=True) == LISTENING
    assert beat(2, listens=False) == WAITING
    assert beat(61, listens=False) == WAITING
    assert beat(62, listens=False) is None
    assert "this worker has heard nothing for 60 s" in caplog.text
    assert beat(63, listens=True) == LISTENING


def test_silence_while_the_queue_was_away_does_not_count(beat: Callable[..., str | None]) -> None:
    assert beat(1, listens=False) == WAITING
    assert beat(50, listens=False, works=False) == WAITING
    assert beat(70, listens=False) == WAITING
    assert beat(129, listens=False) == WAITING
    assert beat(130, listens=False) is None
