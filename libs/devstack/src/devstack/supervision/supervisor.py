"""The process that keeps a stack up: `python -m devstack.supervision.supervisor [NAME...]`, from `devstack up`."""

import fcntl
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

import psutil

from common.errors import DeliveryTimeError
from devstack import leftovers, services
from devstack.errors import StackError
from devstack.servers import mlflow_server, postgres, seaweedfs, valkey
from devstack.servers.ports import require_free
from devstack.servers.process import Process
from devstack.settings import StackSettings
from devstack.stack import Stack
from devstack.supervision.keeper import LOOK_SECONDS, Keeper
from devstack.supervision.state import ALREADY_RUNNING, StackState


def main() -> None:
    """Supervise until SIGTERM; exit with ALREADY_RUNNING if another supervisor holds the stack."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    stack = Stack(StackSettings())
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with _sole_supervisor(stack):
        sys.exit(supervise(stack, sys.argv[1:], stop))


def supervise(stack: Stack, names: Sequence[str], stop: threading.Event) -> int:
    """Start the processes `names` (all, if empty) and keep them up until `stop`; 1 if one of them did not start."""
    me = psutil.Process()
    now = StackState("starting", me.pid, me.create_time(), partial=bool(names))
    now.write(stack.state_file)
    try:
        keepers = _keepers(stack, names, stop)
    except DeliveryTimeError as error:
        replace(now, phase="failed", failure=str(error)).write(stack.state_file)
        return 1
    for keeper in keepers:
        keeper.start()
    while not all(keeper.over.is_set() for keeper in keepers):
        now = _update(stack, now, keepers, stop)
        time.sleep(LOOK_SECONDS)
    failure = next((keeper.failure for keeper in keepers if keeper.failure), None)
    processes = tuple(keeper.state() for keeper in keepers)
    replace(now, phase="failed" if failure else "down", failure=failure, processes=processes).write(stack.state_file)
    return 1 if failure else 0


def all_processes(stack: Stack) -> list[Process]:
    """Servers and services of a whole stack."""
    servers = [module.process(stack) for module in (postgres, valkey, seaweedfs, mlflow_server)]
    return [*servers, *services.processes(stack)]


def with_needs(processes: Sequence[Process], names: Sequence[str]) -> list[Process]:
    """The processes called `names` and all that they need, in the given order; StackError for an unknown name."""
    by_name = {process.name: process for process in processes}
    wanted: set[str] = set()
    open_names = list(names) or list(by_name)
    while open_names:
        name = open_names.pop()
        if name not in by_name:
            raise StackError(f"there is no process {name!r}: choose from {', '.join(by_name)}")
        if name not in wanted:
            wanted.add(name)
            open_names.extend(by_name[name].needs)
    return [process for process in processes if process.name in wanted]


def _keepers(stack: Stack, names: Sequence[str], stop: threading.Event) -> list[Keeper]:
    leftovers.end(leftovers.find(stack.directory))
    seaweedfs.forget_taken_ports(stack)
    stack.create()
    processes = with_needs(all_processes(stack), names)
    require_free(port for process in processes for port in process.ports)
    keepers = {process.name: Keeper(process, stack.directory, stop) for process in processes}
    for keeper in keepers.values():
        keeper.needs = [keepers[name] for name in keeper.process.needs]
        for need in keeper.needs:
            need.dependents.append(keeper)
    return list(keepers.values())


def _update(stack: Stack, before: StackState, keepers: Sequence[Keeper], stop: threading.Event) -> StackState:
    now = replace(before, processes=tuple(keeper.state() for keeper in keepers))
    if stop.is_set():
        now = replace(now, phase="stopping")
    elif all(keeper.ready.is_set() for keeper in keepers):
        now = replace(now, phase="up")
    if now != before:
        now.write(stack.state_file)
    return now


@contextmanager
def _sole_supervisor(stack: Stack) -> Iterator[None]:
    """Hold the stack's lock, which the kernel frees however this process ends; exit if another one holds it."""
    with stack.lock_file.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(ALREADY_RUNNING)
        yield


if __name__ == "__main__":
    main()
