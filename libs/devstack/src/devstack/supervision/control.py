"""Bringing a stack up and down from outside its supervisor."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from devstack import leftovers
from devstack.errors import StackError
from devstack.stack import Stack
from devstack.supervision import state
from devstack.supervision.logfiles import open_log, tail
from devstack.supervision.state import ALREADY_RUNNING, HEALTHY, StackState

UP_SECONDS = 240.0
DOWN_SECONDS = 90.0
LOOK_SECONDS = 0.1


def bring_up(stack: Stack, names: Sequence[str], say: Callable[[str], None]) -> StackState:
    """Start a supervisor and return once all is healthy. StackError if something is not; then nothing is left running.

    `say` gets a line for each process that becomes ready.
    """
    for folder in (stack.directory, stack.logs):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open_log(stack.logs, "supervisor") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "devstack.supervision.supervisor", *names],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return _wait_until_up(stack, supervisor, say)
    except BaseException:
        _abandon(stack, supervisor)
        raise


def take_down(stack: Stack) -> int:
    """Stop everything in order, kill what does not stop, keep the data; returns how many processes ran."""
    running = len(leftovers.find(stack.directory))
    found = state.read(stack.state_file)
    if found and (supervisor := leftovers.same(found.pid, found.created)):
        supervisor.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + DOWN_SECONDS
        while leftovers.same(found.pid, found.created) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        leftovers.end([supervisor])
    leftovers.end(leftovers.find(stack.directory))
    stack.discard_temp()
    return running


def _wait_until_up(stack: Stack, supervisor: "subprocess.Popen[bytes]", say: Callable[[str], None]) -> StackState:
    begin, announced = time.monotonic(), set[str]()
    while (seconds := time.monotonic() - begin) < UP_SECONDS:
        code = supervisor.poll()
        now = state.read(stack.state_file)
        if now and (now.pid == supervisor.pid or now.alive):
            for process in now.processes:
                if process.condition in HEALTHY and process.name not in announced:
                    announced.add(process.name)
                    say(f"  {process.name:<11} ready after {seconds:4.1f} s")
            if now.phase == "up":
                return now
            if now.failure:
                raise StackError(now.failure)
        if code not in (None, ALREADY_RUNNING):
            last = tail(stack.logs / "supervisor.log", 1)
            raise StackError(f"the supervisor ended with exit code {code}: {' '.join(last)}")
        time.sleep(LOOK_SECONDS)
    raise StackError(f"the stack is not up after {UP_SECONDS:.0f} s: see `devstack logs`")


def _abandon(stack: Stack, supervisor: "subprocess.Popen[bytes]") -> None:
    """Undo a start; a stack that another `up` started meanwhile stays."""
    if supervisor.poll() == ALREADY_RUNNING:
        return
    supervisor.terminate()
    try:
        supervisor.wait(DOWN_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()
    leftovers.end(leftovers.find(stack.directory))
    stack.discard_temp()
