"""One run of a process: started, asked for its health, stopped with all its children."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from common.errors import first_line
from devstack import leftovers
from devstack.errors import CannotRun, DidNotStart
from devstack.servers.process import Process
from devstack.supervision.logfiles import open_log, tail


class Child:
    """A running process. Its output goes to the stack's log of that name."""

    def __init__(self, process: Process, directory: Path) -> None:
        """Prepare and start it; CannotRun if its program is missing or not executable."""
        self.process = process
        self.directory = directory
        self.log = directory / "logs" / f"{process.name}.log"
        process.prepare()
        self.marks = leftovers.marks(directory, process.name)
        with open_log(directory / "logs", process.name) as log:
            self._log_start = log.tell()
            try:
                self._popen = subprocess.Popen(
                    process.argv,
                    env={**process.env, **self.marks},
                    cwd=process.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    user=process.user,
                    group=process.user,
                )
            except OSError as error:
                raise CannotRun(f"{process.name} cannot be run: {process.argv[0]}: {error.strerror}") from error
        self.pid = self._popen.pid
        self.created = psutil.Process(self.pid).create_time()

    def exit_cause(self) -> str | None:
        """None while it lives, else how it ended."""
        code = self._popen.poll()
        if code is None:
            return None
        return f"killed by signal {-code}" if code < 0 else f"exited with code {code}"

    def wait_ready(self, interrupted: threading.Event | None = None) -> None:
        """Return once it is healthy and settled, or interrupted; DidNotStart if it ends or takes too long."""
        deadline = time.monotonic() + self.process.start_seconds
        if self.process.once:
            self._wait_done(deadline, interrupted)
            return
        cause = "no answer"
        while time.monotonic() < deadline and not (interrupted and interrupted.is_set()):
            if ended := self.exit_cause():
                raise self._did_not_start(ended)
            try:
                self.process.probe(self.pid)
                self.process.settle()
                return
            except Exception as error:  # whatever a probe's client raises means "not yet"
                cause = first_line(error)
            time.sleep(0.05)
        if not (interrupted and interrupted.is_set()):
            raise self._did_not_start(f"not healthy within {self.process.start_seconds:g} s ({cause})")

    def stop(self) -> None:
        """Ask it to stop, kill it if it does not in time, and kill whatever it left behind."""
        if self.exit_cause() is None:
            self._popen.send_signal(self.process.stop_signal)
            try:
                self._popen.wait(self.process.stop_seconds)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
        leftovers.end(leftovers.find(self.directory, self.process.name))

    def _wait_done(self, deadline: float, interrupted: threading.Event | None) -> None:
        while (code := self._popen.poll()) is None and time.monotonic() < deadline:
            if interrupted and interrupted.wait(0.05):
                return
            time.sleep(0.05)
        if code != 0:
            raise self._did_not_start(self.exit_cause() or f"not done within {self.process.start_seconds:g} s")

    def _did_not_start(self, cause: str) -> DidNotStart:
        last = tail(self.log, 1, self._log_start)
        return DidNotStart(self.process.name, cause, last[0].strip() if last else "", self.log)


@contextmanager
def running(process: Process, directory: Path) -> Iterator[Child]:
    """One process without a supervisor, for tests: ready inside the block, gone after it."""
    child = Child(process, directory)
    try:
        child.wait_ready()
        yield child
    finally:
        child.stop()
