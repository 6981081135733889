import logging
import threading

import pytest

from gateway.periodic import Periodic


def test_the_work_goes_on_after_an_error(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []
    enough = threading.Event()

    def work() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("once")
        enough.set()

    thread = Periodic("test", work, seconds=0.01)
    with caplog.at_level(logging.ERROR):
        thread.wait_worked(0)
        assert not calls
        thread.start()
        thread.wait_worked(5)
        assert calls
        assert enough.wait(5)
        thread.stop()
    assert "test failed and will be tried again" in caplog.text
