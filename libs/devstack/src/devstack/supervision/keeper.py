"""Keeps one process alive: starts it when what it needs is ready, restarts it when it dies or stops answering."""

import logging
import threading
import time
from pathlib import Path

from common.errors import DeliveryTimeError, first_line
from devstack.servers.process import Process
from devstack.supervision.backoff import Backoff
from devstack.supervision.child import Child
from devstack.supervision.state import Condition, ProcessState

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
DEPENDENTS_SECONDS = 60.0


class Keeper(threading.Thread):
    """One thread for one process. If the first start fails, the whole stack stops; later ones are retried for ever."""

    def __init__(self, process: Process, directory: Path, stop: threading.Event) -> None:
        super().__init__(name=process.name, daemon=True)
        self.process = process
        self.needs: list[Keeper] = []
        self.dependents: list[Keeper] = []
        self.ready = threading.Event()
        self.over = threading.Event()
        self.failure: str | None = None
        self._directory = directory
        self._stop_stack = stop
        self._child: Child | None = None
        self._backoff = Backoff()
        self._condition: Condition = "waiting"
        self._ready_at: float | None = None
        self._restarts = 0
        self._detail = ""

    def state(self) -> ProcessState:
        """What to show about the process now."""
        child = self._child if self._condition in ("starting", "running") else None
        return ProcessState(
            name=self.process.name,
            condition=self._condition,
            address=self.process.address,
            pid=child.pid if child else None,
            created=child.created if child else None,
            ready_at=self._ready_at if self._condition == "running" else None,
            restarts=self._restarts,
            detail=self._detail,
        )

    def run(self) -> None:
        try:
            if self._needs_are_ready():
                self._keep()
        except DeliveryTimeError as error:
            self._fail(str(error))
        except Exception as error:
            logger.exception("%s: the supervisor's own mistake", self.process.name)
            self._fail(f"{self.process.name}: {first_line(error)}")
        finally:
            self._end()

    def _needs_are_ready(self) -> bool:
        return all(self._wait_for(need) for need in self.needs)

    def _wait_for(self, need: "Keeper") -> bool:
        while not need.ready.wait(0.05):
            if self._stop_stack.is_set():
                return False
        return True

    def _keep(self) -> None:
        self._start()
        if self.process.once:
            self._stop_stack.wait()
        while (cause := self._watch()) is not None:
            self._restart(cause)

    def _start(self) -> None:
        self._condition = "starting" if not self._restarts else "restarting"
        self._child = Child(self.process, self._directory)
        self._child.wait_ready(self._stop_stack)
        if self._stop_stack.is_set():
            return
        self._backoff.ready()
        self._ready_at = time.time()
        self._condition = "done" if self.process.once else "running"
        self.ready.set()

    def _watch(self) -> str | None:
        """Return why the process must be restarted, or None when the stack stops."""
        failures, next_probe = 0, time.monotonic() + self.process.probe_seconds
        while self._child and not self._stop_stack.wait(LOOK_SECONDS):
            if ended := self._child.exit_cause():
                return ended
            if time.monotonic() < next_probe:
                continue
            try:
                self.process.probe(self._child.pid)
                failures = 0
            except Exception as error:  # whatever a probe's client raises means "not healthy"
                failures += 1
                logger.warning("%s: probe %d failed: %s", self.process.name, failures, first_line(error))
                if failures >= self.process.probe_failures:
                    return f"no healthy answer {failures} times: {first_line(error)}"
            next_probe = time.monotonic() + self.process.probe_seconds
        return None

    def _restart(self, cause: str) -> None:
        while not self._stop_stack.is_set():
            self._condition, self._detail = "restarting", cause
            self._restarts += 1
            logger.warning("%s is restarted: %s", self.process.name, cause)
            if self._child:
                self._child.stop()
            if self._stop_stack.wait(self._backoff.next_seconds()):
                return
            try:
                self._start()
                return
            except Exception as error:  # a full disk, say, may pass: the next start may succeed
                cause = first_line(error)

    def _fail(self, line: str) -> None:
        self.failure = line
        self._stop_stack.set()

    def _end(self) -> None:
        for dependent in self.dependents:
            dependent.over.wait(DEPENDENTS_SECONDS)
        if self._child:
            self._child.stop()
        self._condition = "stopped"
        self.over.set()
