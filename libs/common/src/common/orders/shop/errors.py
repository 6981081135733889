"""What is wrong with a shop file, all of it at once."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from common.errors import InvalidInput


class InvalidShop(InvalidInput):
    title = "Invalid shop file"

    def __init__(self, path: Path | str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{path} cannot be used:" + "".join(f"\n  - {problem}" for problem in problems))


def nearest(name: str, known: Iterable[str]) -> str:
    """`, did you mean …?` with the known name that looks most like it, or nothing."""
    found = get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f", did you mean {found[0]}?" if found else ""
