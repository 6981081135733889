"""Each benchmark in a process of its own: what the children of another one used is none of its memory."""

import importlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def measured(name: str) -> dict[str, float]:
    """The figures of one benchmark of this folder."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_measure, name).result()


def _measure(name: str) -> dict[str, float]:
    figures: dict[str, float] = importlib.import_module(f"{__package__}.{name}").measure()
    return figures
