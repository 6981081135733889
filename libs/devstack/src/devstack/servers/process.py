"""What the supervisor needs to know about a server or service."""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devstack.servers.ports import Port


def nothing() -> None:
    """A step that a process does not need."""


def alive(_pid: int) -> None:
    """The probe of a process that cannot be asked: it is healthy while it lives."""


@dataclass(frozen=True)
class Process:
    """A process to start, watch and stop.

    `probe` gets the process's id and raises, with the reason, while it is not healthy. `prepare` runs before each
    start, `settle` after the first healthy answer; only then do the processes start that need this one. A process with
    `once` does its work and ends: exit code 0 is its health. `user` and `cwd` are the supervisor's unless given.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    probe: Callable[[int], None] = alive
    needs: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    address: str = ""
    prepare: Callable[[], None] = nothing
    settle: Callable[[], None] = nothing
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    start_seconds: float = 60.0
    probe_seconds: float = 5.0
    probe_failures: int = 3
    once: bool = False
    user: int | None = None
    cwd: Path | None = None
