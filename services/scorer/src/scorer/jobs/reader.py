"""How a kind of file is planned and scored: what a reader of it must offer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from common.batch.formats import InputObject
from common.errors import UnreadableInput
from common.model.predictor import Predictor
from scorer.jobs.progress import Progress
from scorer.jobs.source import Source

Head = TypeVar("Head")


class Unbounded(Exception):
    """Nobody can say beforehand how much memory the rows of a chunk take."""


@dataclass(frozen=True)
class Share:
    """What one chunk reads, and its share of the input's bytes."""

    source: Source
    bytes: int


class Reader(ABC, Generic[Head]):
    """Plans and scores files that are read in one way (see common.batch.formats.format.Reading)."""

    @abstractmethod
    def head(self, given: InputObject) -> Head:
        """What the cuts of an object depend on; MissingColumns, UnreadableInput."""

    @abstractmethod
    def shares(self, given: InputObject, head: Head, scan: bool, rows_needed: bool) -> list[list[Share]]:
        """The chunks of each of the outputs that an object gives.

        scan: read the object whole to find the cuts. rows_needed: UnreadableInput if it has no row.
        """

    @abstractmethod
    def score(self, source: Source, predictor: Predictor, progress: Progress) -> None:
        """Score what a chunk reads into the output that `progress` writes; Unbounded, and nothing is done."""


AnyReader = Reader[Any]


def no_rows(where: str) -> UnreadableInput:
    """The error of a file without a record."""
    return UnreadableInput(where, "has no rows: there is nothing to score")
