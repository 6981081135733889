"""Processes that belong to a stack, found by the marks that devstack put into their environment.

Postgres overwrites its sessions' environment with their titles; those are known by the data folder they work in.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

DIRECTORY_MARK = "DEVSTACK_DIRECTORY"
PROCESS_MARK = "DEVSTACK_PROCESS"


def marks(directory: Path, name: str) -> dict[str, str]:
    """Variables that every process started for a stack carries, and its children inherit."""
    return {DIRECTORY_MARK: str(directory), PROCESS_MARK: name}


def find(directory: Path, name: str | None = None) -> list[psutil.Process]:
    """The living processes of the stack in `directory`, or of its process `name` only; never the caller itself."""
    return [process for process in _others() if _belongs(process, directory, name)]


def end(processes: list[psutil.Process]) -> None:
    """Kill them at once and wait until they are gone."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=10)


def same(pid: int, created: float) -> psutil.Process | None:
    """The process with this id and start time, if it still lives; an id taken over by another program is not it."""
    try:
        process = psutil.Process(pid)
        alive = abs(process.create_time() - created) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if alive else None


def _others() -> Iterator[psutil.Process]:
    return (process for process in psutil.process_iter() if process.pid != os.getpid())


def _belongs(process: psutil.Process, directory: Path, name: str | None) -> bool:
    try:
        if process.name() == "postgres" and name in (None, "postgres"):
            return Path(process.cwd()) == directory / "postgres"
        env = process.environ()
        return env.get(DIRECTORY_MARK) == str(directory) and name in (None, env.get(PROCESS_MARK))
    except (psutil.AccessDenied, psutil.NoSuchProcess, OSError):
        return False
