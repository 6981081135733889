"""The servers that hold a stack's data, up for as long as they are needed."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.errors import HalfRestored, StackError
from devstack.servers import postgres, seaweedfs, valkey
from devstack.stack import Stack
from devstack.supervision import control, state

SERVERS = (postgres.NAME, valkey.NAME, seaweedfs.NAME)


def mark_of_restore(stack: Stack) -> Path:
    """A file that is there while a restore into the stack is under way, or after it was cut off."""
    return stack.directory / "restoring.json"


def refuse_half_restored(stack: Stack) -> None:
    """HalfRestored if a restore into the stack was cut off."""
    if mark_of_restore(stack).exists():
        raise HalfRestored(stack.directory)


@contextmanager
def the_only_restore(stack: Stack) -> Iterator[None]:
    """Hold the stack's folder, made if need be, against another restore; StackError if one is under way."""
    stack.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (stack.directory / "restore.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(f"another restore into {stack.directory} is under way") from error
        yield


@contextmanager
def servers_up(stack: Stack, say: Callable[[str], None]) -> Iterator[None]:
    """The servers of a stack, as they run if it is up, else started for the block. StackError if it has only some."""
    found = state.observe(stack.state_file)
    if found is None or not found.alive:
        with only_servers_up(stack, say):
            yield
        return
    if missing := set(SERVERS) - {process.name for process in found.processes}:
        raise StackError(f"the stack is up, but without {', '.join(sorted(missing))}: run `devstack down` first")
    yield


@contextmanager
def only_servers_up(stack: Stack, say: Callable[[str], None]) -> Iterator[None]:
    """The servers of a stack that is down, and nothing else of it, for the block."""
    try:
        control.bring_up(stack, SERVERS, say)
        yield
    finally:
        control.take_down(stack)
