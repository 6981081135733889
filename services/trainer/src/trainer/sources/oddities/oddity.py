"""One thing that is odd."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Oddity:
    """code: a fixed word. count: rows concerned. text: a sentence with its numbers. barred: column that is no input."""

    code: str
    count: int
    text: str
    barred: str | None = None


def share(count: int, total: int) -> str:
    """A count with its share, as text."""
    return f"{count:,} of {total:,} ({count / total:.{0 if count >= total / 100 else 2}%})" if total else "none"
