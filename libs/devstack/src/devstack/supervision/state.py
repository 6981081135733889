"""What the supervisor reports: one small file, replaced atomically whenever something changes."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from devstack import leftovers
from devstack.credentials import write_private
from devstack.settings import StackSettings
from devstack.stack import Stack

Condition: TypeAlias = Literal["waiting", "starting", "running", "restarting", "dead", "done", "stopped"]
Phase: TypeAlias = Literal["starting", "up", "stopping", "down", "failed"]
ALREADY_RUNNING = 3
"""Exit code of a supervisor when another one holds the stack."""

HEALTHY: frozenset[Condition] = frozenset({"running", "done"})


@dataclass(frozen=True)
class ProcessState:
    """One process: `created` and `ready_at` are seconds since 1970, `detail` says why it was last restarted."""

    name: str
    condition: Condition
    address: str = ""
    pid: int | None = None
    created: float | None = None
    ready_at: float | None = None
    restarts: int = 0
    detail: str = ""


@dataclass(frozen=True)
class StackState:
    """The whole stack, and the supervisor's own id and start time; `failure` is one line when it did not come up.

    `partial` if only some processes were asked for.
    """

    phase: Phase
    pid: int
    created: float
    processes: tuple[ProcessState, ...] = ()
    failure: str | None = None
    partial: bool = False

    @property
    def alive(self) -> bool:
        """Whether the supervisor that wrote this still lives."""
        return leftovers.same(self.pid, self.created) is not None

    def write(self, path: Path) -> None:
        write_private(path, json.dumps(asdict(self), indent=1))


def read(path: Path) -> StackState | None:
    """What the supervisor wrote last; None if it never did."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    content["processes"] = tuple(ProcessState(**process) for process in content["processes"])
    return StackState(**content)


def is_up() -> bool:
    """Whether a living supervisor keeps the stack in STACK_DIR up, or is about to."""
    found = read(Stack(StackSettings()).state_file)
    return found is not None and found.alive and found.phase in ("starting", "up")


def observe(path: Path) -> StackState | None:
    """The state as written, with `dead` for each process that has gone since; None if the stack is down."""
    found = read(path)
    if found is None or found.phase in ("down", "failed"):
        return None
    return replace(found, processes=tuple(map(_observed, found.processes)))


def _observed(process: ProcessState) -> ProcessState:
    if process.pid is None or process.created is None or leftovers.same(process.pid, process.created):
        return process
    return replace(process, condition="dead", ready_at=None)
