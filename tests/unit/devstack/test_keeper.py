"""Keepers with small real processes."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from devstack import leftovers
from devstack.servers.process import Process
from devstack.supervision.keeper import Keeper
from support.waiting import wait_until

LONG = "import time; time.sleep(60)"
LEAVES_A_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
CRASHES = "import sys; print('no such table: orders'); sys.exit(3)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('set', flush=True); time.sleep(60)"
)


class Folder:
    """A stack's folder with keepers in it, all stopped at the end."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.stop = threading.Event()
        self.keepers: list[Keeper] = []
        (directory / "logs").mkdir()

    def keep(self, code: str, name: str = "server", **details: object) -> Keeper:
        keeper = Keeper(
            replace(Process(name, [sys.executable, "-c", code]), **details),  # type: ignore[arg-type]
            self.directory,
            self.stop,
        )
        self.keepers.append(keeper)
        return keeper

    def end(self) -> None:
        self.stop.set()
        for keeper in self.keepers:
            if keeper.is_alive():
                keeper.join(20)
        assert leftovers.find(self.directory) == []


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    made.end()


def test_a_process_that_dies_comes_back_and_says_why(folder: Folder) -> None:
    keeper = folder.keep(LONG)
    keeper.start()
    assert keeper.ready.wait(5)
    first = pid_of(keeper)
    psutil.Process(first).kill()
    wait_until(lambda: keeper.state().restarts == 1 and keeper.state().condition == "running")
    assert pid_of(keeper) != first
    assert keeper.state().detail == "killed by signal 9"


def test_a_process_that_stops_answering_is_restarted(folder: Folder) -> None:
    deaf: set[int] = set()

    def probe(pid: int) -> None:
        if pid in deaf:
            raise ConnectionError("no answer on port 1234")

    keeper = folder.keep(LONG, probe=probe, probe_seconds=0.1, probe_failures=3)
    keeper.start()
    assert keeper.ready.wait(5)
    deaf.add(pid_of(keeper))
    wait_until(lambda: keeper.state().restarts == 1 and keeper.state().condition == "running")
    assert keeper.state().detail == "no healthy answer 3 times: no answer on port 1234"


def test_failed_probes_with_a_healthy_one_between_are_forgiven(folder: Folder) -> None:
    answers = [True, False, False, True, False, False, True]
    asked: list[int] = []

    def probe(pid: int) -> None:
        asked.append(pid)
        if not answers[(len(asked) - 1) % len(answers)]:
            raise ConnectionError("busy")

    keeper = folder.keep(LONG, probe=probe, probe_seconds=0.1, probe_failures=3)
    keeper.start()
    wait_until(lambda: len(asked) > len(answers))
    assert keeper.state().restarts == 0


def test_a_first_start_that_fails_stops_the_stack_with_the_last_words_in_one_line(folder: Folder) -> None:
    keeper = folder.keep(CRASHES, probe=refuse)
    other = folder.keep(LONG, "other")
    other.start()
    keeper.start()
    assert folder.stop.wait(10)
    keeper.join(10)
    other.join(20)
    assert keeper.failure is not None
    assert keeper.failure.startswith(
        "server did not start: exited with code 3; it said last: no such table: orders (log: "
    )
    assert other.state().condition == "stopped"


def test_a_start_that_never_becomes_healthy_ends_with_the_probes_reason(folder: Folder) -> None:
    keeper = folder.keep(LONG, probe=refuse, start_seconds=0.5)
    keeper.start()
    assert folder.stop.wait(10)
    assert "not healthy within 0.5 s (connection refused)" in (keeper.failure or "")


def test_a_missing_program_is_named(folder: Folder) -> None:
    keeper = folder.keep(LONG, argv=["/nowhere/weed"])
    keeper.start()
    keeper.join(10)
    assert keeper.failure == "server cannot be run: /nowhere/weed: No such file or directory"


def test_children_of_a_killed_process_do_not_stay(folder: Folder) -> None:
    keeper = folder.keep(LEAVES_A_CHILD)
    keeper.start()
    wait_until(lambda: len(leftovers.find(folder.directory)) == 2)
    before = leftovers.find(folder.directory)
    psutil.Process(pid_of(keeper)).kill()
    wait_until(lambda: keeper.state().restarts == 1 and keeper.state().condition == "running")
    assert not any(process.is_running() for process in before)


def test_a_process_that_ignores_the_request_to_stop_is_killed(folder: Folder) -> None:
    log = folder.directory / "logs" / "server.log"
    keeper = folder.keep(STUBBORN, stop_seconds=0.2)
    keeper.start()
    wait_until(lambda: log.exists() and "set" in log.read_text())
    folder.end()


def test_those_who_need_a_process_start_after_it_and_stop_before_it(folder: Folder) -> None:
    server = folder.keep(LONG, "server")
    task = folder.keep("pass", "task", once=True)
    service = folder.keep(
        STUBBORN, "service", stop_seconds=0.5, probe=said_set(folder.directory / "logs" / "service.log")
    )
    for dependent, need in ((task, server), (service, task)):
        dependent.needs.append(need)
        need.dependents.append(dependent)
    for keeper in (service, task):
        keeper.start()
    time.sleep(0.3)
    assert {task.state().condition, service.state().condition} == {"waiting"}
    server.start()
    assert service.ready.wait(10)
    assert task.state().condition == "done"
    folder.stop.set()
    time.sleep(0.3)
    assert not service.over.is_set()
    assert server.state().condition == "running"
    assert psutil.pid_exists(pid_of(server))
    server.join(10)
    assert service.over.is_set()
    assert server.state().condition == "stopped"


def said_set(log: Path) -> Callable[[int], None]:
    def probe(_pid: int) -> None:
        if "set" not in log.read_text():
            raise ConnectionError("not set yet")

    return probe


def refuse(_pid: int) -> None:
    raise ConnectionError("connection refused")


def pid_of(keeper: Keeper) -> int:
    pid = keeper.state().pid
    assert pid is not None
    return pid
