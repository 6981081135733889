"""What a format is, and an input object of it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from common.servers.objects import ObjectAddress, ObjectStore

Reading = Literal["spans", "stream", "row groups"]
"""How the scorer goes through a file: spans of bytes side by side, one pass from its start, or groups of rows."""


@dataclass(frozen=True)
class Format(ABC):
    """A kind of file. ending: of its keys. result: the ending of its results. reading: see there.

    magic: first bytes by which packed text is known whatever its ending.
    """

    name: str
    ending: str
    result: str
    reading: Reading
    magic: tuple[bytes, ...] = ()

    def result_name(self, name: str) -> str:
        """What the result of a file of this name is called."""
        return name[: -len(self.ending)] + self.result

    @abstractmethod
    def check(self, store: ObjectStore, found: "InputObject") -> list[str]:
        """Check the head of an object without reading the rest; what its submitter should know.

        MissingColumns, UnreadableInput.
        """


@dataclass(frozen=True)
class InputObject:
    """One object of an input: its address, ETag as the store gives it, size in bytes, and format.

    folder: what of the key below the input's prefix names columns, e.g. `day=1/` (see common.batch.prefixes).
    """

    address: ObjectAddress
    etag: str
    size: int
    format: Format
    folder: str = ""
