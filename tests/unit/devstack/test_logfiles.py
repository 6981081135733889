from pathlib import Path

from devstack.supervision import logfiles
from devstack.supervision.logfiles import open_log, tail


def test_a_log_is_continued_and_a_large_one_is_put_aside(tmp_path: Path) -> None:
    for size, expected in ((10, 20), (logfiles.ROTATE_BYTES, logfiles.ROTATE_BYTES + 20), (1, 1)):
        with open_log(tmp_path, "valkey") as log:
            log.write(b"x" * size)
        if size == 10:
            with open_log(tmp_path, "valkey") as log:
                log.write(b"x" * size)
        assert (tmp_path / "valkey.log").stat().st_size == expected
    assert (tmp_path / "valkey.log.1").stat().st_size == logfiles.ROTATE_BYTES + 20


def test_tail_gives_the_last_lines_that_say_something_since_a_start(tmp_path: Path) -> None:
    path = tmp_path / "valkey.log"
    path.write_text("of an earlier run\none\n\ntwo\n\n")
    assert tail(path, 5, start=len("of an earlier run\n")) == ["one", "two"]
    assert tail(path, 1) == ["two"]
    assert tail(tmp_path / "none.log", 1) == []
