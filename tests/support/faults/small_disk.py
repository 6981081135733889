"""A disk that is soon full: a file system in memory of a few megabytes. Only root may mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 2**20


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[None]:
    """Mount it on a folder; the test is skipped, loudly, where that is not allowed."""
    options = f"size={mebibytes}m,mode=777"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("NO DISK CAN BE MOUNTED HERE, SO NO FULL ONE WAS TRIED: run as root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """No byte is free on the folder's disk meanwhile."""
    filling = folder / "filling"
    with filling.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            os.fsync(file.fileno())
    try:
        yield
    finally:
        filling.unlink()
