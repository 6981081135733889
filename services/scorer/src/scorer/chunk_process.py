"""Scores one chunk in a process of its own, for scorer.separate."""

import os
import pickle
import resource
import sys
from dataclasses import replace
from threading import Thread

from common import logs
from scorer import wiring
from scorer.separate import MEMORY_BYTES, ending_of


def main() -> None:
    """Read what to do from standard input, do it, and write how it ended to standard output."""
    logs.configure("scorer")
    (servers, settings, registry, batch), chunk = pickle.load(sys.stdin.buffer)  # noqa: S301 (our worker wrote it)
    Thread(target=_end_with_worker, daemon=True).start()
    scorer = wiring.scorer(wiring.client(*servers), settings, registry, batch, limited=True)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    ended = ending_of(lambda: scorer.scoring.score(replace(chunk, attempts=1)))
    sys.stdout.buffer.write(pickle.dumps(ended))
    sys.stdout.buffer.flush()
    os._exit(0)


def _end_with_worker() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
