"""The records of a text as Arrow values that share its memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scorer.csv.records import Records


@dataclass(frozen=True)
class Bodies:
    """n records, blank ones left out.

    To need no copy, a value holds the line break *before* its record: the values lie side by side in the text, and so
    do the results when more fields are appended to each. Only the text's first record has none before it.

    values: binaries. numbers: int64 (n,), which record of the text each is.
    """

    values: pa.Array
    numbers: NDArray[np.int64]

    @classmethod
    def of(cls, text: bytes, found: Records) -> "Bodies":
        """The records of a text that ends in a line break."""
        view = np.frombuffer(text, dtype=np.uint8)
        ends = found.ends
        stops = ends - ((ends > 0) & (view[np.maximum(ends - 1, 0)] == ord("\r")))
        starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
        offsets = np.concatenate([[0], stops])
        values = pa.Array.from_buffers(
            pa.large_binary(), len(ends), [None, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(text)]
        )
        kept = np.flatnonzero(stops > starts)
        return cls(values if len(kept) == len(ends) else values.take(pa.array(kept)), kept)

    def __len__(self) -> int:
        return len(self.numbers)

    def records(self) -> Iterator[bytes]:
        """Each record without the line break before it."""
        for number, body in zip(self.numbers.tolist(), self.values.to_pylist(), strict=True):
            yield body[break_before(number, body) :]

    def with_records(self, records: Mapping[int, bytes]) -> pa.Array:
        """The values, some of them with other records, by their places."""
        if not records:
            return self.values
        mask = np.zeros(len(self), dtype=np.bool_)
        mask[list(records)] = True
        texts = []
        for place, record in records.items():
            body = self.values[place].as_py()
            texts.append(body[: break_before(int(self.numbers[place]), body)] + record)
        return pc.replace_with_mask(self.values, pa.array(mask), pa.array(texts, pa.large_binary()))


def break_before(number: int, body: bytes) -> int:
    """How long the line break is that a value begins with."""
    if number == 0:
        return 0
    return 2 if body.startswith(b"\r\n") else 1
