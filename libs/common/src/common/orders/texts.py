"""A column of texts as numbers: each distinct text once, so that what is looked up is looked up once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Kind = TypeVar("Kind", bound=np.generic)

MISSING = -1


@dataclass(frozen=True, slots=True)
class Texts:
    """n texts. values: the distinct ones. index: int32 (n,), which of them each row has, MISSING for none."""

    values: tuple[str, ...]
    index: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.index)

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> "Texts":
        """From n texts, None where there is none."""
        numbers: dict[str | None, int] = {None: MISSING}
        index = np.array([numbers.setdefault(text, len(numbers) - 1) for text in texts], dtype=np.int32)
        return cls(tuple(text for text in numbers if text is not None), index)

    def where(self, chosen: NDArray[np.bool_]) -> "Texts":
        """The chosen rows."""
        return Texts(self.values, self.index[chosen])

    def of_its_own(self) -> "Texts":
        """The same without values that no row has any more, in the order of the rows."""
        used, first = np.unique(self.index[self.index >= 0], return_index=True)
        used = used[np.argsort(first)]
        number = np.full(len(self.values) + 1, MISSING, dtype=np.int32)
        number[used] = np.arange(len(used))
        return Texts(tuple(self.values[value] for value in used.tolist()), number[self.index])

    def gather(self, of_values: NDArray[Kind], missing: object) -> NDArray[Kind]:
        """What each distinct value was turned into, row by row; `missing` where there is no text."""
        return np.append(of_values, np.array([missing], dtype=of_values.dtype))[self.index]

    def tolist(self) -> list[str | None]:
        """The n texts."""
        return [self.values[number] if number >= 0 else None for number in self.index.tolist()]
