"""The log file of each process."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

ROTATE_BYTES = 5_000_000


def open_log(folder: Path, name: str) -> IO[bytes]:
    """The log of `name`, for appending; a large one becomes NAME.log.1 first."""
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > ROTATE_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def tail(path: Path, count: int, start: int = 0) -> list[str]:
    """The last `count` lines that are not blank, from byte `start` on."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(start, path.stat().st_size - 200_000))
        lines = file.read().decode(errors="replace").splitlines()
    return [line for line in lines if line.strip()][-count:]


def follow(logs: Mapping[str, Path]) -> None:
    """Write what is added to the logs, each line behind its process's name, until interrupted."""
    places = {name: path.stat().st_size if path.exists() else 0 for name, path in logs.items()}
    while True:
        for name, path in logs.items():
            places[name] = _write_added(name, path, places[name])
        time.sleep(0.3)


def _write_added(name: str, path: Path, place: int) -> int:
    if not path.exists():
        return 0
    with path.open("rb") as file:
        file.seek(place if path.stat().st_size >= place else 0)
        lines = file.readlines()
        if lines and not lines[-1].endswith(b"\n"):
            file.seek(-len(lines.pop()), 1)
        for line in lines:
            sys.stdout.write(f"{name:<10} | {line.decode(errors='replace')}")
        sys.stdout.flush()
        return file.tell()
