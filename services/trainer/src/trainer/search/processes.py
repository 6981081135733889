"""Where trials run: in this process one at a time, which a Celery worker's child may do, or in others."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from trainer.search.trial import Task, TrialResult, try_params

Run = Callable[[list[dict[str, Any]]], Iterable[TrialResult]]


@contextmanager
def trial_processes(jobs: int, task: Task) -> Iterator[Run]:
    """What runs trials, `jobs` at a time, in the order given."""
    run = partial(try_params, task=task)
    if jobs == 1:
        yield partial(map, run)
        return
    with ProcessPoolExecutor(jobs, get_context("forkserver"), _end_with_parent) as pool:
        yield partial(pool.map, run)


def _end_with_parent() -> None:
    """In a process of its own: it must not outlive a search that was killed."""
    Thread(target=_wait_and_exit, args=[parent_process()], daemon=True).start()


def _wait_and_exit(parent: Any) -> None:
    parent.join()
    os._exit(1)
