"""`python -m common.worker.health`: whether the worker that writes WORKER_HEARTBEAT_FILE lives.

Exit code 0 if it lives, though the queue may be away; with --ready only if it listens to the queue. Else one line, and
exit code 1. Reads one file and imports nothing, so that it costs little however often it is asked.
"""

import math
import os
import sys
import time
from pathlib import Path

VARIABLE = "WORKER_HEARTBEAT_FILE"
BEAT_SECONDS = 1.0
STALE_SECONDS = 30.0
"""A worker that has not written for this long is dead, stuck or deaf."""

LISTENING, WAITING = "listening", "waiting for the queue"


def main() -> None:
    """Print the worker's state; exit with 1 and one line if it is not well."""
    if not (file := os.environ.get(VARIABLE)):
        sys.exit(f"worker: set {VARIABLE} to the file that the worker writes")
    state, age = read(Path(file))
    if age > STALE_SECONDS:
        sys.exit(f"worker: dead, stuck or deaf: {file} is " + ("missing" if age == math.inf else f"{age:.0f} s old"))
    if "--ready" in sys.argv[1:] and state != LISTENING:
        sys.exit(f"worker: {state}")
    print(f"worker: {state}")


def read(file: Path) -> tuple[str, float]:
    """What a worker wrote last, and how many seconds ago: infinitely many if there is no file."""
    try:
        return file.read_text(), time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return "", math.inf


if __name__ == "__main__":
    main()
