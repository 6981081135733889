"""The mark of orders that `trainer synthesize` made up."""

from pathlib import Path

SYNTHETIC_MARKER = "SYNTHETIC"
"""A file of this name says that the folder's orders are made up."""


def is_synthetic(folder: Path) -> bool:
    """Whether the folder's orders came from the generator."""
    return (folder / SYNTHETIC_MARKER).exists()
