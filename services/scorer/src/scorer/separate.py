"""Chunks that may take more memory than there is are scored by a process of their own, whose memory is limited.

The process says how it ended by one pickled pair on its standard output, and ends when its standard input does: with
the worker that started it.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock
from typing import Any

from common.errors import DeliveryTimeError, InvalidInput, Unavailable, UploadGone
from scorer.csv.scoring import CutInsideRecord
from scorer.jobs.attempts import ClaimLost, HandedBack
from scorer.jobs.claims import ClaimedChunk

LOOK_SECONDS = 0.2
MEMORY_BYTES = 400 * 2**20
"""Of such a process, its libraries included: beside the worker itself, within 600 MB."""

OUT_OF_MEMORY = "memory"
ENDINGS: dict[str, type[Exception]] = {
    "cut": CutInsideRecord,
    "lost": ClaimLost,
    "handed back": HandedBack,
    "gone": UploadGone,
    "unavailable": Unavailable,
    "refused": InvalidInput,
}
"""How scoring may end besides well; the first that fits. Any other error is tried again as one."""


class TooMuchMemory(InvalidInput):
    """The rows take more memory than a process for them alone has."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} needs more than {MEMORY_BYTES:,} bytes of memory at once: write smaller row groups, or rows with "
            "shorter lists and texts"
        )


@dataclass(frozen=True)
class Separate:
    """Starts such processes, one at a time. facts: what they make their collaborators of, see scorer.chunk_process."""

    facts: tuple[Any, ...]
    stopping: Event
    one_at_a_time: Lock

    def score(self, chunk: ClaimedChunk) -> None:
        """Score a chunk; raises what scoring raises, TooMuchMemory, and HandedBack when the worker is asked to end."""
        with self.one_at_a_time:
            kind, message = self._ended(chunk)
        if kind == "done":
            return
        if kind == OUT_OF_MEMORY:
            raise TooMuchMemory(str(chunk.source.object.address))
        error = ENDINGS.get(kind, RuntimeError).__new__(ENDINGS.get(kind, RuntimeError))
        error.args = (message,)
        raise error

    def _ended(self, chunk: ClaimedChunk) -> tuple[str, str]:
        environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}
        process = subprocess.Popen(
            [sys.executable, "-m", "scorer.chunk_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        with process:
            assert process.stdin is not None  # noqa: S101 (it is a pipe)
            with suppress(BrokenPipeError):
                process.stdin.write(pickle.dumps((self.facts, chunk)))
                process.stdin.flush()
            while True:
                try:
                    process.wait(LOOK_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    if self.stopping.is_set():
                        process.kill()
                        raise HandedBack from None
            assert process.stdout is not None  # noqa: S101 (it is a pipe)
            said = process.stdout.read()
        return pickle.loads(said) if said else (OUT_OF_MEMORY, "")  # noqa: S301 (our own process wrote it)


def ending_of(score: Callable[[], None]) -> tuple[str, str]:
    """How scoring ended, as the process says it."""
    try:
        score()
    except MemoryError:
        return OUT_OF_MEMORY, ""
    except Exception as error:
        for kind, ending in ENDINGS.items():
            if isinstance(error, ending):
                return kind, str(error)
        return ("refused" if isinstance(error, DeliveryTimeError) else "failed"), f"{type(error).__name__}: {error}"
    return "done", ""
