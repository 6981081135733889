import subprocess
import sys
from pathlib import Path

import psutil

from devstack import leftovers


def test_a_process_id_taken_over_by_another_program_is_not_the_same_process() -> None:
    me = psutil.Process()
    assert leftovers.same(me.pid, me.create_time()) == me
    assert leftovers.same(me.pid, me.create_time() - 100) is None


def test_only_processes_with_the_stacks_marks_are_found_and_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    mine, foreign = (
        subprocess.Popen(command, env=leftovers.marks(tmp_path / name, "valkey")) for name in ("mine", "foreign")
    )
    try:
        assert leftovers.find(tmp_path / "mine") == [psutil.Process(mine.pid)]
        assert leftovers.find(tmp_path / "mine", "postgres") == []
        leftovers.end(leftovers.find(tmp_path / "mine", "valkey"))
        assert mine.poll() is not None
        assert foreign.poll() is None
    finally:
        for process in (mine, foreign):
            process.kill()
            process.wait()
